/**
 * @file Divides items into train, val and test so that no patient, group or file is in two of them, each class is spread in
 * proportion, and the same seed gives the same split. Abnormal images never go to train: methods learn from normals.
 */
import { HaleError } from "@hale/core";
import { seededRandom } from "@hale/statistics";
import { type Row, SPLITS, type Split } from "./item.ts";
import { filePartOf } from "./scan-names.ts";

export interface SplitOptions {
  /** Shares of the normals; abnormals are divided between val and test in the same proportion. Sum to 1. */
  fractions?: Record<Split, number>;
  /** Any integer. */
  seed?: number;
}

const DEFAULT_FRACTIONS: Record<Split, number> = { train: 0.6, val: 0.1, test: 0.3 };

/**
 * Gives every row a split. Rows joined by a patient, a group or the file that they are slices of, directly or over others, go
 * to one split: with an abnormal image to val or test, without one to any, with unlabelled images only to train. Clusters are taken in seeded
 * order, large ones first, each to the split that lacks most of what it holds. Throws OPTION_INVALID for bad fractions.
 */
export function splitRows<R extends Row>(rows: readonly R[], options: SplitOptions = {}): (R & { split: Split })[] {
  const { fractions = DEFAULT_FRACTIONS, seed = 0 } = options;
  checkFractions(fractions);
  const chosen = new Map<R, Split>();
  const filled = new Map<string, number>();
  const totals = countBy(rows.map(stratumOf));
  for (const cluster of seededClusters(rows, seed)) {
    const strata = countBy(cluster.map(stratumOf));
    const allowed = allowedSides(cluster, fractions);
    let best = allowed[0];
    let largest = -Infinity;
    for (const candidate of allowed) {
      const share = shareOf(candidate, allowed, fractions);
      let lack = 0;
      for (const [stratum, count] of strata) {
        const target = share * (totals.get(stratum) ?? 0);
        const have = filled.get(`${candidate} ${stratum}`) ?? 0;
        lack += (count * (target - have)) / Math.max(target, 1e-9);
      }
      if (share > 0 && lack > largest) [best, largest] = [candidate, lack];
    }
    for (const row of cluster) chosen.set(row, best);
    for (const [stratum, count] of strata) {
      filled.set(`${best} ${stratum}`, (filled.get(`${best} ${stratum}`) ?? 0) + count);
    }
  }
  return rows.map((row) => ({ ...row, split: chosen.get(row) ?? "train" }));
}

const stratumOf = (row: Row) => `${row.label} ${row.class}`;

function allowedSides(cluster: readonly Row[], fractions: Record<Split, number>): Split[] {
  if (cluster.some((row) => row.label === 1)) {
    return fractions.val + fractions.test > 0 ? ["val", "test"] : ["test"];
  }
  return cluster.some((row) => row.label === null) ? ["train"] : [...SPLITS];
}

function shareOf(split: Split, allowed: readonly Split[], fractions: Record<Split, number>): number {
  const sum = allowed.reduce((total, other) => total + fractions[other], 0);
  return sum > 0 ? fractions[split] / sum : 1 / allowed.length;
}

function seededClusters<R extends Row>(rows: readonly R[], seed: number): R[][] {
  // Sorted first, so that the order of the listing does not matter.
  const shuffled = joinedRows([...rows].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)));
  const random = seededRandom(seed);
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled.sort((a, b) => b.length - a.length);
}

/** Connected components of rows that share a patient, a group, or the file that they are slices of, in order of their first rows. */
export function joinedRows<R extends Pick<Row, "path" | "patient" | "group">>(rows: readonly R[]): R[][] {
  const parent = rows.map((_, i) => i);
  const find = (i: number): number => {
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
    return i;
  };
  const first = new Map<string, number>();
  rows.forEach(({ path, patient, group }, i) => {
    const keys = [
      `file ${filePartOf(path)}`,
      patient !== null && `patient ${patient}`,
      group !== null && `group ${group}`,
    ];
    for (const key of keys) {
      if (key === false) continue;
      const other = find(first.get(key) ?? i);
      first.set(key, other);
      parent[Math.max(find(i), other)] = Math.min(find(i), other);
    }
  });
  const clusters = new Map<number, R[]>();
  rows.forEach((row, i) => {
    const members = clusters.get(find(i));
    if (members) members.push(row);
    else clusters.set(find(i), [row]);
  });
  return [...clusters.values()];
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function checkFractions(fractions: Record<Split, number>): void {
  const values = SPLITS.map((split) => fractions[split]);
  const sum = values.reduce((total, value) => total + value, 0);
  if (values.some((value) => !(value >= 0 && value <= 1)) || Math.abs(sum - 1) > 1e-6) {
    throw new HaleError(
      "OPTION_INVALID",
      `The fractions train ${fractions.train}, val ${fractions.val}, test ${fractions.test} do not divide a whole.`,
      "Give three numbers from 0 to 1 that sum to 1.",
    );
  }
}
