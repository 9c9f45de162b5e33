/**
 * @file Clusters (patients, studies) as the unit that is resampled: how many there are, whether they are enough, and
 * draws of them with replacement. Cases of one patient are alike, so resampling cases would claim too much certainty.
 */

import { requireSameLength, unsupported } from "./checks.ts";
import { seededRandom } from "./random.ts";

/** Below this many clusters a percentile bootstrap says little, and no interval is given. */
export const LEAST_CLUSTERS = 10;

export interface ClusterCounts {
  clusters: number;
  /** Clusters with at least one abnormal case. */
  abnormalClusters: number;
  /** Clusters with at least one normal case. */
  normalClusters: number;
}

/** `of[i]` is the number, from 0, of the cluster of case i. */
export interface Clusters extends ClusterCounts {
  of: Uint32Array;
}

/** Numbers the clusters in order of appearance. Labels are checked by the caller. */
export function groupClusters(names: readonly string[], labels: ArrayLike<number>): Clusters {
  requireSameLength("clusters", names.length, labels.length);
  const numbers = new Map<string, number>();
  const abnormal = new Set<string>();
  const normal = new Set<string>();
  const of = Uint32Array.from(names, (name, i) => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    (labels[i] === 1 ? abnormal : normal).add(name);
    return numbers.get(name)!;
  });
  return { of, clusters: numbers.size, abnormalClusters: abnormal.size, normalClusters: normal.size };
}

/** Why no interval can be given, or null. */
export function tooFewClusters({ clusters }: ClusterCounts): string | null {
  if (clusters >= LEAST_CLUSTERS) return null;
  return `${clusters} clusters are too few for an interval; at least ${LEAST_CLUSTERS} are needed.`;
}

/** What weakens an interval that is given nevertheless, or null. */
export function fewOfAClass(counts: ClusterCounts): string | null {
  const parts: string[] = [];
  if (counts.abnormalClusters < LEAST_CLUSTERS) parts.push(`${counts.abnormalClusters} carry abnormal cases`);
  if (counts.normalClusters < LEAST_CLUSTERS) parts.push(`${counts.normalClusters} carry normal cases`);
  if (parts.length === 0) return null;
  return `Of ${counts.clusters} clusters only ${parts.join(" and ")}; read the interval with care.`;
}

/**
 * Draws clusters with replacement `resamples` times and calls `visit` with the number of times that each case counts
 * (the array is reused). A resample for which `visit` returns false (it lacks a class) is drawn again.
 * Returns how many were drawn again; both classes exist, so the loop ends.
 */
export function resampleClusters(
  { of, clusters }: Clusters,
  { resamples, seed }: { resamples: number; seed: number },
  visit: (weights: Uint32Array, resample: number) => boolean,
): number {
  if (!(Number.isInteger(resamples) && resamples > 0)) {
    throw unsupported(`${resamples} resamples.`, "Give a whole number above 0.");
  }
  const random = seededRandom(seed);
  const times = new Uint32Array(clusters);
  const weights = new Uint32Array(of.length);
  let redrawn = 0;
  for (let resample = 0; resample < resamples; ) {
    times.fill(0);
    for (let draw = 0; draw < clusters; draw++) times[Math.floor(random() * clusters)]++;
    for (let i = 0; i < of.length; i++) weights[i] = times[of[i]];
    if (visit(weights, resample)) resample++;
    else redrawn++;
  }
  return redrawn;
}
