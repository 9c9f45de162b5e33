/**
 * @file Whether a generator copies: the nearest training row of each generated row, in Euclidean distance of frozen
 * features, set against how near other real images come. A distance alone says nothing (it depends on the features, on
 * their number and on how many training images there are); that of held-out real images is the measure of it. The
 * comparison with held-out images is that of Meehan, Chaudhuri and Dasgupta ("A Non-Parametric Test to Detect
 * Data-Copying in Generative Models", AISTATS 2020), without their division of the space into cells.
 *
 * Distances are sums of squared differences, not |x|² + |y|² - 2xy: a copy then has distance 0, not rounding noise.
 */

import { clusteredIntervals, type Interval } from "../bootstrap.ts";
import { requireFraction, requireSameLength, unsupported } from "../checks.ts";
import { LEAST_CLUSTERS } from "../clusters.ts";
import { exactProportion } from "../proportion.ts";
import { countAtMost, countBelow } from "../search.ts";

/** Features of images, a row an image. All sets that are compared come from the same frozen network. */
export interface Features {
  /** Row-major [rows, dimension]; finite. */
  values: Float32Array | Float64Array;
  /** Numbers in a row. */
  dimension: number;
}

/** Each query row's nearest reference row, the first where several are equally near, and its Euclidean distance. */
export interface Nearest {
  index: Uint32Array;
  distance: Float64Array;
}

export interface MemorisationOptions {
  generated: Features;
  /** What the generator was trained on. */
  training: Features;
  /** Real images that trained nothing, of patients who are not in the training set. */
  heldOut: Features;
  /** The patient or study of each held-out row; without it each row counts as independent. */
  heldOutClusters?: readonly string[];
  resamples?: number;
  seed: number;
  level?: number;
}

export interface Memorisation {
  /** The training row to show beside each sample. */
  generated: Nearest;
  heldOut: Nearest;
  /**
   * Per sample, (1 + held-out rows at least as near) / (held-out rows + 1), in (0, 1]: the conformal p-value of "no
   * nearer than a real image". With many samples some are small at random.
   */
  pValues: Float64Array;
  /**
   * The probability that a sample is nearer to the training images than a held-out image is, ties counting a half (an
   * AUROC): 0.5 without memorising, 1 for copies.
   */
  superiority: Interval;
  /** Samples nearer than every held-out image: shows a few copies among many samples, which `superiority` does not. */
  nearerThanAll: number;
  /** How many `nearerThanAll` would be without memorising, on average: samples / (held-out rows + 1). */
  nearerThanAllExpected: number;
  /** The probability of at least `nearerThanAll` such samples without memorising, if all images are independent. */
  nearerThanAllChance: number;
  level: number;
  /** Says when all held-out rows come from fewer clusters than rows; null otherwise. */
  caution: string | null;
}

/**
 * Compares the distances of samples and of held-out real images to their nearest training images. Samples drawn from
 * the distribution of the real images, independently of the training set, give a superiority of exactly 0.5 on average.
 *
 * Above 0.5 are copies, but also samples from the dense middle only (look at recall); below 0.5 are samples unlike any
 * image (look at precision), which may hide copies among them (look at `nearerThanAll`). The interval holds for this
 * training set: samples and held-out clusters are resampled (`clusteredIntervals`), the training images are not. Where
 * the two do not overlap at all the bootstrap would give an interval of no width. Then the exact interval of a
 * proportion is given, with min(samples, held-out clusters) trials: so many disjoint pairs are independent, and all
 * were won or all lost. Under 10 samples or held-out clusters there is otherwise no interval.
 *
 * Refuses empty sets, different dimensions and numbers that are not finite, with STATISTIC_UNSUPPORTED.
 */
export function memorisation({
  generated,
  training,
  heldOut,
  heldOutClusters,
  resamples,
  seed,
  level = 0.95,
}: MemorisationOptions): Memorisation {
  requireFraction("confidence level", level);
  const near = nearestRows(generated, training);
  const real = nearestRows(heldOut, training);
  const samples = near.distance.length;
  const rows = real.distance.length;
  if (heldOutClusters) requireSameLength("held-out clusters", heldOutClusters.length, rows);

  const clusters = [
    ...Array.from({ length: samples }, (_, i) => `sample ${i}`),
    ...(heldOutClusters?.map((name) => `real ${name}`) ?? Array.from({ length: rows }, (_, i) => `real ${i}`)),
  ];
  const { intervals, normalClusters } = clusteredIntervals({
    scores: Float64Array.from([...near.distance, ...real.distance], (distance) => -distance),
    labels: Uint8Array.from(clusters, (_, i) => (i < samples ? 1 : 0)),
    clusters,
    metrics: ["auroc"],
    resamples,
    seed,
    level,
  });
  const ascending = real.distance.slice().sort();
  const nearerThanAll = countBelow(near.distance.slice().sort(), ascending[0]);
  return {
    generated: near,
    heldOut: real,
    pValues: near.distance.map((distance) => (1 + countAtMost(ascending, distance)) / (rows + 1)),
    superiority: honestBounds(intervals.auroc, { samples, clusters: normalClusters, level }),
    nearerThanAll,
    nearerThanAllExpected: samples / (rows + 1),
    nearerThanAllChance: chanceOfFirst(nearerThanAll, samples, rows),
    level,
    caution: heldOutClusters
      ? null
      : "Held-out images count as independent; if a patient has several, name the patients.",
  };
}

/** The probability that the first k of n samples and m others in random order are all samples: n/(n+m)·(n-1)/(n+m-1)··· */
function chanceOfFirst(k: number, n: number, m: number): number {
  let probability = 1;
  for (let i = 0; i < k; i++) probability *= (n - i) / (n + m - i);
  return probability;
}

/** The bootstrap's bounds, unless it had nothing to vary or too little. */
function honestBounds(
  interval: Interval,
  { samples, clusters, level }: { samples: number; clusters: number; level: number },
): Interval {
  const { estimate } = interval;
  const least = Math.min(samples, clusters);
  if (estimate === 0 || estimate === 1) {
    const { low, high } = exactProportion(estimate * least, least, level);
    return { estimate, low, high, reason: null };
  }
  if (least >= LEAST_CLUSTERS) return interval;
  const reason = `${samples} samples and ${clusters} held-out clusters are too few for an interval; at least ${LEAST_CLUSTERS} of each are needed.`;
  return { estimate, low: null, high: null, reason };
}

/** The nearest row of `references` to each row of `queries`. Refuses what `memorisation` refuses. */
export function nearestRows(queries: Features, references: Features): Nearest {
  const rows = requireFeatures("query", queries);
  const others = requireFeatures("reference", references);
  requireSameDimension(queries, references);
  const index = new Uint32Array(rows);
  const distance = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let least = Infinity;
    for (let j = 0; j < others; j++) {
      const squared = squaredDistance(queries, i, references, j, least);
      if (squared < least) {
        least = squared;
        index[i] = j;
      }
    }
    distance[i] = Math.sqrt(least);
  }
  return { index, distance };
}

/**
 * Squared Euclidean distance of row i of `a` and row j of `b`. Once a part of the sum exceeds `bound` that part is
 * returned: most pairs of a search for neighbours are settled early.
 */
export function squaredDistance(a: Features, i: number, b: Features, j: number, bound = Infinity): number {
  const end = (i + 1) * a.dimension;
  let from = i * a.dimension;
  let to = j * b.dimension;
  let sum = 0;
  while (from < end && sum <= bound) {
    const stop = Math.min(from + 32, end);
    for (; from < stop; from++, to++) sum += (a.values[from] - b.values[to]) ** 2;
  }
  return sum;
}

/** Refuses features that are no table of finite numbers with at least `least` rows. Returns the number of rows. */
export function requireFeatures(what: string, { values, dimension }: Features, least = 1): number {
  const rows = values.length / dimension;
  if (!(Number.isInteger(dimension) && dimension > 0 && Number.isInteger(rows))) {
    throw unsupported(
      `${values.length} numbers are no ${what} rows of ${dimension}.`,
      "Give whole rows, and the length of a row.",
    );
  }
  if (rows < least) throw unsupported(`There are ${rows} ${what} rows.`, `Give at least ${least}.`);
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw unsupported(
      `Feature ${i % dimension} of ${what} row ${Math.floor(i / dimension)} is ${values[i]}.`,
      "Leave the image out, or find out why its features are not finite.",
    );
  }
  return rows;
}

/** Refuses sets whose rows have different lengths. */
export function requireSameDimension(a: Features, b: Features): void {
  if (a.dimension === b.dimension) return;
  throw unsupported(
    `Rows of ${a.dimension} and of ${b.dimension} numbers have no distance.`,
    "Take both sets from the same network and layer.",
  );
}
