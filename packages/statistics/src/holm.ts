/**
 * @file p-values of several comparisons, corrected so that the probability of one or more false findings among them keeps to
 * its level: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979) 65.
 */
import { requireFraction } from "./checks.ts";

/** Corrected p-values, in the order given: the k-th smallest of m times m - k + 1, at least the one before, at most 1. */
export function holm(pValues: readonly number[]): number[] {
  for (const p of pValues) if (p !== 0 && p !== 1) requireFraction("p-value", p);
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b]);
  const corrected = new Array<number>(pValues.length);
  let before = 0;
  order.forEach((at, rank) => {
    before = Math.max(before, Math.min(1, (pValues.length - rank) * pValues[at]));
    corrected[at] = before;
  });
  return corrected;
}
