/**
 * @file What the tests of this package share: random cases with many ties, normal deviates, a way to name a refusal.
 */

import { HaleError } from "@hale/core";
import fc from "fast-check";
import { normalQuantile } from "./normal.ts";
import type { Random } from "./random.ts";

/** Cases of both classes whose scores take few values, so that ties abound. */
export const tiedCases = fc
  .array(fc.record({ score: fc.integer({ min: -4, max: 4 }), label: fc.integer({ min: 0, max: 1 }) }), {
    minLength: 2,
    maxLength: 40,
  })
  .filter((cases) => new Set(cases.map(({ label }) => label)).size === 2)
  .map((cases) => ({ scores: cases.map(({ score }) => score / 2), labels: cases.map(({ label }) => label) }));

/** A standard normal deviate by inversion. */
export function deviate(random: Random): number {
  return normalQuantile(Math.min(1 - 2 ** -33, Math.max(2 ** -33, random())));
}

/** The code of the HaleError that `work` throws; undefined when it throws none. */
export function refusal(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof HaleError) return error.code;
    throw error;
  }
}
