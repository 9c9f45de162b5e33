/**
 * @file AUROC and average precision of cases that count several times, as in a bootstrap resample. The cases are sorted
 * once; each resample is then one pass over its weights. The plain metrics in `ranking.ts` are the naive reference.
 */

/** The metrics that can be resampled. */
export type RankingMetric = "auroc" | "averagePrecision";

/** Cases by falling score. `groupEnds[g]` is one past the last position of the g-th group of tied scores. */
export interface RankedCases {
  order: Uint32Array;
  labels: Uint8Array;
  groupEnds: Uint32Array;
}

/** Sorts once. Input is checked by the caller: no NaN, labels 0 or 1. */
export function rankCases(scores: ArrayLike<number>, labels: ArrayLike<number>): RankedCases {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) =>
    scores[a] === scores[b] ? 0 : scores[a] > scores[b] ? -1 : 1,
  );
  const groupEnds: number[] = [];
  for (let i = 1; i <= order.length; i++) {
    if (i === order.length || scores[order[i]] !== scores[order[i - 1]]) groupEnds.push(i);
  }
  return { order, labels: Uint8Array.from(order, (index) => labels[index]), groupEnds: Uint32Array.from(groupEnds) };
}

/**
 * The metric when case i counts `weights[i]` times (not negative; indexed as the scores were). NaN when the weights
 * leave a class empty: callers redraw.
 */
export function weightedMetric(metric: RankingMetric, cases: RankedCases, weights: ArrayLike<number>): number {
  const { order, labels, groupEnds } = cases;
  let truePositives = 0;
  let falsePositives = 0;
  let twiceWins = 0;
  let precisionSum = 0;
  let position = 0;
  for (let g = 0; g < groupEnds.length; g++) {
    let abnormal = 0;
    let normal = 0;
    for (; position < groupEnds[g]; position++) {
      const weight = weights[order[position]];
      if (labels[position] === 1) abnormal += weight;
      else normal += weight;
    }
    twiceWins += normal * (2 * truePositives + abnormal);
    truePositives += abnormal;
    falsePositives += normal;
    if (abnormal > 0) precisionSum += (abnormal * truePositives) / (truePositives + falsePositives);
  }
  if (truePositives === 0 || falsePositives === 0) return Number.NaN;
  return metric === "auroc" ? twiceWins / (2 * truePositives * falsePositives) : precisionSum / truePositives;
}
