/** @file Holm's correction against its published rule and R's p.adjust. */
import { expect, test } from "vitest";
import { holm } from "./holm.ts";

test("is R's p.adjust(p, 'holm'), in the order given", () => {
  // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
  const corrected = holm([0.01, 0.04, 0.03, 0.005]);
  for (const [i, expected] of [0.03, 0.06, 0.06, 0.02].entries()) expect(corrected[i]).toBeCloseTo(expected, 12);
  expect(holm([0.6, 0.9])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
  expect(holm([0.03])).toEqual([0.03]);
});

test("finds nothing falsely more often than its level, where nothing is there", () => {
  // Ten independent uniform p-values: the smallest is below 0.05/10 in 4.9 % of the cases.
  let state = 7;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  let found = 0;
  for (let i = 0; i < 4000; i++) if (Math.min(...holm(Array.from({ length: 10 }, uniform))) < 0.05) found++;
  expect(found / 4000).toBeGreaterThan(0.03);
  expect(found / 4000).toBeLessThan(0.065);
});

test("refuses what is no p-value", () => {
  expect(() => holm([0.1, 1.2])).toThrow(/p-value/);
  expect(() => holm([Number.NaN])).toThrow(/p-value/);
});
