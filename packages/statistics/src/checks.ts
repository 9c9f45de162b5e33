/**
 * @file What every statistic demands of its input, said once: lengths that agree, scores that can be ordered, labels
 * that are 0 or 1. Each fault is a `HaleError` with the code STATISTIC_UNSUPPORTED, never a silent NaN.
 */

import { HaleError } from "@hale/core";

/** How many cases carry each class. */
export interface ClassCounts {
  abnormal: number;
  normal: number;
}

/** A refusal to compute: what is wrong, then what to do. */
export function unsupported(fault: string, remedy: string): HaleError {
  return new HaleError("STATISTIC_UNSUPPORTED", fault, remedy);
}

/** Refuses two lists of different lengths. */
export function requireSameLength(what: string, length: number, expected: number): void {
  if (length === expected) return;
  throw unsupported(`There are ${length} ${what} for ${expected} scores.`, "Give one for each score.");
}

/** Refuses NaN, which has no rank. Infinities have one and pass. */
export function requireOrderable(scores: ArrayLike<number>): void {
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) {
      throw unsupported(`Score ${i} is not a number.`, "Leave the case out, or find out why its score is missing.");
    }
  }
}

/** Refuses a level outside the open interval (0, 1). */
export function requireFraction(what: string, value: number): void {
  if (value > 0 && value < 1) return;
  throw unsupported(`The ${what} is ${value}.`, "Give a number between 0 and 1, both excluded.");
}

/** Refuses labels other than 0 and 1, and counts them. Either class may be absent. */
export function countClasses(labels: ArrayLike<number>): ClassCounts {
  let abnormal = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) abnormal++;
    else if (labels[i] !== 0) {
      throw unsupported(`Label ${i} is ${labels[i]}.`, "Give 0 for normal and 1 for abnormal; leave unlabelled out.");
    }
  }
  return { abnormal, normal: labels.length - abnormal };
}

/** Refuses what cannot be ranked against each other: bad scores, bad labels, or one class only. Counts the classes. */
export function requireTwoClasses(scores: ArrayLike<number>, labels: ArrayLike<number>): ClassCounts {
  requireSameLength("labels", labels.length, scores.length);
  requireOrderable(scores);
  const counts = countClasses(labels);
  if (counts.abnormal === 0 || counts.normal === 0) {
    throw unsupported(
      `There are ${counts.normal} normal and ${counts.abnormal} abnormal cases.`,
      "A ranking needs at least one of each.",
    );
  }
  return counts;
}
