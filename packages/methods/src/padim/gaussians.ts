/**
 * @file The Gaussians of a PaDiM detector, one for each place: sums that grow with no number of normals, and what becomes of them, means
 * and whitening matrices.
 *
 * Sources: Defard et al., "PaDiM" (arXiv 2011.08785), equation 1; shrinkage by Chen, Wiesel, Eldar and Hero, "Shrinkage
 * algorithms for MMSE covariance estimation" (IEEE TSP 58, 2010), equation 23 (OAS).
 */
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { MAX_DETECTOR_BYTES } from "@hale/detector";
import type { Gathering, Observed } from "../method.ts";

/** Most of a detector's file that the state may take; the rest is for its model. */
const MOST_BYTES = (7 / 8) * MAX_DETECTOR_BYTES;

/** Of what is gathered: the first normal, sums and products of differences from it, and how many normals there were. */
const [FIRST, SUMS, PRODUCTS, COUNT] = ["first", "sums", "products", "count"];

/** Names of the state. */
export const MEAN = "padim/mean";
export const WHITENING = "padim/whitening";

/** Throws OPTION_INVALID where places, with so many numbers each, would fit into no detector. */
export function checkWidth(places: number, width: number): void {
  const bytes = 4 * places * width * width;
  if (bytes <= MOST_BYTES) return;
  throw new HaleError(
    "OPTION_INVALID",
    `Gaussians of ${width} numbers at ${places} places take ${Math.ceil(bytes / 2 ** 20)} MB, and a detector has at most ${MAX_DETECTOR_BYTES / 2 ** 20} MB.`,
    "Use fewer dimensions, or smaller images.",
    { setting: "dimensions" },
  );
}

/**
 * Sums over normals, of rows [places, width] (`observed.patches`). Differences from the first normal are about as large as
 * the deviations, so that single precision is enough for what comes out: of 100 000 normals its error is some 10⁻⁵.
 */
export function momentGathering(places: number, width: number): Gathering {
  const pairs = (width * (width + 1)) / 2;
  return {
    start: () =>
      new Map<string, NamedArray>([
        [FIRST, { shape: [places, width], data: new Float32Array(places * width) }],
        [SUMS, { shape: [places, width], data: new Float32Array(places * width) }],
        [PRODUCTS, { shape: [places, pairs], data: new Float32Array(places * pairs) }],
        [COUNT, { shape: [1], data: new Float32Array(1) }],
      ]),
    add(arrays, { patches }, index) {
      const [first, sums, products, count] = [FIRST, SUMS, PRODUCTS, COUNT].map((name) => arrays.get(name)!.data);
      if (index === 0) first.set(patches);
      const away = new Float64Array(width);
      for (let place = 0; place < places; place++) {
        const start = place * width;
        for (let i = 0; i < width; i++) {
          away[i] = patches[start + i] - first[start + i];
          sums[start + i] += away[i];
        }
        let at = place * pairs;
        for (let i = 0; i < width; i++) {
          const one = away[i];
          for (let j = 0; j <= i; j++) products[at++] += one * away[j];
        }
      }
      count[0] = index + 1;
    },
  };
}

export interface GaussianOptions {
  /** Share of a round Gaussian in each: from 0 to 1, or from the data (OAS). */
  shrinkage: "auto" | number;
  /** Added to every variance, in mean variances of all places: what is the same in all normals must not decide alone. */
  floor: number;
}

/**
 * State from those sums: means [places, width] and upper triangular matrices U [places, width, width], so that the squared
 * length of (x - mean)·U is the squared Mahalanobis distance of x. Throws DATASET_EMPTY for fewer than two normals.
 */
export function gaussiansOf(
  observed: Observed,
  width: number,
  { shrinkage, floor }: GaussianOptions,
): Map<string, NamedArray> {
  const [[first], [sums], [products], [[count]]] = [FIRST, SUMS, PRODUCTS, COUNT].map((name) => observed[name]);
  if (count < 2) {
    throw new HaleError(
      "DATASET_EMPTY",
      `${count} normal tells nothing of how normals differ.`,
      "Add normals to the train split.",
    );
  }
  const places = first.length / width;
  const pairs = (width * (width + 1)) / 2;
  const mean = first.map((value, i) => value + sums[i] / count);
  const covariance = (place: number): Float64Array => {
    const own = sums.subarray(place * width, (place + 1) * width);
    const result = new Float64Array(width * width);
    let at = place * pairs;
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        const value = (products[at++] - (own[i] * own[j]) / count) / (count - 1);
        result[i * width + j] = value;
        result[j * width + i] = value;
      }
    }
    return result;
  };
  let typical = 0;
  for (let place = 0; place < places; place++) typical += trace(covariance(place), width) / (width * places);
  // All normals are the same: any difference counts as it is.
  const least = typical > 0 ? floor * typical : 1;
  const whitening = new Float32Array(places * width * width);
  for (let place = 0; place < places; place++) {
    const matrix = covariance(place);
    const share = shrinkage === "auto" ? oracleShrinkage(matrix, width, count) : shrinkage;
    const round = (share * trace(matrix, width)) / width + least;
    for (let i = 0; i < matrix.length; i++) matrix[i] *= 1 - share;
    for (let i = 0; i < width; i++) matrix[i * width + i] += round;
    const inverse = inverseOfLower(cholesky(matrix, width), width);
    for (let i = 0; i < width; i++)
      for (let j = 0; j <= i; j++) whitening[(place * width + j) * width + i] = inverse[i * width + j];
  }
  return new Map<string, NamedArray>([
    [MEAN, { shape: [places, width], data: mean }],
    [WHITENING, { shape: [places, width, width], data: whitening }],
  ]);
}

function trace(matrix: Float64Array, width: number): number {
  let total = 0;
  for (let i = 0; i < width; i++) total += matrix[i * width + i];
  return total;
}

/** The share of a round Gaussian that is nearest to the truth on average, for a covariance of `count` samples (OAS). */
export function oracleShrinkage(matrix: Float64Array, width: number, count: number): number {
  const squares = matrix.reduce((sum, value) => sum + value * value, 0);
  const whole = trace(matrix, width) ** 2;
  const apart = squares - whole / width;
  if (apart <= 1e-12 * squares) return 1;
  const share = ((1 - 2 / width) * squares + whole) / ((count + 1 - 2 / width) * apart);
  return Math.min(1, Math.max(0, share));
}

/** The lower triangle L with L·Lᵀ = matrix, which is positive definite. */
export function cholesky(matrix: Float64Array, width: number): Float64Array {
  const lower = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * width + j];
      for (let k = 0; k < j; k++) sum -= lower[i * width + k] * lower[j * width + k];
      lower[i * width + j] = i === j ? Math.sqrt(sum) : sum / lower[j * width + j];
    }
  }
  return lower;
}

/** The inverse of a lower triangle. */
export function inverseOfLower(lower: Float64Array, width: number): Float64Array {
  const inverse = new Float64Array(width * width);
  for (let column = 0; column < width; column++) {
    for (let row = column; row < width; row++) {
      let sum = row === column ? 1 : 0;
      for (let k = column; k < row; k++) sum -= lower[row * width + k] * inverse[k * width + column];
      inverse[row * width + column] = sum / lower[row * width + row];
    }
  }
  return inverse;
}
