/**
 * @file Convolution and its adjoint in the input, lowered to ONNX.
 *
 * The plain forms are ONNX's `Conv` and `ConvTranspose`. ONNX Runtime's fastest convolutions on a CPU want channels in
 * blocks (NCHWc) and are given only to constant weights, which a training step does not have; so where the device has them
 * (`convBlock`) the graph asks for them by name and reorders the weights itself, two cheap passes over them.
 * The adjoint becomes convolutions too: one with the kernel turned around, or one for each phase of the stride.
 */

import type { Shape } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { BLOCKED } from "./onnx-model.ts";
import { winogradConv, winogradConvTranspose } from "./winograd.ts";
import { takesWinograd } from "./winograd-rule.ts";

/** With fewer output positions than this, reordering the weights costs more than the faster kernel gains. */
const LEAST_POSITIONS = 256;
/** Output channels are filled up to whole blocks; thinner outputs than this would waste too much. */
const LEAST_CHANNELS = 8;

interface Pads {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export function lowerConv(
  graph: OnnxGraph,
  x: string,
  w: string,
  xShape: Shape,
  wShape: Shape,
  g: ConvGeometry,
  bias?: string,
): string {
  if (!bias && takesWinograd(graph, "forward", xShape[0], wShape, g)) {
    return winogradConv(graph, x, w, xShape, wShape, g);
  }
  const positions = xShape[0] * g.output[0] * g.output[1];
  if (canBlock(graph, g, wShape[1], wShape[0], positions)) {
    const filter = blockFilter(graph, w, wShape[0], wShape[1], g.kernel);
    const y = blockedConv(
      graph,
      blockInput(graph, x, xShape),
      filter,
      g.kernel,
      g.stride,
      {
        top: g.pad,
        left: g.pad,
        bottom: g.pad,
        right: g.pad,
      },
      bias && blockBias(graph, bias, wShape[0]),
    );
    return leave(graph, y, [xShape[0], wShape[0], ...g.output]);
  }
  const side = bias ? 1 : tileSide(graph, g, wShape, positions);
  if (side > 1) return tiledConv(graph, x, w, xShape, wShape, g, side);
  const plain = graph.blocks.plain(x);
  return graph.node("Conv", bias ? [plain, w, bias] : [plain, w], {
    kernel_shape: [...g.kernel],
    strides: [g.stride, g.stride],
    pads: [g.pad, g.pad, g.pad, g.pad],
    group: g.groups,
  });
}

/**
 * Side of the square of neighbouring outputs that one block of channels can stand for, where the convolution has so few
 * output channels of its own that the rest of a block would go to waste; 1 where that does not pay or fit.
 */
function tileSide(graph: OnnxGraph, g: ConvGeometry, [o, c]: Shape, positions: number): number {
  const block = graph.options.convBlock ?? 0;
  const side = Math.sqrt(block / o);
  const whole = Number.isInteger(side) && side > 1 && g.output.every((size) => size % side === 0);
  const reorderable = c < block || c % 4 === 0;
  return g.groups === 1 && g.stride === 1 && whole && reorderable && positions >= LEAST_POSITIONS ? side : 1;
}

/**
 * A thin convolution whose output channels are the outputs of a tile: the kernel is laid into a larger one at each place
 * of the tile, which moves on by whole tiles.
 */
function tiledConv(
  graph: OnnxGraph,
  x: string,
  w: string,
  xShape: Shape,
  [o, c, kh, kw]: Shape,
  g: ConvGeometry,
  side: number,
): string {
  const rest = side - 1;
  const places = Array.from({ length: side * side }, (_, i) => [Math.floor(i / side), i % side]);
  const kernels = places.map(([a, b]) => graph.node("Pad", [w, graph.ints([0, 0, a, b, 0, 0, rest - a, rest - b])]));
  const kernel = [kh + rest, kw + rest] as const;
  const filter = blockFilter(graph, graph.node("Concat", kernels, { axis: 0 }), o * side * side, c, kernel);
  const pads = { top: g.pad, left: g.pad, bottom: g.pad, right: g.pad };
  const y = blockedConv(graph, blockInput(graph, x, xShape), filter, kernel, side, pads);
  // One block a tile: [N, 1, h/side, w/side, side·side·O] to [N, O, h, w].
  const [height, width] = g.output;
  const [n] = xShape;
  const tiles = graph.reshape(y, [n, height / side, width / side, side, side, o]);
  const woven = graph.node("Transpose", [tiles], { perm: [0, 5, 1, 3, 2, 4] });
  return graph.reshape(woven, [n, o, height, width]);
}

export function lowerConvTranspose(
  graph: OnnxGraph,
  y: string,
  w: string,
  yShape: Shape,
  wShape: Shape,
  g: ConvGeometry,
): string {
  if (takesWinograd(graph, "input gradient", yShape[0], wShape, g)) {
    return winogradConvTranspose(graph, y, w, yShape, wShape, g);
  }
  const [o, i] = wShape;
  const rows = phases(g.kernel[0], g.stride, g.pad, g.input[0], g.output[0]);
  const columns = phases(g.kernel[1], g.stride, g.pad, g.input[1], g.output[1]);
  const positions = yShape[0] * g.output[0] * g.output[1];
  if (rows && columns && canBlock(graph, g, o, i, positions)) {
    return leave(graph, phasedConv(graph, y, w, yShape, wShape, g, rows, columns), [yShape[0], i, ...g.input]);
  }
  const plain = graph.blocks.plain(y);
  const attributes = {
    kernel_shape: [...g.kernel],
    strides: [g.stride, g.stride],
    pads: [g.pad, g.pad, g.pad, g.pad],
    output_padding: [0, 1].map((d) => g.input[d] + 2 * g.pad - g.kernel[d] - (g.output[d] - 1) * g.stride),
    group: g.groups,
  };
  if ((graph.target === "webgpu" || graph.target === "any") && g.groups > 1 && i === 1 && o > g.groups) {
    // ONNX Runtime's WebGPU kernel (1.30) sums wrongly where groups have several inputs and one output: give each a
    // second output of zeros, and drop it again.
    const doubled = graph.node("Pad", [w, graph.ints([0, 0, 0, 0, 0, 1, 0, 0])]);
    const both = graph.node("ConvTranspose", [plain, doubled], attributes);
    const [start, end, axis, step] = [0, 2 * g.groups, 1, 2].map((value) => graph.ints([value]));
    return graph.node("Slice", [both, start, end, axis, step]);
  }
  return graph.node("ConvTranspose", [plain, w], attributes);
}

function canBlock(graph: OnnxGraph, g: ConvGeometry, inputs: number, outputs: number, positions: number): boolean {
  const block = graph.options.convBlock ?? 0;
  // The runtime's reordering of inputs moves four channels at a time.
  const reorderable = inputs < block || inputs % 4 === 0;
  const writable = outputs % 4 === 0;
  return (
    block > 0 && g.groups === 1 && reorderable && writable && outputs >= LEAST_CHANNELS && positions >= LEAST_POSITIONS
  );
}

/** One residue class of input positions r = stride·q + phase, and the taps of the flipped kernel that reach it. */
interface Phase {
  /** Kernel positions, in the order in which a correlation over the output side meets them. */
  taps: number[];
  before: number;
  after: number;
  /** Number of input positions of this class. */
  count: number;
}

/** Phases of one axis, or null where they are of unequal length or would need cropping. */
function phases(kernel: number, stride: number, pad: number, input: number, output: number): Phase[] | null {
  if (input % stride !== 0) return null;
  const result: Phase[] = [];
  for (let phase = 0; phase < stride; phase++) {
    const first = (phase + pad) % stride;
    const base = Math.floor((phase + pad) / stride);
    const taps: number[] = [];
    for (let k = first; k < kernel; k += stride) taps.unshift(k);
    const count = input / stride;
    const before = taps.length - 1 - base;
    const after = count + base - output;
    if (taps.length === 0 || before < 0 || after < 0) return null;
    result.push({ taps, before, after, count });
  }
  return result;
}

/** The adjoint as one convolution a phase, woven together while channels are still in blocks. */
function phasedConv(
  graph: OnnxGraph,
  y: string,
  w: string,
  yShape: Shape,
  [o, i]: Shape,
  g: ConvGeometry,
  rows: Phase[],
  columns: Phase[],
): string {
  const block = graph.options.convBlock!;
  const [kh, kw] = g.kernel;
  const filter = adjointFilter(graph, w, o, i, g.kernel);
  const inputBlocks = o < block ? 1 : Math.ceil(o / block);
  const filledI = Math.ceil(i / block) * block;
  // [I/B · O/B, taps, a tap's block] where O is blocked, [I/B · O, taps, B] where it is too thin.
  const outer = (filledI / block) * (o < block ? o : inputBlocks);
  const inner = o < block ? block : block * block;
  const tapsOf = graph.reshape(filter, [outer, kh * kw, inner]);
  const source = blockInput(graph, y, yShape);
  const n = yShape[0];
  const woven = rows.map((row) => {
    const parts = columns.map((column) => {
      const chosen = row.taps.flatMap((r) => column.taps.map((c) => r * kw + c));
      const kernel = [row.taps.length, column.taps.length] as const;
      const gathered = graph.node("Gather", [tapsOf, graph.ints(chosen)], { axis: 1 });
      const phaseFilter = graph.reshape(gathered, [filledI, o < block ? o : inputBlocks * block, ...kernel]);
      return blockedConv(graph, source, phaseFilter, kernel, 1, {
        top: row.before,
        left: column.before,
        bottom: row.after,
        right: column.after,
      });
    });
    if (parts.length === 1) return parts[0];
    const cells = n * (filledI / block) * row.count * columns[0].count;
    return graph.node(
      "Concat",
      parts.map((part) => graph.reshape(part, [cells, 1, block])),
      { axis: 1 },
    );
  });
  const [height, width] = g.input;
  if (woven.length === 1) return graph.reshape(woven[0], [n, filledI, height, width]);
  const lines = n * (filledI / block) * rows[0].count;
  const joined = graph.node(
    "Concat",
    woven.map((line) => graph.reshape(line, [lines, 1, width * block])),
    { axis: 1 },
  );
  return graph.reshape(joined, [n, filledI, height, width]);
}

/**
 * Weights [O, I, K] to the kernel's order: [O/B, I/B, K, Bᵢ, Bₒ], or [O/B, I, K, Bₒ] where I is thinner than a block.
 * The shape stays [O, I, kh, kw], filled up with zeros to whole blocks.
 */
function blockFilter(graph: OnnxGraph, w: string, o: number, i: number, [kh, kw]: readonly [number, number]): string {
  const block = graph.options.convBlock!;
  const k = kh * kw;
  const thin = i < block;
  const filledO = Math.ceil(o / block) * block;
  const filledI = thin ? i : Math.ceil(i / block) * block;
  let value = graph.reshape(w, [o, i, k]);
  if (filledO !== o || filledI !== i) {
    value = graph.node("Pad", [value, graph.ints([0, 0, 0, filledO - o, filledI - i, 0])]);
  }
  let ordered = turnTiles(graph, value, filledO / block, filledI * k);
  if (!thin && k > 1) {
    const cells = graph.reshape(ordered, [(filledO / block) * (filledI / block), block, k, block]);
    ordered = graph.node("Transpose", [cells], { perm: [0, 2, 1, 3] });
  }
  return graph.reshape(ordered, [filledO, filledI, kh, kw]);
}

/** [count, B, width] to [count, width, B]: what the runtime does to images too, and much faster than its transposition. */
function turnTiles(graph: OnnxGraph, value: string, count: number, width: number): string {
  const block = graph.blocks.size;
  const images = graph.reshape(value, [count, block, width, 1]);
  return graph.reshape(graph.node("ReorderInput", [images], {}, BLOCKED), [count, width, block]);
}

/** The filter of [I, O, K] for weights [O, I, K]: where both are whole blocks, those of the forward pass turned around. */
function adjointFilter(graph: OnnxGraph, w: string, o: number, i: number, kernel: readonly [number, number]): string {
  const block = graph.options.convBlock!;
  const k = kernel[0] * kernel[1];
  if (o % block !== 0 || i % block !== 0) {
    const swapped = graph.node("Transpose", [graph.reshape(w, [o, i, k])], { perm: [1, 0, 2] });
    return blockFilter(graph, swapped, i, o, kernel);
  }
  const tiles = turnTiles(graph, blockFilter(graph, w, o, i, kernel), (o * i * k) / (block * block), block);
  const turned = graph.reshape(tiles, [o / block, i / block, k * block * block]);
  return graph.reshape(graph.node("Transpose", [turned], { perm: [1, 0, 2] }), [i, o, ...kernel]);
}

function blockBias(graph: OnnxGraph, bias: string, channels: number): string {
  const block = graph.options.convBlock!;
  const filled = Math.ceil(channels / block) * block;
  return filled === channels ? bias : graph.node("Pad", [bias, graph.ints([0, filled - channels])]);
}

/** Thin inputs are read as they are. */
function blockInput(graph: OnnxGraph, x: string, shape: Shape): string {
  if (graph.blocks.fit(shape)) return graph.blocks.enter(x, shape);
  return shape[1] < graph.blocks.size ? x : graph.node("ReorderInput", [x], {}, BLOCKED);
}

function blockedConv(
  graph: OnnxGraph,
  x: string,
  filter: string,
  kernel: readonly [number, number],
  stride: number,
  { top, left, bottom, right }: Pads,
  bias?: string,
): string {
  return graph.node(
    "Conv",
    bias ? [x, filter, bias] : [x, filter],
    { kernel_shape: [...kernel], strides: [stride, stride], pads: [top, left, bottom, right], group: 1 },
    BLOCKED,
  );
}

/** A result of whole blocks stays in them; filled up channels are dropped. */
function leave(graph: OnnxGraph, y: string, shape: Shape): string {
  if (graph.blocks.fit(shape)) return graph.blocks.mark(y, shape);
  return graph.node("ReorderOutput", [y], { channels: shape[1] }, BLOCKED);
}
