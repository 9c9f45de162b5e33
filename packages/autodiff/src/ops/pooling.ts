/**
 * @file Max and average pooling.
 */
import { type Array64, forEachIndex } from "../array64.ts";
import { oneTap, repeatBlocks } from "../lowering/block-ops.ts";
import type { OnnxGraph } from "../lowering/onnx-graph.ts";
import { BLOCKED, FLOAT } from "../lowering/onnx-model.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { conv2d } from "./convolution.ts";
import { add, equal, mul, sub } from "./elementwise.ts";
import { embed, pad as padZeros, slice } from "./layout.ts";
import { constant, detach } from "./leaf.ts";

interface PoolAttributes {
  size: number;
  stride: number;
  pad: number;
}

const maxPoolOp: Op<PoolAttributes> = {
  name: "maxPool2d",
  shape: ([x], { size, stride, pad }) => {
    if (pad * 2 > size) throw new RangeError("pad is over half the window.");
    return [x[0], x[1], ...x.slice(2).map((s) => Math.floor((s + 2 * pad - size) / stride) + 1)];
  },
  gradient: (node, g) => {
    // Each window's gradient goes to its first maximum in raster order, as in PyTorch; in blocks several share it.
    const { size, stride, pad } = node.attributes;
    const [x] = node.inputs;
    if (tiles(x.shape, node.attributes)) return [toMaxima(g, x, size)];
    const [n, c, oh, ow] = node.shape;
    // Padding must never win, so shift everything above zero first: compare inside the padded frame with a mask.
    const frame = padZeros(x, [0, 0, pad, pad], [0, 0, pad, pad]);
    const inside = padZeros(
      constant(new Float32Array(x.shape[2] * x.shape[3]).fill(1), [1, 1, x.shape[2], x.shape[3]]),
      [0, 0, pad, pad],
      [0, 0, pad, pad],
    );
    const steps = [1, 1, stride, stride];
    let taken: Tensor | null = null;
    let total: Tensor | null = null;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const at = [0, 0, i, j];
        const candidate = slice(frame, at, [n, c, oh, ow], steps);
        let hit = equal(detach(candidate), detach(node));
        if (pad > 0) hit = mul(hit, slice(inside, at, [1, 1, oh, ow], steps));
        const first: Tensor = taken ? mul(hit, sub(1, taken)) : hit;
        taken = taken ? add(taken, first) : first;
        const part = embed(mul(g, first), frame.shape, at, steps);
        total = total ? add(total, part) : part;
      }
    }
    return [slice(total!, [0, 0, pad, pad], x.shape)];
  },
  reference: ([x], node) => {
    const { size, stride, pad } = node.attributes;
    const [, channels, height, width] = x.shape;
    const y = new Float64Array(node.shape.reduce((a, b) => a * b, 1)).fill(-Infinity);
    forEachIndex(node.shape, ([n, c, r, s], flat) => {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          const row = r * stride + i - pad;
          const column = s * stride + j - pad;
          if (row < 0 || column < 0 || row >= height || column >= width) continue;
          y[flat] = Math.max(y[flat], x.data[((n * channels + c) * height + row) * width + column]);
        }
      }
    });
    return y;
  },
  lower: (graph, inputs, { attributes, inputs: [x] }) => {
    const { size, stride, pad } = attributes;
    const settings = { kernel_shape: [size, size], strides: [stride, stride], pads: [pad, pad, pad, pad] };
    if (graph.target !== "cpu" || !tiles(x.shape, attributes)) return graph.node("MaxPool", inputs, settings);
    const [values, places] = poolWithPlaces(graph, inputs[0], size);
    graph.shortcut(values, [places], (emit) => emit("MaxPool", inputs, settings));
    return values;
  },
  lowerBlocks: (graph, [x], { attributes, inputs, shape }) =>
    tiles(inputs[0].shape, attributes) ? poolBlocks(graph, "MaxPool", x, shape, attributes.size) : null,
};

/** Maxima or means of tiling windows, in blocks. */
function poolBlocks(graph: OnnxGraph, kind: "MaxPool" | "AveragePool", x: string, shape: Shape, size: number): string {
  const settings = { kernel_shape: [size, size], strides: [size, size], pads: [0, 0, 0, 0] };
  return graph.blocks.mark(graph.node(kind, [x], settings, BLOCKED), shape);
}

/** Whether the windows cover x side by side. */
function tiles([, , height, width]: Shape, { size, stride, pad }: PoolAttributes): boolean {
  return stride === size && pad === 0 && height % size === 0 && width % size === 0;
}

/** Maxima of tiling windows and their places, counted over the whole of x. */
function poolWithPlaces(graph: OnnxGraph, x: string, size: number): string[] {
  return graph.nodes("MaxPool", [x], 2, { kernel_shape: [size, size], strides: [size, size], pads: [0, 0, 0, 0] });
}

const HUGE = 2 ** 100;

interface TileAttributes {
  size: number;
}

/** Index in x of the first maximum of each window. */
function places64({ shape, data }: Array64, size: number): Int32Array {
  const [n, c, height, width] = shape;
  const result = new Int32Array((n * c * height * width) / (size * size));
  forEachIndex([n, c, height / size, width / size], ([image, channel, row, column], flat) => {
    let best = -1;
    for (let i = 0; i < size * size; i++) {
      const y = row * size + Math.floor(i / size);
      const at = ((image * c + channel) * height + y) * width + column * size + (i % size);
      if (best < 0 || data[at] > data[best]) best = at;
    }
    result[flat] = best;
  });
  return result;
}

/** Where there are no places: for each pixel of a window, its slice of x and whether it is the first maximum (0 or 1). */
function hits(graph: OnnxGraph, x: string, shape: Shape, size: number): { first: string; slice(v: string): string }[] {
  const settings = { kernel_shape: [size, size], strides: [size, size], pads: [0, 0, 0, 0] };
  const maxima = graph.node("MaxPool", [x], settings);
  let taken: string | null = null;
  return Array.from({ length: size * size }, (_, i) => {
    const at = [Math.floor(i / size), i % size];
    const slice = (value: string) =>
      graph.node("Slice", [
        value,
        graph.ints(at),
        graph.ints([shape[2], shape[3]]),
        graph.ints([2, 3]),
        graph.ints([size, size]),
      ]);
    const hit = graph.node("Equal", [slice(x), maxima]);
    const first: string = taken === null ? hit : graph.node("And", [hit, graph.node("Not", [taken])]);
    taken = taken === null ? hit : graph.node("Or", [taken, hit]);
    return { first: graph.node("Cast", [first], { to: FLOAT }), slice };
  });
}

/** Puts g, one value a window, at the first maximum of each window of x, zeros elsewhere. */
const toMaximaOp: Op<TileAttributes> = {
  name: "toMaxima",
  shape: ([, x]) => x,
  gradient: (node, outer) => [atMaxima(outer, node.inputs[1], node.attributes.size), null],
  reference: ([g, x], node) => {
    const y = new Float64Array(x.data.length);
    places64(x, node.attributes.size).forEach((place, i) => {
      y[place] = g.data[i];
    });
    return y;
  },
  lower: (graph, [g, x], { shape, attributes: { size } }) => {
    if (graph.target === "cpu") {
      const [, places] = poolWithPlaces(graph, x, size);
      return graph.node("MaxUnpool", [g, places], { kernel_shape: [size, size], strides: [size, size] });
    }
    const [n, c, height, width] = shape;
    const [h, w] = [height / size, width / size];
    const parts = hits(graph, x, shape, size).map(({ first }) =>
      graph.reshape(graph.node("Mul", [g, first]), [n, c, 1, h, w]),
    );
    const stacked = graph.reshape(graph.node("Concat", parts, { axis: 2 }), [n, c * size * size, h, w]);
    return graph.node("DepthToSpace", [stacked], { blocksize: size, mode: "CRD" });
  },
  lowerBlocks: (graph, [g, x], { inputs: [{ shape: small }], shape, attributes: { size } }) => {
    if (!graph.blocks.fit(shape)) return null;
    const image = graph.blocks.enter(x, shape);
    const maxima = poolBlocks(graph, "MaxPool", image, small, size);
    // Whether a pixel is a maximum, in one pass: 2¹⁰⁰(x - maximum) + 1, cut to 0..1. With a power of 2 nothing is rounded.
    const below = repeatBlocks(graph, graph.node("Mul", [maxima, graph.floats([-HUGE], [1, 1, 1, 1])]), small, size);
    const factors = graph.floats(new Float32Array(shape[1]).fill(HUGE), [shape[1], 1, 1, 1]);
    const cut = { activation: "HardSigmoid", activation_params: { floats: [1, 1] } };
    const hit = graph.blocks.mark(
      graph.node("Conv", [image, factors, "", below], { ...oneTap(shape[1]), ...cut }, BLOCKED),
      shape,
    );
    const hits = graph.node("Mul", [
      poolBlocks(graph, "AveragePool", hit, small, size),
      graph.floats([size * size], [1, 1, 1, 1]),
    ]);
    const share = graph.node("Div", [graph.blocks.enter(g, small), hits]);
    return graph.blocks.mark(graph.node("Mul", [hit, repeatBlocks(graph, share, small, size)]), shape);
  },
};

function toMaxima(g: Tensor, x: Tensor, size: number): Tensor {
  return apply(toMaximaOp, [g, x], { size });
}

/** The adjoint of `toMaxima`: the values of `outer`, of x's shape, at the first maximum of each window of x. */
const atMaximaOp: Op<TileAttributes> = {
  name: "atMaxima",
  shape: ([, [n, c, height, width]], { size }) => [n, c, height / size, width / size],
  gradient: (node, g) => [toMaxima(g, node.inputs[1], node.attributes.size), null],
  reference: ([outer, x], node) => Float64Array.from(places64(x, node.attributes.size), (place) => outer.data[place]),
  lower: (graph, [outer, x], { inputs, attributes: { size } }) => {
    if (graph.target === "cpu") {
      const [, places] = poolWithPlaces(graph, x, size);
      return graph.node("Gather", [graph.reshape(outer, [sizeOf(inputs[0].shape)]), places], { axis: 0 });
    }
    return hits(graph, x, inputs[1].shape, size)
      .map(({ first, slice }) => graph.node("Mul", [slice(outer), first]))
      .reduce((total, part) => graph.node("Add", [total, part]));
  },
};

function atMaxima(outer: Tensor, x: Tensor, size: number): Tensor {
  return apply(atMaximaOp, [outer, x], { size });
}

/** Maximum over windows of x [N, C, H, W]; padding never wins. */
export function maxPool2d(x: Tensor, size: number, { stride = size, pad = 0 } = {}): Tensor {
  return apply(maxPoolOp, [x], { size, stride, pad });
}

/** Mean over windows of x [N, C, H, W], padding counted as zeros: a depthwise convolution with a flat kernel. */
export function avgPool2d(x: Tensor, size: number, { stride = size, pad = 0 } = {}): Tensor {
  const channels = x.shape[1];
  const kernel = constant(new Float32Array(channels * size * size).fill(1 / (size * size)), [channels, 1, size, size]);
  return conv2d(x, kernel, { stride, pad, groups: channels });
}
