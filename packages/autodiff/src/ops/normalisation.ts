/**
 * @file Standardisation of rows and the normalisation layers that stand on it: instance, layer, batch.
 */
import type { Array64 } from "../array64.ts";
import { scaleBlocks } from "../lowering/block-ops.ts";
import type { OnnxGraph } from "../lowering/onnx-graph.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { reshape, sum } from "./broadcast.ts";
import { add, div, mul, neg, reciprocal, sqrt, sub } from "./elementwise.ts";
import { constant } from "./leaf.ts";
import { mean } from "./reduction.ts";

interface StandardiseAttributes {
  epsilon: number;
}

/** One ONNX node makes the standardised rows and their inverse deviations; the graph shares it between the two ops. */
function layerNormalization(graph: OnnxGraph, x: string, node: Tensor<StandardiseAttributes>): string[] {
  const width = node.inputs[0].shape[1];
  const ones = graph.floats(new Float32Array(width).fill(1), [width]);
  return graph.nodes("LayerNormalization", [x, ones], 3, { axis: -1, epsilon: node.attributes.epsilon });
}

function moments({ shape, data }: Array64, epsilon: number): { mean: number[]; inverse: number[] } {
  const [rows, width] = shape;
  const result = { mean: [] as number[], inverse: [] as number[] };
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * width, (r + 1) * width);
    const average = row.reduce((total, v) => total + v, 0) / width;
    const variance = row.reduce((total, v) => total + (v - average) ** 2, 0) / width;
    result.mean.push(average);
    result.inverse.push(1 / Math.sqrt(variance + epsilon));
  }
  return result;
}

const standardiseOp: Op<StandardiseAttributes> = {
  name: "standardise",
  shape: ([x]) => {
    if (x.length !== 2) throw new RangeError("needs rows [R, L].");
    return x;
  },
  gradient: (node, g) => {
    // dx = r·(g - mean(g) - y·mean(g·y)), r the inverse deviation.
    const r = inverseDeviation(node.inputs[0], node.attributes.epsilon);
    const centred = sub(sub(g, mean(g, [1], true)), mul(node, mean(mul(g, node), [1], true)));
    return [mul(r, centred)];
  },
  reference: ([x], node) => {
    const { mean: average, inverse } = moments(x, node.attributes.epsilon);
    const width = x.shape[1];
    return x.data.map((v, i) => (v - average[Math.floor(i / width)]) * inverse[Math.floor(i / width)]);
  },
  lower: (graph, [x], node) => layerNormalization(graph, x, node)[0],
};

const inverseDeviationOp: Op<StandardiseAttributes> = {
  name: "inverseDeviation",
  shape: ([x]) => [x[0], 1],
  gradient: (node, g) => {
    // d(var + ε)^(-1/2)/dx = -r³·(x - mean)/L = -r²·y/L.
    const [x] = node.inputs;
    const y = standardise(x, node.attributes.epsilon);
    return [mul(neg(mul(g, mul(node, node))), mul(y, 1 / x.shape[1]))];
  },
  reference: ([x], node) => Float64Array.from(moments(x, node.attributes.epsilon).inverse),
  lower: (graph, [x], node) => layerNormalization(graph, x, node)[2],
};

/** Rows of x [R, L] shifted and scaled to mean 0 and variance 1: (x - mean)/√(var + ε), var with divisor L. */
export function standardise(x: Tensor, epsilon = 1e-5): Tensor {
  return apply(standardiseOp, [x], { epsilon });
}

/** 1/√(var + ε) of each row of x [R, L], as [R, 1]. */
export function inverseDeviation(x: Tensor, epsilon = 1e-5): Tensor {
  return apply(inverseDeviationOp, [x], { epsilon });
}

/** A per-channel vector [C] shaped to broadcast over [N, C, H, W]. */
export function perChannel(vector: Tensor): Tensor {
  return reshape(vector, [1, vector.shape[0], 1, 1]);
}

/** [N, C, H, W] as standardised rows, one a plane, in its own shape. */
function standardisedPlanes(x: Tensor, epsilon: number): Tensor {
  const [n, c, h, w] = x.shape;
  return reshape(standardise(reshape(x, [n * c, h * w]), epsilon), x.shape);
}

/** ONNX's batch normalisation with mean 0 and variance 1: scale and shift in one pass instead of two. */
function lowerScaleShift(graph: OnnxGraph, x: string, scale: string, shift: string, channels: number): string {
  const [zeros, ones] = [0, 1].map((value) => graph.floats(new Float32Array(channels).fill(value), [channels]));
  return graph.node("BatchNormalization", [x, scale, shift, zeros, ones], { epsilon: 0 });
}

const scaleShiftOp: Op<null> = {
  name: "scaleShift",
  shape: ([x, scale, shift]) => {
    if (x.length !== 4 || [scale, shift].some((vector) => vector.length !== 1 || vector[0] !== x[1])) {
      throw new RangeError("needs [N, C, H, W] and a scale and shift a channel.");
    }
    return x;
  },
  gradient: (node, g) => {
    const [x, scale] = node.inputs;
    return [mul(g, perChannel(scale)), sum(mul(g, x), [0, 2, 3]), sum(g, [0, 2, 3])];
  },
  reference: ([x, scale, shift]) => {
    const [, c, h, w] = x.shape;
    const channel = (i: number) => Math.floor(i / (h * w)) % c;
    return x.data.map((v, i) => v * scale.data[channel(i)] + shift.data[channel(i)]);
  },
  lower: (graph, [x, scale, shift], node) => lowerScaleShift(graph, x, scale, shift, node.shape[1]),
  lowerBlocks: (graph, [x, scale, shift], node) => scaleBlocks(graph, x, node.shape, scale, shift),
};

/** x [N, C, H, W] times a scale [C] plus a shift [C] a channel. */
export function scaleShift(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  return apply(scaleShiftOp, [x, scale, shift], null);
}

const affineInstanceNormOp: Op<StandardiseAttributes> = {
  name: "affineInstanceNorm",
  shape: ([x, scale, shift], _attributes) => scaleShiftOp.shape([x, scale, shift], null),
  gradient: (node, g) => {
    // With y the standardised planes, r their inverse deviations, s the scale, and means over a plane:
    // dx = s·r·(g - mean(g) - y·mean(g·y)). The two means serve scale and shift too.
    const [x, scale] = node.inputs;
    const { epsilon } = node.attributes;
    const [n, c, h, w] = x.shape;
    const y = standardisedPlanes(x, epsilon);
    const meanG = mean(g, [2, 3], true);
    const meanGy = mean(mul(g, y), [2, 3], true);
    const r = reshape(inverseDeviation(reshape(x, [n * c, h * w]), epsilon), [n, c, 1, 1]);
    const factor = mul(perChannel(scale), r);
    const planes = (value: Tensor) => reshape(value, [n * c]);
    const scaled = scaleShift(reshape(g, [1, n * c, h, w]), planes(factor), planes(neg(mul(factor, meanG))));
    const dx = sub(reshape(scaled, x.shape), mul(mul(factor, meanGy), y));
    const overImages = (value: Tensor) => mul(sum(reshape(value, [n, c]), [0]), h * w);
    return [dx, overImages(meanGy), overImages(meanG)];
  },
  reference: ([x, scale, shift], node) => {
    const [n, c, h, w] = x.shape;
    const planes = { shape: [n * c, h * w], data: x.data };
    const { mean: average, inverse } = moments(planes, node.attributes.epsilon);
    return x.data.map((v, i) => {
      const plane = Math.floor(i / (h * w));
      return (v - average[plane]) * inverse[plane] * scale.data[plane % c] + shift.data[plane % c];
    });
  },
  lower: (graph, [x, scale, shift], node) => {
    const [n, c, h, w] = node.shape;
    const rows = graph.reshape(x, [n * c, h * w]);
    const ones = graph.floats(new Float32Array(h * w).fill(1), [h * w]);
    const { epsilon } = node.attributes;
    const [y] = graph.nodes("LayerNormalization", [rows, ones], 3, { axis: -1, epsilon });
    const planes = graph.reshape(y, [n, c, h, w]);
    const result = lowerScaleShift(graph, planes, scale, shift, c);
    // Without a gradient, which needs the standardised planes too, one node is faster.
    graph.shortcut(result, [y, planes], (emit) => emit("InstanceNormalization", [x, scale, shift], { epsilon }));
    return result;
  },
};

/** Instance normalisation of x [N, C, H, W], each image and channel by itself; affine where scale and shift are given. */
export function instanceNorm(x: Tensor, scale?: Tensor, shift?: Tensor, epsilon = 1e-5): Tensor {
  if (scale && shift) return apply(affineInstanceNormOp, [x, scale, shift], { epsilon });
  return affine(standardisedPlanes(x, epsilon), scale && perChannel(scale), shift && perChannel(shift));
}

function affine(y: Tensor, scale?: Tensor, shift?: Tensor): Tensor {
  const scaled = scale ? mul(y, scale) : y;
  return shift ? add(scaled, shift) : scaled;
}

/** Layer normalisation over all axes but the first; scale and shift have the shape of one example. */
export function layerNorm(x: Tensor, scale?: Tensor, shift?: Tensor, epsilon = 1e-5): Tensor {
  const [n, ...rest] = x.shape;
  const width = rest.reduce((product, size) => product * size, 1);
  return affine(reshape(standardise(reshape(x, [n, width]), epsilon), x.shape), scale, shift);
}

export interface BatchNormResult {
  output: Tensor;
  /** Running mean and variance after this batch, to be kept as state. */
  runningMean: Tensor;
  runningVariance: Tensor;
}

const batchStandardiseOp: Op<null> = {
  name: "batchStandardise",
  shape: ([x, ...vectors]) => {
    if (x.length !== 4 || vectors.some((vector) => vector.length !== 1 || vector[0] !== x[1])) {
      throw new RangeError("needs [N, C, H, W] and vectors of C values.");
    }
    return x;
  },
  gradient: (node, g) => {
    // With y = (x - m)·r, means over N, H and W: dx = s·r·(g - mean(g) - y·mean(g·y)), written as a·g + b·x + c with a
    // number each a channel. It holds what flows through the statistics m and r too, which therefore get none.
    const [x, scale, , average, inverse] = node.inputs;
    const [n, , h, w] = x.shape;
    const meanG = mean(g, [0, 2, 3]);
    const meanGy = mul(inverse, sub(mean(mul(g, x), [0, 2, 3]), mul(average, meanG)));
    const a = mul(scale, inverse);
    const b = neg(mul(mul(a, inverse), meanGy));
    const c = neg(add(mul(a, meanG), mul(b, average)));
    const dx = add(scaleShift(g, a, c), mul(x, perChannel(b)));
    return [dx, mul(meanGy, n * h * w), mul(meanG, n * h * w), null, null];
  },
  reference: ([x, scale, shift, average, inverse]) => {
    const [, c, h, w] = x.shape;
    return x.data.map((v, i) => {
      const channel = Math.floor(i / (h * w)) % c;
      return (v - average.data[channel]) * inverse.data[channel] * scale.data[channel] + shift.data[channel];
    });
  },
  lower: (graph, [x, ...vectors], node) => lowerScaleShift(graph, x, ...factorAndOffset(graph, vectors), node.shape[1]),
  lowerBlocks: (graph, [x, ...vectors], node) => scaleBlocks(graph, x, node.shape, ...factorAndOffset(graph, vectors)),
};

function factorAndOffset(graph: OnnxGraph, [scale, shift, average, inverse]: string[]): [string, string] {
  const factor = graph.node("Mul", [scale, inverse]);
  return [factor, graph.node("Sub", [shift, graph.node("Mul", [average, factor])])];
}

/**
 * Batch normalisation in training mode: statistics of this batch over N, H, W; the running variance is unbiased and
 * moves by `momentum`, as in PyTorch. No gradient flows into the running statistics. The variance is that of x less its mean:
 * E[x²] - E[x]² would save a pass, and lose 1e-7·mean²/variance of itself to the rounding of float32.
 */
export function batchNorm(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  running: { mean: Tensor; variance: Tensor },
  { momentum = 0.1, epsilon = 1e-5 } = {},
): BatchNormResult {
  const [n, c, h, w] = x.shape;
  const count = n * h * w;
  const average = mean(x, [0, 2, 3]);
  const centred = scaleShift(x, constant(new Float32Array(c).fill(1), [c]), neg(average));
  const variance = mean(mul(centred, centred), [0, 2, 3]);
  const inverse = reciprocal(sqrt(add(variance, epsilon)));
  const output = apply(batchStandardiseOp, [x, scale, shift, average, inverse], null);
  const move = (old: Tensor, value: Tensor) => add(old, mul(sub(value, old), momentum));
  return {
    output,
    runningMean: move(running.mean, average),
    runningVariance: move(running.variance, mul(variance, count / Math.max(1, count - 1))),
  };
}

/** Batch normalisation in evaluation mode: running statistics only, so an image's result never depends on its batch. */
export function batchNormFrozen(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  running: { mean: Tensor; variance: Tensor },
  epsilon = 1e-5,
): Tensor {
  const factor = div(scale, sqrt(add(running.variance, epsilon)));
  return scaleShift(x, factor, sub(shift, mul(running.mean, factor)));
}
