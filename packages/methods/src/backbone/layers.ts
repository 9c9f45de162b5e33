/**
 * @file One layer of a backbone as ops of the engine: windows with any margins, pooling as PyTorch and TensorFlow do it,
 * activations.
 */
import {
  add,
  concat,
  constant,
  conv2d,
  leakyRelu,
  linear,
  maxPool2d,
  mean,
  minimum,
  mul,
  pad,
  relu,
  sigmoid,
  type Tensor,
} from "@hale/autodiff";
import { type Activation, type Layer, marginsOf, type Padding, sidesOf } from "./description.ts";

/**
 * The output of a layer for its inputs; `weight` gives tensors by name. Throws RangeError where the inputs are too small.
 */
export function applyLayer(
  layer: Layer,
  inputs: readonly Tensor[],
  weight: (name: string) => Tensor,
  leakySlope: number,
): Tensor {
  const [x] = inputs;
  const active = (value: Tensor, kind: Activation) => activate(value, kind, leakySlope);
  switch (layer.op) {
    case "conv":
    case "depthwise": {
      const groups = layer.op === "conv" ? (layer.groups ?? 1) : x.shape[1];
      const [before, after] = margins(x, sidesOf(layer.kernel), layer.stride, layer.padding);
      const even = [before[1], ...after].every((margin) => margin === before[0]);
      const frame = even ? x : pad(x, [0, 0, ...before], [0, 0, ...after]);
      const options = { stride: layer.stride, pad: even ? before[0] : 0, groups };
      const bias = layer.bias === undefined ? undefined : weight(layer.bias);
      return active(conv2d(frame, weight(layer.weight), options, bias), layer.activation);
    }
    case "maxpool":
      return maxPool(x, layer);
    case "avgpool":
      return averagePool(x, layer);
    case "pad": {
      const [top, left, bottom, right] = layer.padding;
      return pad(x, [0, 0, top, left], [0, 0, bottom, right]);
    }
    case "concat":
      return concat(inputs, 1);
    case "add":
      return active(add(x, inputs[1]), layer.activation);
    case "multiply":
      return active(mul(x, inputs[1]), layer.activation);
    case "activate":
      return active(x, layer.activation);
    case "globalavg":
      return mean(x, [2, 3], layer.keep);
    case "dense": {
      const bias = layer.bias === undefined ? undefined : weight(layer.bias);
      return active(linear(x, weight(layer.weight), bias), layer.activation);
    }
  }
}

function activate(x: Tensor, kind: Activation, leakySlope: number): Tensor {
  switch (kind) {
    case "linear":
      return x;
    case "relu":
      return relu(x);
    case "relu6":
      return minimum(relu(x), 6);
    case "leaky":
      return leakyRelu(x, leakySlope);
    case "sigmoid":
      return sigmoid(x);
    case "hardsigmoid":
      return minimum(relu(add(mul(x, 1 / 6), 0.5)), 1);
    case "swish":
    case "hardswish":
      return mul(x, activate(x, kind === "swish" ? "sigmoid" : "hardsigmoid", leakySlope));
  }
}

type Pair = readonly [rows: number, columns: number];

/**
 * Rows and columns before and after the picture. "same" makes ⌈size/stride⌉ outputs; of an odd number of missing rows the
 * extra one is at the bottom (tensorflow.org/api_docs/python/tf/nn, "Notes on padding").
 */
function margins(x: Tensor, kernel: Pair, stride: number, padding: Padding): [before: number[], after: number[]] {
  if (padding !== "same") {
    const sides = marginsOf(padding);
    return [sides.slice(0, 2), sides.slice(2)];
  }
  const missing = x.shape
    .slice(2)
    .map((side, axis) => Math.max((Math.ceil(side / stride) - 1) * stride + kernel[axis] - side, 0));
  const before = missing.map((total) => Math.floor(total / 2));
  return [before, missing.map((total, axis) => total - before[axis])];
}

interface Pooling {
  kernel: number;
  stride: number;
  padding: Padding;
  ceil?: boolean;
}

/** Where the windows of a pool lie: margins before and after, and how far behind those the last window reaches. */
interface Windows {
  before: number[];
  after: number[];
  overhang: number[];
}

/** Throws RangeError where not one window fits. */
function windowsOf(x: Tensor, { kernel, stride, padding, ceil }: Pooling): Windows {
  const [before, after] = margins(x, [kernel, kernel], stride, padding);
  const overhang = x.shape.slice(2).map((side, axis) => {
    const whole = before[axis] + side + after[axis];
    if (whole < kernel) throw new RangeError("A window is larger than the picture.");
    if (!ceil) return 0;
    const last = Math.ceil((whole - kernel) / stride) * stride;
    // One that begins behind the picture would see margin alone (pytorch.org/docs, MaxPool2d, "ceil_mode").
    return last >= before[axis] + side ? 0 : Math.max(last + kernel - whole, 0);
  });
  return { before, after, overhang };
}

const places = (rows: number, columns: number, value: (place: Pair) => number) =>
  constant(
    Float32Array.from({ length: rows * columns }, (_, at) => value([Math.floor(at / columns), at % columns])),
    [1, 1, rows, columns],
  );

/** Lower than any value of a network, and a float32. */
const NEVER = -3e38;

/** Maxima of windows; margins never win. */
function maxPool(x: Tensor, pooling: Pooling): Tensor {
  const { kernel, stride } = pooling;
  const { before, after: margin, overhang } = windowsOf(x, pooling);
  const after = margin.map((pixels, axis) => pixels + overhang[axis]);
  if ([before[1], ...after].every((pixels) => pixels === before[0]) && 2 * before[0] <= kernel)
    return maxPool2d(x, kernel, { stride, pad: before[0] });
  const frame = pad(x, [0, 0, ...before], [0, 0, ...after]);
  // Zeros would win over negative values, so the margins are pulled down.
  const [, , rows, columns] = frame.shape;
  const outside = places(rows, columns, (place) =>
    place.every((i, axis) => i >= before[axis] && i < before[axis] + x.shape[axis + 2]) ? 0 : NEVER,
  );
  return maxPool2d(add(frame, outside), kernel, { stride });
}

/** Means of windows, over the pixels of the picture in them, or with `countPadding` over margins too. */
function averagePool(x: Tensor, pooling: Pooling & { countPadding?: boolean }): Tensor {
  const { kernel, stride, countPadding } = pooling;
  const { before, after, overhang } = windowsOf(x, pooling);
  const frame = pad(x, [0, 0, ...before], [0, 0, ...after.map((pixels, axis) => pixels + overhang[axis])]);
  const channels = x.shape[1];
  const ones = constant(new Float32Array(channels * kernel * kernel).fill(1), [channels, 1, kernel, kernel]);
  const sums = conv2d(frame, ones, { stride, groups: channels });
  const counted = (place: number, axis: number) => {
    const [from, to] = countPadding
      ? [0, before[axis] + x.shape[axis + 2] + after[axis]]
      : [before[axis], before[axis] + x.shape[axis + 2]];
    return Math.min(place * stride + kernel, to) - Math.max(place * stride, from);
  };
  const [, , rows, columns] = sums.shape;
  return mul(
    sums,
    places(rows, columns, ([row, column]) => 1 / (counted(row, 0) * counted(column, 1))),
  );
}
