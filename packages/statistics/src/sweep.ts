/**
 * @file One pass over all thresholds, from "nothing is above" to "everything is". The two classes are sorted
 * on their own by the engine's native sort and then merged, so no permutation is kept and ten million pixels cost one
 * copy of their scores. Ties fall together in one step. All ranking and pixel metrics are sums over this sweep.
 */

/** Scores of each class in ascending order, free of NaN. */
export interface SortedClasses {
  abnormal: Float32Array | Float64Array;
  normal: Float32Array | Float64Array;
}

/** Called once per distinct score, highest first: the counts of cases whose score is greater than `threshold`. */
export type Visit = (threshold: number, truePositives: number, falsePositives: number) => void;

/** Parts scores by label (0 normal, anything else abnormal) and sorts each part. `counts` come from `checks.ts`. */
export function sortByClass(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  counts: { abnormal: number; normal: number },
): SortedClasses {
  const Kind = scores instanceof Float32Array ? Float32Array : Float64Array;
  const abnormal = new Kind(counts.abnormal);
  const normal = new Kind(counts.normal);
  let a = 0;
  let n = 0;
  for (let i = 0; i < scores.length; i++) {
    if (labels[i]) abnormal[a++] = scores[i];
    else normal[n++] = scores[i];
  }
  return { abnormal: abnormal.sort(), normal: normal.sort() };
}

/** The highest score, or -Infinity where there is none: the threshold above which nothing is called. */
export function highestScore({ abnormal, normal }: SortedClasses): number {
  return Math.max(abnormal.at(-1) ?? -Infinity, normal.at(-1) ?? -Infinity);
}

/** Lowers the threshold over every distinct score. The last visit has threshold -Infinity and counts everything. */
export function sweep({ abnormal, normal }: SortedClasses, visit: Visit): void {
  let a = abnormal.length - 1;
  let n = normal.length - 1;
  while (a >= 0 || n >= 0) {
    const score = Math.max(a >= 0 ? abnormal[a] : -Infinity, n >= 0 ? normal[n] : -Infinity);
    while (a >= 0 && abnormal[a] === score) a--;
    while (n >= 0 && normal[n] === score) n--;
    const next = Math.max(a >= 0 ? abnormal[a] : -Infinity, n >= 0 ? normal[n] : -Infinity);
    visit(next, abnormal.length - 1 - a, normal.length - 1 - n);
  }
}

/** Area under the ROC curve: the probability that an abnormal case outranks a normal one, ties counting a half. */
export function areaUnderRoc(classes: SortedClasses): number {
  let twiceWins = 0; // Integers: exact up to 2^53, that is, 10^7 abnormal against 4*10^8 normal pixels.
  let lastTrue = 0;
  let lastFalse = 0;
  sweep(classes, (_, truePositives, falsePositives) => {
    twiceWins += (falsePositives - lastFalse) * (truePositives + lastTrue);
    lastTrue = truePositives;
    lastFalse = falsePositives;
  });
  return twiceWins / (2 * classes.abnormal.length * classes.normal.length);
}

/** Average precision: the sum over thresholds of (recall gained) x (precision there). No interpolation. */
export function steppedPrecision(classes: SortedClasses): number {
  let sum = 0;
  let lastTrue = 0;
  sweep(classes, (_, truePositives, falsePositives) => {
    sum += ((truePositives - lastTrue) * truePositives) / (truePositives + falsePositives);
    lastTrue = truePositives;
  });
  return sum / classes.abnormal.length;
}
