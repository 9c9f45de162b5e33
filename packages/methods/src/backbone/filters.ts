/**
 * @file The built-in backbone, which has no weights: what a bank of fixed Gabor filters answers, at three scales of an image
 * pyramid. Each filter is a quadrature pair, a wave and the same wave a quarter later, and the length of the two answers,
 * the modulus, says how much of a wave of that length and direction there is, wherever its crests lie.
 *
 * Sources: Gabor functions as a model of receptive fields, J. G. Daugman, JOSA A 2 (1985) 1160; energy of quadrature
 * pairs, E. H. Adelson and J. R. Bergen, JOSA A 2 (1985) 284; division by the answers of all filters, D. J. Heeger, Visual
 * Neuroscience 9 (1992) 181. Lengths, directions and scales are ours. Only convolutions, matrix products, means and a root:
 * it runs wherever ONNX Runtime does.
 */
import {
  add,
  avgPool2d,
  constant,
  conv2d,
  div,
  log,
  matmul,
  mul,
  sliceAxis,
  sqrt,
  square,
  sum,
  type Tensor,
} from "@hale/autodiff";
import { HaleError } from "@hale/core";
import type { FeatureSource } from "./feature-source.ts";

/** Scales, by name: the image itself, and halved once and twice. */
export const FILTER_LAYERS = ["fine", "middle", "coarse"] as const;
type FilterLayer = (typeof FILTER_LAYERS)[number];

/** Pixels from crest to crest, at each scale. */
export const WAVELENGTHS = [3, 6, 10] as const;
/** Directions, evenly over half a turn; the modulus does not tell a wave from the same one the other way round. */
export const ORIENTATIONS = 8;
/** Side of a filter, in pixels. */
export const FILTER_SIDE = 11;
const REACH = (FILTER_SIDE - 1) / 2;

/**
 * Standard deviation of the round Gaussian window, in wavelengths: a bandwidth of 1.5 octaves, as most simple cells have
 * (Daugman 1985): (1/π)·√(ln 2/2)·(2^1.5 + 1)/(2^1.5 - 1).
 */
const DEVIATION = 0.3925;

/**
 * What the answer is: the modulus; its logarithm, so that doubling a contrast counts alike everywhere; or the modulus over
 * the length of all moduli of the place and scale, so that contrast does not count at all.
 */
export const FILTER_RESPONSES = ["modulus", "log", "relative"] as const;
export type FilterResponse = (typeof FILTER_RESPONSES)[number];

/** Moduli of this size are noise: 2.5 grey levels of 255, for filters of length one on values in [0, 1]. */
const NOISE = 0.01;
/** Under the root, where both answers are 0, so that it has a gradient. */
const EPSILON = 1e-12;

/** Least side of an image: the coarse scale then has 4 x 4 pixels. */
const LEAST_SIDE = 16;

/**
 * The waves of one phase for all lengths and directions [24, 1, 11, 11], lengths outermost. Each has mean 0 (of the even ones
 * a Gaussian is taken away) and length 1 (sum of squares), so that both phases answer a wave alike.
 */
export function gaborFilters(phase: "even" | "odd"): Float32Array {
  const area = FILTER_SIDE * FILTER_SIDE;
  const filters = new Float32Array(WAVELENGTHS.length * ORIENTATIONS * area);
  WAVELENGTHS.forEach((wavelength, i) => {
    for (let k = 0; k < ORIENTATIONS; k++) {
      const angle = (k * Math.PI) / ORIENTATIONS;
      const [window, wave] = [new Float64Array(area), new Float64Array(area)];
      for (let at = 0; at < area; at++) {
        const [x, y] = [(at % FILTER_SIDE) - REACH, Math.floor(at / FILTER_SIDE) - REACH];
        const along = (2 * Math.PI * (x * Math.cos(angle) + y * Math.sin(angle))) / wavelength;
        window[at] = Math.exp(-(x * x + y * y) / (2 * (DEVIATION * wavelength) ** 2));
        wave[at] = window[at] * (phase === "even" ? Math.cos(along) : Math.sin(along));
      }
      const total = (values: Float64Array) => values.reduce((before, value) => before + value, 0);
      const share = total(wave) / total(window);
      const centred = wave.map((value, at) => value - share * window[at]);
      const length = Math.sqrt(total(centred.map((value) => value * value)));
      filters.set(
        centred.map((value) => value / length),
        (i * ORIENTATIONS + k) * area,
      );
    }
  });
  return filters;
}

/** The filters as features: three layers of 24 channels, on one grid of a quarter of the image's side. */
export function builtInFilters(response: FilterResponse): FeatureSource {
  const channels = WAVELENGTHS.length * ORIENTATIONS;
  return {
    credit: (layers) => ({
      name: `filters (${response})`,
      origin: "hale's own filters, no weights",
      licence: "Apache-2.0",
      layers: [...layers],
    }),
    layers: FILTER_LAYERS,
    channels: (layer) => {
      scaleOf(layer);
      return channels;
    },
    features: (images, layers) => {
      const wanted = layers.map(scaleOf);
      const pyramid = [luminance(images)];
      while (pyramid.length < FILTER_LAYERS.length) pyramid.push(avgPool2d(pyramid[pyramid.length - 1], 2));
      const grid = pyramid[pyramid.length - 1].shape[2];
      return wanted.map((scale) => respond(pooled(moduli(pyramid[scale]), grid), response));
    },
  };
}

function scaleOf(layer: string): number {
  const scale = FILTER_LAYERS.indexOf(layer as FilterLayer);
  if (scale >= 0) return scale;
  throw new HaleError(
    "OPTION_INVALID",
    `The built-in filters have no layer ${layer}.`,
    `Name some of ${FILTER_LAYERS.join(", ")}.`,
  );
}

/** Brightness [N, 1, S, S] in [0, 1] of images in [-1, 1]; of colours as Rec. 601 weighs them. */
function luminance(images: Tensor): Tensor {
  const [, channels, rows, columns] = images.shape;
  if (images.rank !== 4 || rows !== columns || rows < LEAST_SIDE || (channels !== 1 && channels !== 3)) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `The built-in filters do not take images of [${images.shape}].`,
      `Use grey or colour squares of at least ${LEAST_SIDE} pixels.`,
    );
  }
  const grey = channels === 1 ? images : sum(mul(images, constant([0.299, 0.587, 0.114], [1, 3, 1, 1])), [1], true);
  return add(mul(grey, 0.5), 0.5);
}

/** Moduli [N, 24, side, side] of one scale [N, 1, side, side], which is mirrored at its borders. */
function moduli(image: Tensor): Tensor {
  const side = image.shape[2];
  const mirrored = onBothSides(image, mirrorMatrix(side), side + 2 * REACH);
  const filters = new Float32Array([...gaborFilters("even"), ...gaborFilters("odd")]);
  const half = filters.length / 2 / FILTER_SIDE ** 2;
  const answers = square(conv2d(mirrored, constant(filters, [2 * half, 1, FILTER_SIDE, FILTER_SIDE])));
  return sqrt(add(add(sliceAxis(answers, 1, 0, half), sliceAxis(answers, 1, half, half)), EPSILON));
}

/** Means of the grid's cells, and of those over 3 x 3 of them, at borders over as many as there are. [N, 24, grid, grid] */
function pooled(planes: Tensor, grid: number): Tensor {
  return onBothSides(planes, poolingMatrix(planes.shape[2], grid), grid);
}

function respond(planes: Tensor, response: FilterResponse): Tensor {
  if (response === "modulus") return planes;
  if (response === "log") return log(add(planes, NOISE));
  return div(planes, sqrt(add(sum(square(planes), [1], true), NOISE ** 2)));
}

/** matrix · x · matrixᵀ for a matrix [side, H] and x [N, C, H, H]: [N, C, side, side]. */
function onBothSides(x: Tensor, matrix: Float32Array, side: number): Tensor {
  const shared = constant(matrix, [1, 1, side, x.shape[2]]);
  return matmul(matmul(shared, x), shared, { transposeB: true });
}

/** [side + 10, side]: rows of the image, and beyond its borders the same rows backwards, the outermost twice. */
function mirrorMatrix(side: number): Float32Array {
  const rows = side + 2 * REACH;
  const matrix = new Float32Array(rows * side);
  for (let i = 0; i < rows; i++) {
    const place = (((i - REACH) % (2 * side)) + 2 * side) % (2 * side);
    matrix[i * side + Math.min(place, 2 * side - 1 - place)] = 1;
  }
  return matrix;
}

/** [grid, side]: means of cells of ⌊side/grid⌋ pixels, averaged over each cell and its neighbours. */
function poolingMatrix(side: number, grid: number): Float32Array {
  const width = Math.floor(side / grid);
  const matrix = new Float32Array(grid * side);
  for (let cell = 0; cell < grid; cell++) {
    const [first, last] = [Math.max(0, cell - 1), Math.min(grid - 1, cell + 1)];
    const pixels = (last - first + 1) * width;
    matrix.fill(1 / pixels, cell * side + first * width, cell * side + first * width + pixels);
  }
  return matrix;
}
