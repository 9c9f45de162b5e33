/**
 * @file Resampling as linear maps: bilinear resizing by two small matrices, nearest doubling by broadcasting, FIR
 * up- and down-sampling by depthwise convolution or, for separable filters and small sides, by two matrices. Linear, so
 * their gradients need no rules of their own.
 */
import { fill64 } from "../array64.ts";
import { BLOCKED } from "../lowering/onnx-model.ts";
import type { Shape } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { expand, reshape } from "./broadcast.ts";
import { conv2d } from "./convolution.ts";
import { embed, pad, slice } from "./layout.ts";
import { constant } from "./leaf.ts";
import { matmul } from "./linear.ts";

/** The dense [to, from] matrix of bilinear interpolation; without antialiasing, as framework upsampling layers do. */
function bilinearMatrix(from: number, to: number, alignCorners: boolean): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = alignCorners
      ? to > 1
        ? (i * (from - 1)) / (to - 1)
        : 0
      : Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const low = Math.min(from - 1, Math.floor(at));
    const high = Math.min(from - 1, low + 1);
    matrix[i * from + low] += 1 - (at - low);
    matrix[i * from + high] += at - low;
  }
  return matrix;
}

interface BilinearAttributes {
  size: readonly [number, number];
  alignCorners: boolean;
}

const matricesOf = ([, , h, w]: Shape, { size: [height, width], alignCorners }: BilinearAttributes) =>
  [bilinearMatrix(h, height, alignCorners), bilinearMatrix(w, width, alignCorners)] as const;

/** By whole factors: two small matrices, or in blocks a kernel of the runtime. */
const resizeBilinearOp: Op<BilinearAttributes> = {
  name: "resizeBilinear",
  shape: ([x], { size }) => [x[0], x[1], ...size],
  gradient: (node, g) => {
    const [{ shape }] = node.inputs;
    const [rows, columns] = matricesOf(shape, node.attributes);
    const [height, width] = node.attributes.size;
    const product = matmul(constant(rows, [1, 1, height, shape[2]]), g, { transposeA: true });
    return [matmul(product, constant(columns, [1, 1, width, shape[3]]))];
  },
  reference: ([x], node) => {
    const [rows, columns] = matricesOf(x.shape, node.attributes);
    const [, , h, w] = x.shape;
    return fill64(node.shape, ([n, c, i, j]) => {
      let total = 0;
      for (let r = 0; r < h; r++) {
        for (let s = 0; s < w; s++) {
          total += rows[i * h + r] * columns[j * w + s] * x.data[((n * x.shape[1] + c) * h + r) * w + s];
        }
      }
      return total;
    });
  },
  lower: (graph, [x], node) => {
    const [{ shape }] = node.inputs;
    const [rows, columns] = matricesOf(shape, node.attributes);
    const [height, width] = node.attributes.size;
    const product = graph.node("MatMul", [graph.floats(rows, [1, 1, height, shape[2]]), x]);
    return graph.node("MatMul", [product, graph.floats(transposed(columns, shape[3]), [1, 1, shape[3], width])]);
  },
  lowerBlocks: (graph, [x], node) => {
    const [{ shape }] = node.inputs;
    const { size, alignCorners } = node.attributes;
    const settings = {
      scales: [1, 1, size[0] / shape[2], size[1] / shape[3]],
      mode: "linear",
      coordinate_transformation_mode: alignCorners ? "align_corners" : "half_pixel",
    };
    return graph.blocks.mark(graph.node("Upsample", [x], settings, BLOCKED), node.shape);
  },
};

/** Columns [width, w] as [w, width]. */
function transposed(matrix: Float32Array, w: number): Float32Array {
  const width = matrix.length / w;
  return matrix.map((_, i) => matrix[(i % width) * w + Math.floor(i / width)]);
}

/** Bilinear resizing of x [N, C, H, W] to [N, C, height, width]. */
export function resizeBilinear(
  x: Tensor,
  [height, width]: readonly [number, number],
  { alignCorners = false } = {},
): Tensor {
  const [, , h, w] = x.shape;
  if (height % h === 0 && width % w === 0) return apply(resizeBilinearOp, [x], { size: [height, width], alignCorners });
  return onBothAxes(x, bilinearMatrix(h, height, alignCorners), height, bilinearMatrix(w, width, alignCorners), width);
}

/** rows · x · columnsᵀ for dense matrices [height, h] and [width, w]: [N, C, height, width]. */
function onBothAxes(x: Tensor, rows: Float32Array, height: number, columns: Float32Array, width: number): Tensor {
  const [, , h, w] = x.shape;
  const product = matmul(constant(rows, [1, 1, height, h]), x);
  return matmul(product, constant(columns, [1, 1, width, w]), { transposeB: true });
}

/** Every pixel repeated `factor` times in both directions. */
export function upsampleNearest(x: Tensor, factor: number): Tensor {
  const [n, c, h, w] = x.shape;
  const spread = expand(reshape(x, [n, c, h, 1, w, 1]), [n, c, h, factor, w, factor]);
  return reshape(spread, [n, c, h * factor, w * factor]);
}

export interface FirOptions {
  /** Zeros inserted so that there are `up` times as many samples. */
  up?: number;
  /** Every `down`-th sample kept. */
  down?: number;
  /** Padding in samples after upsampling: [top, bottom, left, right]; negative crops. */
  pads?: readonly [number, number, number, number];
  /** The result is multiplied by this. */
  gain?: number;
}

/** Up-samples by zero insertion, pads, filters every channel with `kernel` [kh, kw] (convolution, so flipped), down-samples. */
export function firResample(
  x: Tensor,
  kernel: { values: ArrayLike<number>; shape: readonly [number, number] },
  { up = 1, down = 1, pads = [0, 0, 0, 0], gain = 1 }: FirOptions = {},
): Tensor {
  const [n, c, h, w] = x.shape;
  let y = up === 1 ? x : embed(x, [n, c, h * up, w * up], [0, 0, 0, 0], [1, 1, up, up]);
  const [top, bottom, left, right] = pads;
  const grow = (value: number) => Math.max(0, value);
  y = pad(y, [0, 0, grow(top), grow(left)], [0, 0, grow(bottom), grow(right)]);
  const cut = (value: number) => Math.max(0, -value);
  y = slice(
    y,
    [0, 0, cut(top), cut(left)],
    [n, c, y.shape[2] - cut(top) - cut(bottom), y.shape[3] - cut(left) - cut(right)],
  );
  const taps = Array.from(kernel.values).reverse();
  const weights = new Float32Array(c * taps.length);
  for (let channel = 0; channel < c; channel++)
    weights.set(
      taps.map((tap) => tap * gain),
      channel * taps.length,
    );
  return conv2d(y, constant(weights, [c, 1, ...kernel.shape]), { stride: down, groups: c });
}

/**
 * Up to this side dense matrices take a fifth to two fifths of the time of depthwise convolutions when they enlarge
 * (with gradients, one thread, outputs of 32 to 128), and about as long when they reduce.
 */
const MATRIX_SIDE = 128;

export interface SeparableOptions {
  up?: number;
  down?: number;
  /** Padding in samples after upsampling, on both axes: [before, after]; negative crops. */
  pads?: readonly [number, number];
  /** The result is multiplied by this. */
  gain?: number;
}

/** The same as `firResample` with the outer product of `taps` with itself. */
export function separableResample(
  x: Tensor,
  taps: readonly number[],
  { up = 1, down = 1, pads = [0, 0], gain = 1 }: SeparableOptions = {},
): Tensor {
  const [, , h, w] = x.shape;
  if (Math.max(h, w) * up > MATRIX_SIDE) {
    const values = taps.flatMap((a) => taps.map((b) => a * b));
    const [before, after] = pads;
    const kernel = { values, shape: [taps.length, taps.length] as const };
    return firResample(x, kernel, { up, down, pads: [before, after, before, after], gain });
  }
  const matrix = (from: number) => resamplingMatrix(from, taps, { up, down, pads, gain: Math.sqrt(gain) });
  const [rows, columns] = [matrix(h), matrix(w)];
  return onBothAxes(x, rows, rows.length / h, columns, columns.length / w);
}

/** The dense [to, from] matrix of one axis. */
function resamplingMatrix(
  from: number,
  taps: readonly number[],
  { up, down, pads: [before, after], gain }: Required<SeparableOptions>,
): Float32Array {
  const to = Math.floor((from * up + before + after - taps.length) / down) + 1;
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    taps.forEach((_, k) => {
      const at = i * down + k - before;
      const source = at / up;
      // A convolution, so the last tap comes first.
      if (Number.isInteger(source) && source >= 0 && source < from) {
        matrix[i * from + source] += gain * taps[taps.length - 1 - k];
      }
    });
  }
  return matrix;
}
