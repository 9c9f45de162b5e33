/**
 * @file Convolution, its adjoint in the input (transposed convolution) and its adjoint in the weight: three ops closed
 * under differentiation, since each is linear in both of its inputs and their gradients are one another.
 *
 * y[n,o,p] = Σ w[o,c,k]·x[n,c,p·stride + k - pad], in groups. NCHW throughout; weights are [out, in/groups, kh, kw].
 */
import { forEachIndex } from "../array64.ts";
import type { ConvGeometry } from "../lowering/conv-geometry.ts";
import { lowerConvWeightGradient } from "../lowering/conv-weight-gradient.ts";
import { lowerConv, lowerConvTranspose } from "../lowering/convolution.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { sum } from "./broadcast.ts";

export interface ConvOptions {
  stride?: number;
  pad?: number;
  groups?: number;
}

/** Visits every product of a convolution: flat positions in x, w and y. Naive, for the references. */
function visitProducts(
  x: Shape,
  w: Shape,
  y: Shape,
  { stride, pad, groups }: ConvGeometry,
  visit: (xAt: number, wAt: number, yAt: number) => void,
): void {
  const [, channels, height, width] = x;
  const outPerGroup = y[1] / groups;
  const inPerGroup = channels / groups;
  let yAt = 0;
  forEachIndex(y, ([n, o, r, s]) => {
    const group = Math.floor(o / outPerGroup);
    for (let c = 0; c < inPerGroup; c++) {
      for (let i = 0; i < w[2]; i++) {
        const row = r * stride + i - pad;
        if (row < 0 || row >= height) continue;
        for (let j = 0; j < w[3]; j++) {
          const column = s * stride + j - pad;
          if (column < 0 || column >= width) continue;
          const xAt = ((n * channels + group * inPerGroup + c) * height + row) * width + column;
          visit(xAt, ((o * inPerGroup + c) * w[2] + i) * w[3] + j, yAt);
        }
      }
    }
    yAt++;
  });
}

const convOp: Op<ConvGeometry> = {
  name: "conv2d",
  shape: ([x, w, bias], g) => {
    if (bias && (bias.length !== 1 || bias[0] !== w[0]))
      throw new RangeError("the bias needs one value an output channel.");
    if (x.length !== 4 || w.length !== 4 || x[1] !== w[1] * g.groups || w[0] % g.groups !== 0) {
      throw new RangeError(`channels do not fit in ${g.groups} groups.`);
    }
    return [x[0], w[0], ...g.output];
  },
  gradient: (node, dy) => {
    const [x, w, bias] = node.inputs;
    const gradients = [transposed(dy, w, node.attributes), weightGradient(x, dy, node.attributes)];
    return bias ? [...gradients, sum(dy, [0, 2, 3])] : gradients;
  },
  reference: ([x, w, bias], node) => {
    const y = new Float64Array(sizeOf(node.shape));
    const [, channels, height, width] = node.shape;
    if (bias) {
      for (let i = 0; i < y.length; i++) y[i] = bias.data[Math.floor(i / (height * width)) % channels];
    }
    visitProducts(x.shape, w.shape, node.shape, node.attributes, (xAt, wAt, yAt) => {
      y[yAt] += x.data[xAt] * w.data[wAt];
    });
    return y;
  },
  lower: (graph, [x, w, bias], node) =>
    lowerConv(graph, x, w, node.inputs[0].shape, node.inputs[1].shape, node.attributes, bias),
  lowerBlocks: (graph, inputs, node) => convOp.lower(graph, inputs, node),
};

const transposedOp: Op<ConvGeometry> = {
  name: "convTranspose2d",
  shape: ([y, w], g) => {
    if (y.length !== 4 || w.length !== 4 || y[1] !== w[0] || w[0] % g.groups !== 0) {
      throw new RangeError(`channels do not fit in ${g.groups} groups.`);
    }
    return [y[0], w[1] * g.groups, ...g.input];
  },
  gradient: (node, dx) => {
    const [y, w] = node.inputs;
    return [apply(convOp, [dx, w], node.attributes), weightGradient(dx, y, node.attributes)];
  },
  reference: ([y, w], node) => {
    const x = new Float64Array(sizeOf(node.shape));
    visitProducts(node.shape, w.shape, y.shape, node.attributes, (xAt, wAt, yAt) => {
      x[xAt] += y.data[yAt] * w.data[wAt];
    });
    return x;
  },
  lower: (graph, [y, w], node) =>
    lowerConvTranspose(graph, y, w, node.inputs[0].shape, node.inputs[1].shape, node.attributes),
  lowerBlocks: (graph, inputs, node) => transposedOp.lower(graph, inputs, node),
};

const weightGradientOp: Op<ConvGeometry> = {
  name: "convWeightGradient",
  shape: ([x, y], g) => {
    if (x[0] !== y[0] || x[1] % g.groups !== 0 || y[1] % g.groups !== 0)
      throw new RangeError("batches or groups differ.");
    return [y[1], x[1] / g.groups, ...g.kernel];
  },
  gradient: (node, dw) => {
    const [x, y] = node.inputs;
    return [transposed(y, dw, node.attributes), apply(convOp, [x, dw], node.attributes)];
  },
  reference: ([x, y], node) => {
    const w = new Float64Array(sizeOf(node.shape));
    visitProducts(x.shape, node.shape, y.shape, node.attributes, (xAt, wAt, yAt) => {
      w[wAt] += x.data[xAt] * y.data[yAt];
    });
    return w;
  },
  lower: (graph, [x, y], node) =>
    lowerConvWeightGradient(graph, x, y, node.inputs[0].shape, node.inputs[1].shape, node.attributes),
  lowerBlocks: (graph, inputs, node) => weightGradientOp.lower(graph, inputs, node),
};

/** The adjoint in the input: from gradients of y (or any tensor of its shape) to the shape of x. */
function transposed(y: Tensor, w: Tensor, geometry: ConvGeometry): Tensor {
  return apply(transposedOp, [y, w], geometry);
}

/** The adjoint in the weight: correlates x with y. */
function weightGradient(x: Tensor, y: Tensor, geometry: ConvGeometry): Tensor {
  return apply(weightGradientOp, [x, y], geometry);
}

/**
 * Cross-correlation of x [N, C, H, W] with w [O, C/groups, kh, kw], plus a bias [O] where one is given;
 * H' = ⌊(H + 2·pad - kh)/stride⌋ + 1.
 */
export function conv2d(
  x: Tensor,
  w: Tensor,
  { stride = 1, pad = 0, groups = 1 }: ConvOptions = {},
  bias?: Tensor,
): Tensor {
  const kernel = [w.shape[2], w.shape[3]] as const;
  const input = [x.shape[2], x.shape[3]] as const;
  const output = [0, 1].map((i) => Math.floor((input[i] + 2 * pad - kernel[i]) / stride) + 1) as [number, number];
  if (output.some((size) => size < 1)) {
    throw new RangeError(`conv2d: a ${kernel.join("x")} kernel does not fit into ${input.join("x")} with pad ${pad}.`);
  }
  return apply(convOp, bias ? [x, w, bias] : [x, w], { stride, pad, groups, input, output, kernel });
}

/**
 * Transposed convolution of x [N, I, H, W] with w [I, O/groups, kh, kw] (PyTorch's layout);
 * H' = (H - 1)·stride - 2·pad + kh + outputPadding.
 */
export function convTranspose2d(
  x: Tensor,
  w: Tensor,
  { stride = 1, pad = 0, groups = 1, outputPadding = 0 }: ConvOptions & { outputPadding?: number } = {},
): Tensor {
  const kernel = [w.shape[2], w.shape[3]] as const;
  const output = [x.shape[2], x.shape[3]] as const;
  const input = [0, 1].map((i) => (output[i] - 1) * stride - 2 * pad + kernel[i] + outputPadding) as [number, number];
  return transposed(x, w, { stride, pad, groups, input, output, kernel });
}
