/** @file How far a runtime's answers are from the reference's. */
import type { Answer, Runtime, SmallDetector } from "./answer.ts";

export interface Comparison {
  runtime: Runtime["name"];
  method: string;
  /** Pictures looked at. */
  n: number;
  /** Of any score, over the larger of its size and the standard deviation of held-out normals' scores. */
  max_relative_difference: number;
  same_decisions: boolean;
  /** Of any pixel of a map, over the value of the brightest colour. */
  mapDifference: number;
}

/** Largest score difference that is rounding: sums in another order, and on a GPU other functions too. */
export const TOLERANCE: Readonly<Record<Runtime["name"], number>> = {
  "node-cpu": 0,
  python: 1e-5,
  "chromium-wasm": 1e-5,
  "chromium-webgpu": 1e-3,
};

/** One comparison a method, over all of its detectors. Answers are in the order of the detectors. */
export function compare(
  runtime: Runtime["name"],
  detectors: readonly SmallDetector[],
  answers: readonly (readonly Answer[])[],
  reference: readonly (readonly Answer[])[],
): Comparison[] {
  const found = new Map<string, Comparison>();
  for (const [i, { method, card }] of detectors.entries()) {
    const spread = standardDeviation(card.normalScores);
    const total = found.get(method) ?? {
      ...{ runtime, method, n: 0, max_relative_difference: 0, same_decisions: true, mapDifference: 0 },
    };
    found.set(method, total);
    if (answers[i].length !== reference[i].length) throw new Error(`${runtime} left pictures of ${method} out.`);
    for (const [j, expected] of reference[i].entries()) {
      const { score, decision, map } = answers[i][j];
      const scale = Math.max(Math.abs(expected.score), spread);
      const pixels = expected.map.map((value, at) => Math.abs(map[at] - value) / card.mapScale.top);
      total.n++;
      total.max_relative_difference = worse(total.max_relative_difference, Math.abs(score - expected.score) / scale);
      total.mapDifference = pixels.reduce(worse, total.mapDifference);
      total.same_decisions &&= decision !== null && decision === expected.decision;
    }
  }
  return [...found.values()];
}

/** The larger of two; NaN, which no tolerance admits, is larger than any number. */
const worse = (a: number, b: number) => (Number.isNaN(a) || a > b ? a : b);

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
