/**
 * @file DeLong's test of two AUROCs on the same cases (DeLong, DeLong and Clarke-Pearson, Biometrics 1988), by placement
 * values in O(n log n). It takes cases as independent; for several images of one patient use `paired.ts`.
 */

import { requireFraction, requireSameLength, requireTwoClasses, unsupported } from "./checks.ts";
import { normalProbability, normalQuantile } from "./normal.ts";
import { countAtMost, countBelow } from "./search.ts";
import { mean } from "./summary.ts";
import { type SortedClasses, sortByClass } from "./sweep.ts";

/** Placements are multiples of 1 / 2n, so what is smaller than this is rounding and means 0. */
const ROUNDING = 1e-12;

export interface DelongTest {
  first: number;
  second: number;
  /** first - second. */
  difference: number;
  standardError: number;
  /** Normal interval of the difference at `level`, clipped to [-1, 1]. */
  low: number;
  high: number;
  level: number;
  /** Both are null when the standard error is 0 and the difference is not: the test cannot judge it. */
  z: number | null;
  /** Two-sided. */
  pValue: number | null;
}

/**
 * Compares two methods' scores of the same cases by AUROC. Refuses NaN, one class only, and fewer than two cases of
 * either class, with STATISTIC_UNSUPPORTED.
 */
export function delongTest(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
  level = 0.95,
): DelongTest {
  requireFraction("confidence level", level);
  requireSameLength("second scores", second.length, first.length);
  const counts = requireTwoClasses(first, labels);
  requireTwoClasses(second, labels);
  if (counts.abnormal < 2 || counts.normal < 2) {
    throw unsupported(
      `There are ${counts.normal} normal and ${counts.abnormal} abnormal cases.`,
      "DeLong's test needs at least two of each.",
    );
  }
  const one = placements(first, labels, sortByClass(first, labels, counts));
  const two = placements(second, labels, sortByClass(second, labels, counts));
  const auroc = { first: mean(one.abnormal), second: mean(two.abnormal) };
  const difference = auroc.first - auroc.second;
  const variance =
    differenceVariance(one.abnormal, two.abnormal) / counts.abnormal +
    differenceVariance(one.normal, two.normal) / counts.normal;
  const standardError = Math.sqrt(variance);
  const z = standardError > ROUNDING ? difference / standardError : Math.abs(difference) < ROUNDING ? 0 : null;
  const reach = normalQuantile(1 - (1 - level) / 2) * standardError;
  return {
    ...auroc,
    difference,
    standardError,
    low: Math.max(-1, difference - reach),
    high: Math.min(1, difference + reach),
    level,
    z,
    pValue: z === null ? null : 2 * normalProbability(-Math.abs(z)),
  };
}

/** For each case, the fraction of the other class that it ranks rightly against; ties count a half. */
function placements(scores: ArrayLike<number>, labels: ArrayLike<number>, classes: SortedClasses) {
  const abnormal: number[] = [];
  const normal: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    const others = labels[i] === 1 ? classes.normal : classes.abnormal;
    const below = (countBelow(others, scores[i]) + countAtMost(others, scores[i])) / (2 * others.length);
    if (labels[i] === 1) abnormal.push(below);
    else normal.push(1 - below);
  }
  return { abnormal, normal };
}

/** Sample variance of a - b. */
function differenceVariance(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, i) => value - b[i]);
  const centre = mean(differences);
  return differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (differences.length - 1);
}
