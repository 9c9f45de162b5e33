/**
 * @file The memory of a nearest-neighbour detector: the training normals' pooled features, made comparable. Its size follows
 * from the data.
 */
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { MAX_DETECTOR_BYTES } from "@hale/detector";

/** How far two images are apart. */
export const METRICS = ["euclidean", "cosine"] as const;
export type Metric = (typeof METRICS)[number];

/** Share of the mean variance of a layer in each of its variances: what normals hardly vary in must not decide alone. */
const SHRINKAGE = 0.01;

/** Most of a detector's file that the memory may take; the rest is for its model. */
const MOST_BYTES = (7 / 8) * MAX_DETECTOR_BYTES;

/** Names of the state. */
export const ROWS = "knn/rows";
export const SQUARES = "knn/squares";
export const MEAN = "knn/mean";
export const SCALE = "knn/scale";

/**
 * State from pooled features, one row for each normal; `layers` are the numbers that each layer has in a row, in order.
 * Euclidean: each number less its mean, over its deviation among the normals. Cosine: rows of length one. `squares` has the
 * sum of squares of each row. Throws OPTION_INVALID for fewer normals than neighbours, and for a memory that would fit into
 * no detector.
 */
export function bankOf(
  pooled: readonly Float32Array[],
  layers: readonly number[],
  { k, metric }: { k: number; metric: Metric },
): Map<string, NamedArray> {
  const [count, width] = [pooled.length, pooled[0].length];
  if (count < k) {
    throw new HaleError(
      "OPTION_INVALID",
      `${k} nearest normals were asked for, and there are ${count} to learn from.`,
      "Ask for fewer neighbours, or give more normals.",
      { setting: "k" },
    );
  }
  if (4 * count * width > MOST_BYTES) {
    throw new HaleError(
      "OPTION_INVALID",
      `The features of ${count} normals, ${width} numbers each, take ${Math.ceil((4 * count * width) / 2 ** 20)} MB, and a detector has at most ${MAX_DETECTOR_BYTES / 2 ** 20} MB.`,
      "Use fewer regions, fewer layers or fewer normals.",
      { setting: "regions" },
    );
  }
  const [mean, scale] = metric === "euclidean" ? statisticsOf(pooled, layers) : unchanged(width);
  const rows = new Float32Array(count * width);
  const squares = new Float32Array(count);
  pooled.forEach((row, i) => {
    const length = metric === "cosine" ? Math.hypot(...row) || 1 : 1;
    let total = 0;
    for (let j = 0; j < width; j++) {
      const value = Math.fround(((row[j] - mean[j]) * scale[j]) / length);
      rows[i * width + j] = value;
      total += value * value;
    }
    squares[i] = total;
  });
  return new Map<string, NamedArray>([
    [ROWS, { shape: [count, width], data: rows }],
    [SQUARES, { shape: [count], data: squares }],
    [MEAN, { shape: [width], data: mean }],
    [SCALE, { shape: [width], data: scale }],
  ]);
}

function unchanged(width: number): [mean: Float32Array, scale: Float32Array] {
  return [new Float32Array(width), new Float32Array(width).fill(1)];
}

/** Means, and what a difference from them is multiplied by: 1 over the deviation, kept from zero by its layer's others. */
function statisticsOf(
  rows: readonly Float32Array[],
  layers: readonly number[],
): [mean: Float32Array, scale: Float32Array] {
  const width = rows[0].length;
  const mean = new Float64Array(width);
  for (const row of rows) for (let j = 0; j < width; j++) mean[j] += row[j] / rows.length;
  const variance = new Float64Array(width);
  for (const row of rows) for (let j = 0; j < width; j++) variance[j] += (row[j] - mean[j]) ** 2 / rows.length;
  const scale = new Float32Array(width);
  let start = 0;
  for (const length of layers) {
    const own = variance.subarray(start, start + length);
    const typical = own.reduce((total, value) => total + value / length, 0);
    // Alike in all normals, down to the last of them: nothing to measure by.
    own.forEach((value, j) => {
      scale[start + j] = typical > 0 ? 1 / Math.sqrt((1 - SHRINKAGE) * value + SHRINKAGE * typical) : 0;
    });
    start += length;
  }
  return [Float32Array.from(mean), scale];
}
