/**
 * @file Antialiased separable resize with the triangle filter, the same formula as Pillow's BILINEAR: the support
 * grows with the reduction, so no pixel is skipped. Sums run in float64 in a fixed order, so that Node and browsers
 * give the same bits. `resizeWeights` is the same filter as a dense matrix, for graphs that carry their own resize.
 */
import { HaleError } from "@hale/core";

/** One output position: taps `first … first + weights.length - 1`, weights summing to 1. */
interface Taps {
  first: number;
  weights: Float64Array;
}

/** Triangle taps: centre_i = (i + ½)·from/to, weight_ij = max(0, 1 - |j + ½ - centre_i| / max(from/to, 1)), normalised. */
function triangleTaps(from: number, to: number): Taps[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support));
    const end = Math.min(from, Math.ceil(centre + support) + 1);
    const weights: number[] = [];
    for (let j = first; j < end; j++) weights.push(Math.max(0, 1 - Math.abs(j + 0.5 - centre) / support));
    let sum = 0;
    for (const weight of weights) sum += weight;
    return { first, weights: Float64Array.from(weights, (weight) => weight / sum) };
  });
}

function checkLengths(from: number, to: number): void {
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 1 || to < 1) {
    throw new HaleError("OPTION_INVALID", `Cannot resize ${from} to ${to} pixels.`, "Give whole sizes of at least 1.");
  }
}

/**
 * The resize of one axis as a dense row-major matrix [to, from]: output = weights · input. Rows sum to 1.
 * Throws OPTION_INVALID for sizes that are not whole or below 1.
 */
export function resizeWeights(from: number, to: number): Float32Array {
  checkLengths(from, to);
  const dense = new Float32Array(to * from);
  triangleTaps(from, to).forEach(({ first, weights }, i) => {
    dense.set(weights, i * from + first);
  });
  return dense;
}

/**
 * Resizes one plane, row-major [height, width], to [toHeight, toWidth]; first along rows, then along columns. Values
 * keep their range. Throws OPTION_INVALID for bad sizes and SHAPE_MISMATCH when `plane` does not fit them.
 */
export function resizePlane(
  plane: ArrayLike<number>,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Float32Array {
  checkLengths(width, toWidth);
  checkLengths(height, toHeight);
  if (plane.length !== width * height) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `A plane of ${width} × ${height} holds ${plane.length} values.`,
      "Give width × height values.",
    );
  }
  const rows = new Float64Array(height * toWidth);
  const across = triangleTaps(width, toWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      const { first, weights } = across[x];
      const start = y * width + first;
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * plane[start + k];
      rows[y * toWidth + x] = sum;
    }
  }
  const out = new Float32Array(toHeight * toWidth);
  const down = triangleTaps(height, toHeight);
  const line = new Float64Array(toWidth);
  for (let y = 0; y < toHeight; y++) {
    const { first, weights } = down[y];
    line.fill(0);
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k];
      const start = (first + k) * toWidth;
      for (let x = 0; x < toWidth; x++) line[x] += weight * rows[start + x];
    }
    out.set(line, y * toWidth);
  }
  return out;
}
