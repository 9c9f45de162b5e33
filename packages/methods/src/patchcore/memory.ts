/**
 * @file The memory of a PatchCore detector: candidates made comparable, and a coreset of them. Its size follows from the data.
 */
import type { NamedArray } from "@hale/autodiff";
import { HaleError, type Random } from "@hale/core";
import { MAX_DETECTOR_BYTES } from "@hale/detector";
import { projected, sparseProjection } from "../backbone/projection.ts";
import { greedyCoreset } from "./coreset.ts";

/** How numbers of a row are made comparable: each over its own deviation among normals, or all over one. */
export const SCALES = ["channels", "whole"] as const;
export type Scale = (typeof SCALES)[number];

/** Share of the mean variance in each variance: what normals hardly vary in must not decide alone. */
const SHRINKAGE = 0.01;

/** Most of a detector's file that the memory may take; the rest is for its model. */
const MOST_BYTES = (7 / 8) * MAX_DETECTOR_BYTES;

/** Names of the state. */
export const ROWS = "patchcore/rows";
export const SQUARES = "patchcore/squares";
export const MEAN = "patchcore/mean";
export const FACTOR = "patchcore/factor";

export interface MemoryOptions {
  scale: Scale;
  /** Of the candidates. */
  ratio: number;
  /** Most rows. */
  memory: number;
  /** Numbers of a row in which candidates are compared while they are chosen. */
  projection: number;
}

/**
 * State from candidates, rows of `width` numbers: (number - mean) · factor of those that were chosen, and the sum of squares
 * of each. Throws OPTION_INVALID for a memory that would fit into no detector.
 */
export function memoryOf(
  candidates: Float32Array,
  width: number,
  { scale, ratio, memory, projection }: MemoryOptions,
  random: Random,
): Map<string, NamedArray> {
  const total = candidates.length / width;
  const count = Math.min(memory, Math.max(1, Math.round(ratio * total)));
  if (4 * count * width > MOST_BYTES) {
    throw new HaleError(
      "OPTION_INVALID",
      `A memory of ${count} patches, ${width} numbers each, takes ${Math.ceil((4 * count * width) / 2 ** 20)} MB, and a detector has at most ${MAX_DETECTOR_BYTES / 2 ** 20} MB.`,
      "Keep fewer patches, or fewer numbers of each.",
      { setting: "memory" },
    );
  }
  const { mean, factor } = statisticsOf(candidates, width, scale);
  const standard = new Float32Array(candidates.length);
  for (let i = 0; i < candidates.length; i++) standard[i] = (candidates[i] - mean[i % width]) * factor[i % width];
  const narrow = projection < width;
  const points = narrow
    ? projected(standard, sparseProjection(width, projection, random), width, projection)
    : standard;
  const chosen = greedyCoreset(points, narrow ? projection : width, count, random.integer(0, total));
  const rows = new Float32Array(chosen.length * width);
  chosen.forEach((from, i) => {
    rows.set(standard.subarray(from * width, (from + 1) * width), i * width);
  });
  const squares = Float32Array.from({ length: chosen.length }, (_, i) => {
    return rows.subarray(i * width, (i + 1) * width).reduce((sum, value) => sum + value * value, 0);
  });
  return new Map<string, NamedArray>([
    [ROWS, { shape: [chosen.length, width], data: rows }],
    [SQUARES, { shape: [chosen.length], data: squares }],
    [MEAN, { shape: [width], data: mean }],
    [FACTOR, { shape: [width], data: factor }],
  ]);
}

/** Means over rows, and what a difference from them is multiplied by. */
function statisticsOf(rows: Float32Array, width: number, scale: Scale): { mean: Float32Array; factor: Float32Array } {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) mean[i % width] += rows[i] / count;
  for (let i = 0; i < rows.length; i++) variance[i % width] += (rows[i] - mean[i % width]) ** 2 / count;
  const typical = variance.reduce((sum, value) => sum + value / width, 0);
  const share = scale === "whole" ? 1 : SHRINKAGE;
  // Where all candidates are alike there is nothing to measure by.
  const factor = Float32Array.from(variance, (value) =>
    typical > 0 ? 1 / Math.sqrt((1 - share) * value + share * typical) : 1,
  );
  return { mean: Float32Array.from(mean), factor };
}
