/**
 * @file How well scores rank abnormal above normal: AUROC, average precision and their curves. Definitions are those of
 * scikit-learn's `roc_auc_score` and `average_precision_score`. Intervals are in `bootstrap.ts`.
 *
 * Everywhere: a higher score is more abnormal; labels are 0 (normal) or 1 (abnormal). NaN scores, other labels, unequal
 * lengths or one class only are refused with STATISTIC_UNSUPPORTED.
 */

import { requireTwoClasses } from "./checks.ts";
import { areaUnderRoc, highestScore, type SortedClasses, sortByClass, steppedPrecision, sweep } from "./sweep.ts";

/** A point of the ROC curve: a case is positive when its score is greater than `threshold`. */
export interface RocPoint {
  threshold: number;
  falsePositiveRate: number;
  truePositiveRate: number;
}

/** A point of the precision-recall curve: a case is positive when its score is greater than `threshold`. */
export interface PrPoint {
  threshold: number;
  recall: number;
  precision: number;
}

/** Area under the ROC curve, in [0, 1]; ties count a half. random scores have 0.5. */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  return areaUnderRoc(sorted(scores, labels));
}

/** Average precision, in (0, 1]; tied scores are one step. random scores have the fraction of abnormal cases. */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  return steppedPrecision(sorted(scores, labels));
}

/**
 * The ROC curve from (0, 0) to (1, 1), one point per distinct score. Thresholds fall from the highest score, above
 * which nothing is called, to -Infinity. They suit `score > threshold`; scikit-learn's suit `score >= threshold`.
 */
export function rocCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): RocPoint[] {
  const classes = sorted(scores, labels);
  const points: RocPoint[] = [{ threshold: highestScore(classes), falsePositiveRate: 0, truePositiveRate: 0 }];
  sweep(classes, (threshold, truePositives, falsePositives) => {
    points.push({
      threshold,
      falsePositiveRate: falsePositives / classes.normal.length,
      truePositiveRate: truePositives / classes.abnormal.length,
    });
  });
  return points;
}

/** The precision-recall curve from recall 0 (precision 1 by convention) to recall 1; thresholds as in `rocCurve`. */
export function prCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): PrPoint[] {
  const classes = sorted(scores, labels);
  const points: PrPoint[] = [{ threshold: highestScore(classes), recall: 0, precision: 1 }];
  sweep(classes, (threshold, truePositives, falsePositives) => {
    points.push({
      threshold,
      recall: truePositives / classes.abnormal.length,
      precision: truePositives / (truePositives + falsePositives),
    });
  });
  return points;
}

function sorted(scores: ArrayLike<number>, labels: ArrayLike<number>): SortedClasses {
  return sortByClass(scores, labels, requireTwoClasses(scores, labels));
}
