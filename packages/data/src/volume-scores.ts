/**
 * @file From the scores of slices to those of whole volumes: for the threshold on held-out normals, and for evaluation.
 */
import { type Aggregation, aggregateScores } from "@hale/detector";
import { clusterOf, type Item } from "./item.ts";

/** A volume and the scores of its slices. */
export interface ScoredVolume {
  /** Path of the scan, as given. */
  path: string;
  /** Of the whole volume: 1 where any row of it is abnormal; null where nothing is known. */
  label: 0 | 1 | null;
  class: string;
  /** Patient, group or the volume itself: what intervals are drawn by. */
  cluster: string;
  /** Scores by slice number, ascending. */
  slices: { slice: number; score: number; marked: boolean }[];
  /** By the aggregation. */
  score: number;
}

/**
 * Joins items that are cut out of scans, with their scores, into volumes, in order of appearance. Scans of one slice are no
 * volumes; of those whose slices were listed one by one, what is not listed is unknown: both are skipped.
 */
export function scoredVolumes(
  items: readonly Item[],
  scores: readonly number[],
  aggregation: Aggregation,
): ScoredVolume[] {
  const volumes = new Map<string, ScoredVolume>();
  items.forEach((item, i) => {
    if (!item.scan || item.scan.single || item.scan.partial) return;
    const { path, label, index } = item.scan;
    const volume: ScoredVolume = volumes.get(path) ?? {
      ...{ path, label, class: "", cluster: clusterOf({ ...item, path }), slices: [], score: 0 },
    };
    if (label === 1) {
      volume.label = 1;
      volume.class = volume.class || (item.label === 1 ? item.class : "");
    }
    volume.slices.push({ slice: index, score: scores[i], marked: item.label === 1 });
    volumes.set(path, volume);
  });
  return [...volumes.values()].map((volume) => {
    const slices = volume.slices.sort((a, b) => a.slice - b.slice);
    const all = slices.map(({ score }) => score);
    return { ...volume, slices, score: aggregateScores(all, aggregation) };
  });
}
