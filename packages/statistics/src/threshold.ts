/**
 * @file A threshold from held-out normals at a stated false-alarm rate, with an exact interval for the rate it will
 * really have. Split conformal prediction: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World" (2005);
 * conditional on the held-out set, the rate is a Beta variable (Vovk, ACML 2012).
 *
 * The held-out normals must not have trained the model, and must be exchangeable with the normals to come.
 */

import { betaQuantile } from "./beta.ts";
import { requireFraction, requireOrderable, requireSameLength, unsupported } from "./checks.ts";
import { sharedClusterCaution } from "./operating-point.ts";

export interface NormalThreshold {
  /** A case is positive when its score is greater than this. One of the held-out scores. */
  threshold: number;
  /** The false-alarm rate asked for. */
  falseAlarmRate: number;
  /** Held-out normals used. */
  normals: number;
  /** The threshold is the `rank`-th smallest held-out score. */
  rank: number;
  /** False-alarm rate averaged over held-out sets, (n - k + 1) / (n + 1); never above the rate asked for. */
  expectedRate: number;
  /** Exact interval of this threshold's own false-alarm rate, at `level`. */
  low: number;
  high: number;
  level: number;
  /** Held-out normals that share the threshold's score. Above 1, `expectedRate` and `high` are upper bounds. */
  tied: number;
  /** Says when several held-out normals come from one cluster; null otherwise. */
  caution: string | null;
}

/**
 * Takes the k-th smallest of n held-out normal scores, k = ceil((n + 1)(1 - rate)), as the threshold.
 *
 * A further exchangeable normal then scores above it with probability at most `falseAlarmRate`. The rate of this one
 * threshold follows Beta(n - k + 1, k) when scores are continuous. Ties only lower it: a score equal to the threshold
 * is not called, so the Beta law becomes an upper bound and `low` no longer binds.
 *
 * Refused when n is too small for the rate: the smallest rate that n normals support is 1 / (n + 1).
 */
export function thresholdFromNormals(
  normalScores: ArrayLike<number>,
  falseAlarmRate: number,
  { level = 0.95, clusters }: { level?: number; clusters?: readonly string[] } = {},
): NormalThreshold {
  requireFraction("false-alarm rate", falseAlarmRate);
  requireFraction("confidence level", level);
  requireOrderable(normalScores);
  if (clusters) requireSameLength("clusters", clusters.length, normalScores.length);

  const normals = normalScores.length;
  const above = allowedAbove(normals, falseAlarmRate);
  if (above < 1) {
    throw unsupported(
      `${normals} held-out normals cannot support a false-alarm rate of ${falseAlarmRate}; ` +
        `the smallest they support is ${smallestRate(normals)}.`,
      `Ask for that rate or more, or hold out at least ${normalsNeeded(falseAlarmRate)} normals.`,
    );
  }
  const rank = normals + 1 - above;
  const ascending = Float64Array.from(normalScores).sort();
  const threshold = ascending[rank - 1];
  const tail = (1 - level) / 2;
  return {
    threshold,
    falseAlarmRate,
    normals,
    rank,
    expectedRate: above / (normals + 1),
    low: betaQuantile(tail, above, rank),
    high: betaQuantile(1 - tail, above, rank),
    level,
    tied: ascending.filter((score) => score === threshold).length,
    caution: clusters ? sharedClusterCaution(clusters) : null,
  };
}

/** The smallest false-alarm rate that `normals` held-out normals can support: 1 / (n + 1). */
export function smallestRate(normals: number): number {
  return 1 / (normals + 1);
}

/** How many held-out normals a false-alarm rate needs at least. */
export function normalsNeeded(falseAlarmRate: number): number {
  requireFraction("false-alarm rate", falseAlarmRate);
  return Math.max(1, Math.ceil(1 / falseAlarmRate - 1e-9) - 1);
}

/** floor((n + 1) rate), at most n: n + 1 - k. The small term undoes rounding, so that 99 normals do support 0.01. */
function allowedAbove(normals: number, rate: number): number {
  return Math.min(normals, Math.floor((normals + 1) * rate + 1e-9));
}
