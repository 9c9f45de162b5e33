/**
 * @file The difference of two methods on the same cases, with a percentile bootstrap interval over clusters: both
 * methods are scored on the same resample each time, so what is common to them cancels. For independent cases and AUROC,
 * `delong.ts` has the closed form.
 */

import { type Interval, percentileInterval } from "./bootstrap.ts";
import { requireFraction, requireSameLength, requireTwoClasses } from "./checks.ts";
import { type ClusterCounts, fewOfAClass, groupClusters, resampleClusters, tooFewClusters } from "./clusters.ts";
import { type RankingMetric, rankCases, weightedMetric } from "./weighted-ranking.ts";

export interface PairedDifference extends ClusterCounts {
  metric: RankingMetric;
  first: number;
  second: number;
  /** first - second, with its interval; bounds are null when `reason` says why. */
  difference: Interval;
  /** Two-sided bootstrap p-value for no difference, at least 2 / (resamples + 1); null without an interval. */
  pValue: number | null;
  level: number;
  resamples: number;
  redrawn: number;
  seed: number;
  /** Says when fewer than 10 clusters carry a class; null otherwise. */
  caution: string | null;
}

export interface PairedDifferenceOptions {
  /** Scores of the first method, one per case; higher is more abnormal. */
  first: ArrayLike<number>;
  /** Scores of the second method for the same cases in the same order. */
  second: ArrayLike<number>;
  /** 0 normal, 1 abnormal. */
  labels: ArrayLike<number>;
  /** The patient or study of each case. */
  clusters: readonly string[];
  metric: RankingMetric;
  resamples?: number;
  seed: number;
  level?: number;
}

/** The paired difference of a metric. Fewer than 10 clusters give the difference without interval, and the reason. */
export function pairedDifference({
  first,
  second,
  labels,
  clusters: names,
  metric,
  resamples = 2000,
  seed,
  level = 0.95,
}: PairedDifferenceOptions): PairedDifference {
  requireFraction("confidence level", level);
  requireSameLength("second scores", second.length, first.length);
  requireTwoClasses(first, labels);
  requireTwoClasses(second, labels);
  const clusters = groupClusters(names, labels);
  const { clusters: count, abnormalClusters, normalClusters } = clusters;
  const reason = tooFewClusters(clusters);

  const one = rankCases(first, labels);
  const two = rankCases(second, labels);
  const draws = new Float64Array(reason ? 0 : resamples);
  const redrawn = reason
    ? 0
    : resampleClusters(clusters, { resamples, seed }, (weights, resample) => {
        draws[resample] = weightedMetric(metric, one, weights) - weightedMetric(metric, two, weights);
        return !Number.isNaN(draws[resample]);
      });

  const once = new Uint8Array(labels.length).fill(1);
  const estimates = { first: weightedMetric(metric, one, once), second: weightedMetric(metric, two, once) };
  const bounds = reason ? { low: null, high: null } : percentileInterval(draws, level);
  return {
    metric,
    ...estimates,
    difference: { estimate: estimates.first - estimates.second, ...bounds, reason },
    pValue: reason ? null : twoSided(draws),
    level,
    resamples: reason ? 0 : resamples,
    redrawn,
    seed,
    clusters: count,
    abnormalClusters,
    normalClusters,
    caution: fewOfAClass(clusters),
  };
}

/** Twice the smaller share of draws on either side of 0, with the estimate itself counted once. */
function twoSided(draws: Float64Array): number {
  let below = 1;
  let above = 1;
  for (const draw of draws) {
    if (draw <= 0) below++;
    if (draw >= 0) above++;
  }
  return Math.min(1, (2 * Math.min(below, above)) / (draws.length + 1));
}
