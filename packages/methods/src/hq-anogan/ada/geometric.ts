/**
 * @file Scale, rotation, stretch and translation, composed into one affine map and applied by resampling: images are
 * reflected beyond their borders, doubled with sym6, sampled bilinearly where the map says, and halved with sym6.
 *
 * All of it is linear in the images. Reflecting and doubling are one small matrix on each axis, halving is another, and
 * sampling is one gather of four neighbours: exact derivatives of any order, from matrix products and scatters.
 */
import { add, constant, matmul, mul, reshape, sum, type Tensor } from "@hale/autodiff";
import { gatherPlanes } from "./sampling.ts";
import type { Transformation } from "./transforms.ts";
import { CENTRE, doublingMatrix, halvingMatrix, periodOf, samplesOf } from "./wavelets.ts";

/**
 * The inverse of "scale, turn, stretch, turn, translate", in pixels around the image's centre: the value at (x, y) of the
 * result comes from (a·(x-u) + b·(y-v), c·(x-u) + d·(y-v)), for [a, b, c, d, u, v].
 */
export function inverseAffine(
  { scale, before, stretch, after, translation }: Transformation,
  size: number,
): [number, number, number, number, number, number] {
  const [cosBefore, sinBefore] = [Math.cos(before), Math.sin(before)];
  const [cosAfter, sinAfter] = [Math.cos(after), Math.sin(after)];
  // Undo the second turn and the stretch, then the first turn and the scale.
  const [p, q] = [cosAfter / stretch, sinAfter / stretch];
  const [r, s] = [-sinAfter * stretch, cosAfter * stretch];
  return [
    (cosBefore * p + sinBefore * r) / scale,
    (cosBefore * q + sinBefore * s) / scale,
    (-sinBefore * p + cosBefore * r) / scale,
    (-sinBefore * q + cosBefore * s) / scale,
    translation[0] * size,
    translation[1] * size,
  ];
}

/** i within [0, period). */
function modulo(i: number, period: number): number {
  return i - period * Math.floor(i / period);
}

/**
 * Where the samples of the doubled result lie in the doubled image, of side `periodOf(size) + 1`.
 *
 * indices: [S·S], of the upper left of four neighbours; weights: [4·S·S], first of all upper left ones, then upper right,
 * lower left, lower right; S = samplesOf(size).
 */
export function samplingPlaces(
  transformation: Transformation,
  size: number,
): { indices: Float32Array; weights: Float32Array } {
  const [a, b, c, d, u, v] = inverseAffine(transformation, size);
  const samples = samplesOf(size);
  const period = periodOf(size);
  const count = samples * samples;
  const indices = new Float32Array(count);
  const weights = new Float32Array(4 * count);
  // Both grids have two samples a pixel, and their centres at the same place.
  const middle = CENTRE + size - 1;
  for (let row = 0; row < samples; row++) {
    const y = row - middle - 2 * v;
    for (let column = 0; column < samples; column++) {
      const x = column - middle - 2 * u;
      const sourceX = a * x + b * y + middle;
      const sourceY = c * x + d * y + middle;
      const left = Math.floor(sourceX);
      const upper = Math.floor(sourceY);
      const right = sourceX - left;
      const lower = sourceY - upper;
      const at = row * samples + column;
      indices[at] = modulo(upper, period) * (period + 1) + modulo(left, period);
      weights[at] = (1 - lower) * (1 - right);
      weights[count + at] = (1 - lower) * right;
      weights[2 * count + at] = lower * (1 - right);
      weights[3 * count + at] = lower * right;
    }
  }
  return { indices, weights };
}

/** left · x · rightᵀ for every plane of x, with one constant matrix [to, from] on both sides. */
function bothAxes(values: Float64Array, to: number, x: Tensor): Tensor {
  const from = x.shape[3];
  const turned = new Float64Array(values.length);
  for (let i = 0; i < to; i++) for (let j = 0; j < from; j++) turned[j * to + i] = values[i * from + j];
  return matmul(matmul(constant(values, [1, 1, to, from]), x), constant(turned, [1, 1, from, to]));
}

/**
 * Indices of all four neighbours, [N, 4·S·S], from those of the upper left ones, [N, S·S]. Nothing wraps around: the
 * first row and column are there again at the end.
 */
function neighbours(indices: Tensor, side: number): Tensor {
  const [n, count] = indices.shape;
  return reshape(add(reshape(indices, [n, 1, count]), constant([0, 1, side, side + 1], [1, 4, 1])), [n, 4 * count]);
}

/** Images [N, C, R, R], transformed; `indices` [N, S·S] and `weights` [N, 4, S·S] are as from `samplingPlaces`. */
export function resample(images: Tensor, indices: Tensor, weights: Tensor): Tensor {
  const [n, c, size] = images.shape;
  const side = periodOf(size) + 1;
  const samples = samplesOf(size);
  const count = samples * samples;
  const doubled = reshape(bothAxes(doublingMatrix(size), side, images), [n, c, side * side]);
  const corners = neighbours(indices, side);
  const values = reshape(gatherPlanes(doubled, corners), [n, c, 4, count]);
  const sampled = sum(mul(values, reshape(weights, [n, 1, 4, count])), [2]);
  return bothAxes(halvingMatrix(size), size, reshape(sampled, [n, c, samples, samples]));
}
