/**
 * @file Who serves what. Normals that train, normals that select a checkpoint and normals that set the threshold are
 * disjoint, and no group or patient is in two of these parts. Labels of abnormal images are never used before evaluation.
 */
import { HaleError, Random } from "@hale/core";
import { type Dataset, type Item, joinedRows } from "@hale/data";
import { normalsNeeded } from "@hale/statistics";

export interface Partition {
  /** Normals that the networks learn from. */
  train: Item[];
  /** Unlabelled images, learnt from and used to select a checkpoint. */
  unlabelled: Item[];
  /** Unlabelled images that take no part: their patients or groups are among those that select or set the threshold. */
  leftOut: Item[];
  /** Normals held out to select a checkpoint. */
  selection: Item[];
  /** Normals held out to set the threshold and the scale of maps. */
  threshold: Item[];
  /** Labelled images of the test split. */
  test: Item[];
}

export interface PartitionOptions {
  seed: number;
  /** The false-alarm rate that the threshold is to keep; decides how many normals it needs. */
  falseAlarmRate: number;
  /** Whether held-out normals select a checkpoint; where nothing selects, they are learnt from. True where it is missing. */
  selects?: boolean;
}

/** Share of the training normals that selects the checkpoint, and the most that the threshold may take. */
const SELECTION_SHARE = 0.1;
const THRESHOLD_SHARE = 0.15;

/** Things that tell something new each: images, or whole volumes, whose slices are alike. */
function unitsOf(items: readonly Item[]): number {
  const volumes = new Set<string>();
  let images = 0;
  for (const { scan } of items) {
    if (scan) volumes.add(scan.path);
    else images++;
  }
  return images + volumes.size;
}

const countOf = (normals: readonly Item[]) =>
  `${unitsOf(normals)} normal ${normals.some(({ scan }) => scan && !scan.single) ? "volumes" : "images"}`;

/**
 * Parts of a data set. A volume counts as one, however many slices it has. The threshold has the normals of `val`; where these are fewer than twice what the rate needs, up to
 * 15 % of the training normals join them. Selection has 10 % of
 * the training normals, where there is one.
 */
export function partition(dataset: Dataset, { seed, falseAlarmRate, selects = true }: PartitionOptions): Partition {
  const inSplit = (split: Item["split"], label: Item["label"]) =>
    dataset.items.filter((item) => item.split === split && item.label === label);
  const normals = inSplit("train", 0);
  if (unitsOf(normals) < 4) {
    throw new HaleError(
      "DATASET_EMPTY",
      `The data set ${dataset.name} has ${countOf(normals)} to train on.`,
      "Give at least four, better some hundred.",
    );
  }
  const threshold = inSplit("val", 0);
  const wanted = Math.max(0, 2 * normalsNeeded(falseAlarmRate) - unitsOf(threshold));
  const fromTrain = Math.min(wanted, Math.floor(THRESHOLD_SHARE * unitsOf(normals)));

  // Whole clusters, in random order: what a patient or a group joins, directly or over others, stays together.
  const clusters = joinedRows(normals);
  const shuffled = new Random(seed, "partition").permutation(clusters.length).map((i) => clusters[i]);
  const take = (count: number): Item[] => {
    const taken: Item[] = [];
    for (let at = 0; at < shuffled.length && unitsOf(taken) < count && shuffled.length > 1; ) {
      // A cluster that overshoots by more than it helps stays where it is; a smaller one may follow.
      if (unitsOf(taken) + unitsOf(shuffled[at]) > count * 1.5 + 1) at++;
      else taken.push(...shuffled.splice(at, 1)[0]);
    }
    return taken;
  };
  const selection = selects ? take(Math.max(1, Math.round(SELECTION_SHARE * unitsOf(normals)))) : [];
  const extra = take(fromTrain);
  const heldOut = new Set([...selection, ...threshold, ...extra]);
  const pool = dataset.items.filter((item) => item.label === null && item.split === "train");
  const joined = joinedRows([...pool, ...heldOut]).filter((cluster) => cluster.some((item) => heldOut.has(item)));
  const tainted = new Set(joined.flat());
  const byPath = (items: Item[]) => [...items].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    train: byPath(shuffled.flat()),
    unlabelled: pool.filter((item) => !tainted.has(item)),
    leftOut: pool.filter((item) => tainted.has(item)),
    selection: byPath(selection),
    threshold: byPath([...threshold, ...extra]),
    test: dataset.items.filter((item) => item.split === "test" && item.label !== null),
  };
}
