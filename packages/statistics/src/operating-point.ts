/**
 * @file What a threshold does on labelled cases: the confusion counts, sensitivity and specificity with exact intervals.
 * How to choose the threshold is in `threshold.ts`.
 */

import { countClasses, requireOrderable, requireSameLength, unsupported } from "./checks.ts";
import { exactProportion, type Proportion } from "./proportion.ts";

/** Cases by truth and call. */
export interface ConfusionCounts {
  truePositive: number;
  falsePositive: number;
  trueNegative: number;
  falseNegative: number;
}

export interface OperatingPoint {
  threshold: number;
  level: number;
  counts: ConfusionCounts;
  /** Abnormal cases above the threshold; null without abnormal cases. */
  sensitivity: Proportion | null;
  /** Normal cases not above it; null without normal cases. */
  specificity: Proportion | null;
  /** Says when the intervals are too narrow because cases share a cluster; null when each stands alone. */
  caution: string | null;
}

/** Counts decisions: a case is positive when its score is greater than `threshold`. Labels are 0 or 1. */
export function confusionCounts(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): ConfusionCounts {
  requireSameLength("labels", labels.length, scores.length);
  requireOrderable(scores);
  if (Number.isNaN(threshold)) throw unsupported("The threshold is not a number.", "Calibrate one first.");
  const { abnormal, normal } = countClasses(labels);
  let truePositive = 0;
  let falsePositive = 0;
  for (let i = 0; i < scores.length; i++) {
    if (!(scores[i] > threshold)) continue;
    if (labels[i] === 1) truePositive++;
    else falsePositive++;
  }
  return { truePositive, falsePositive, trueNegative: normal - falsePositive, falseNegative: abnormal - truePositive };
}

/**
 * Sensitivity and specificity at a threshold, with Clopper-Pearson intervals at `level`. The intervals take cases as
 * independent; give `clusters` (the patient of each case) and `caution` says when they are not.
 */
export function operatingPoint(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
  { level = 0.95, clusters }: { level?: number; clusters?: readonly string[] } = {},
): OperatingPoint {
  if (clusters) requireSameLength("clusters", clusters.length, scores.length);
  const counts = confusionCounts(scores, labels, threshold);
  const abnormal = counts.truePositive + counts.falseNegative;
  const normal = counts.trueNegative + counts.falsePositive;
  return {
    threshold,
    level,
    counts,
    sensitivity: abnormal > 0 ? exactProportion(counts.truePositive, abnormal, level) : null,
    specificity: normal > 0 ? exactProportion(counts.trueNegative, normal, level) : null,
    caution: clusters ? sharedClusterCaution(clusters) : null,
  };
}

/** A sentence when several cases come from one cluster, otherwise null. */
export function sharedClusterCaution(clusters: readonly string[]): string | null {
  const distinct = new Set(clusters).size;
  if (distinct === clusters.length) return null;
  return `${clusters.length} cases come from ${distinct} clusters; the interval takes them as independent and is too narrow.`;
}
