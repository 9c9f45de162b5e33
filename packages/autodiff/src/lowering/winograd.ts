/**
 * @file 3x3 convolutions of stride 1 by Winograd's products (`winograd-matrices.ts`), in ONNX: 2.25 multiplications an output
 * and tap instead of 9, as large matrix products, which the runtime does best. All three ops of a convolution have this
 * form, and they share its parts: x transformed serves the forward pass and the weight gradient, dy transformed both
 * gradients.
 *
 * Values lie as [H, W, N, C], so that an axis of the image is transformed by one product with a banded matrix, padding and
 * unfinished tiles built in. That order is one reordering away from channels in blocks. Along long axes, where the matrix
 * would be mostly zeros, it is a convolution with stride 4. Transformed values are [6, tiles, 6, tiles · N, C].
 *
 * The result differs from the direct form by rounding only: 1e-6 to 2e-6 of the largest value.
 */
import type { Shape } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { BLOCKED, MICROSOFT } from "./onnx-model.ts";
import {
  INPUT,
  inputMatrix,
  kernelMatrix,
  OUTPUT,
  outputMatrix,
  TAPS,
  TILE,
  transposed,
  WINDOW,
} from "./winograd-matrices.ts";

/** Length of an axis from which tiles are cut by a convolution instead of a banded matrix. */
const LONG = 48;

const tilesOf = (outputs: number) => Math.ceil(outputs / TILE);

/** y [N, O, h, w] of x [N, C, H, W] and w [O, C, 3, 3]. */
export function winogradConv(
  graph: OnnxGraph,
  x: string,
  w: string,
  [n, c]: Shape,
  [o]: Shape,
  { pad, input, output }: ConvGeometry,
): string {
  const values = cutTiles(graph, enter(graph, x, [n, c, ...input]), n * c, input, output, pad);
  return joinTiles(graph, multiply(graph, values, weights(graph, w, o, c, "forward"), [n, c, o], output, true), [
    n,
    o,
    ...output,
  ]);
}

/** The adjoint in the input: dx [N, C, H, W] of dy [N, O, h, w] and w [O, C, 3, 3]. */
export function winogradConvTranspose(
  graph: OnnxGraph,
  dy: string,
  w: string,
  [n, o]: Shape,
  [, c]: Shape,
  { pad, input, output }: ConvGeometry,
): string {
  const entered = enter(graph, dy, [n, o, ...output]);
  if (isLong(input) || isLong(output)) {
    // The adjoint of overlapping windows is no convolution with a stride; the convolution with the turned kernel is one.
    const values = cutTiles(graph, entered, n * o, output, input, TAPS - 1 - pad);
    const product = multiply(graph, values, weights(graph, w, o, c, "turned"), [n, o, c], input, false);
    return joinTiles(graph, product, [n, c, ...input]);
  }
  const values = cutOutputs(graph, entered, n * o, output);
  const product = multiply(graph, values, weights(graph, w, o, c, "back"), [n, o, c], output, false);
  const [rows, columns] = [0, 1].map((axis) => adjointOfCutting(graph, input[axis], output[axis], pad));
  return leave(graph, alongBoth(graph, product, rows, columns, n * c), [n, c, ...input]);
}

/** The adjoint in the weight: dw [O, C, 3, 3] of x [N, C, H, W] and dy [N, O, h, w]. */
export function winogradWeightGradient(
  graph: OnnxGraph,
  x: string,
  dy: string,
  [n, c]: Shape,
  [, o]: Shape,
  { pad, input, output }: ConvGeometry,
): string {
  const [rows, columns] = output.map(tilesOf);
  const lines = (value: string, channels: number) =>
    graph.reshape(value, [WINDOW, rows, WINDOW, columns * n, channels]);
  const values = lines(cutTiles(graph, enter(graph, x, [n, c, ...input]), n * c, input, output, pad), c);
  const others = lines(cutOutputs(graph, enter(graph, dy, [n, o, ...output]), n * o, output), o);
  // A product for each row of tiles, added up: that of all tiles at once would need them in another order.
  const products = product(graph, others, values, "first");
  const summed =
    rows === 1
      ? products
      : graph.node("ReduceSum", [graph.reshape(products, [WINDOW, rows, WINDOW * o * c]), graph.ints([1])], {
          keepdims: 0,
        });
  const matrix = graph.floats(kernelMatrix(), [WINDOW * WINDOW, TAPS * TAPS]);
  const gradient = graph.node("Gemm", [graph.reshape(summed, [WINDOW * WINDOW, o * c]), matrix], { transA: 1 });
  return graph.reshape(gradient, [o, c, TAPS, TAPS]);
}

/**
 * Weights [O, C, 3, 3] to [36, O, C], once for the forward pass and once more for the input gradient: kept from the one to the
 * other they would be four times the weights in memory, and a hundredth of the time is what that saves.
 */
function weights(graph: OnnxGraph, w: string, o: number, c: number, pass: "forward" | "back" | "turned"): string {
  const matrix = graph.floats(kernelMatrix(pass === "turned"), [WINDOW * WINDOW, TAPS * TAPS]);
  // The default's own value, said aloud, makes it another node to all who join equal ones.
  const own: Record<string, number> = pass === "back" ? { alpha: 1 } : {};
  return graph.node("Gemm", [matrix, graph.reshape(w, [o * c, TAPS * TAPS])], { transB: 1, ...own });
}

/** Transformed values times transformed weights [36, O, C], over C (`forward`) or over O. */
function multiply(
  graph: OnnxGraph,
  values: string,
  filter: string,
  [n, from, to]: readonly [number, number, number],
  outputs: readonly [number, number],
  forward: boolean,
): string {
  const [rows, columns] = outputs.map(tilesOf);
  const [o, c] = forward ? [to, from] : [from, to];
  const left = graph.reshape(values, [WINDOW, rows, WINDOW, columns * n, from]);
  const right = graph.reshape(filter, [WINDOW, 1, WINDOW, o, c]);
  return product(graph, left, right, forward ? "second" : "none");
}

/** A product of matrices of rank 5, of which one is turned first. */
function product(graph: OnnxGraph, left: string, right: string, turned: "first" | "second" | "none"): string {
  const turn = (value: string) => graph.node("Transpose", [value], { perm: [0, 1, 2, 4, 3] });
  if (turned === "none") return graph.node("MatMul", [left, right]);
  if (graph.target === "cpu") {
    const attribute = turned === "first" ? "transA" : "transB";
    return graph.node("FusedMatMul", [left, right], { [attribute]: 1 }, MICROSOFT);
  }
  return graph.node("MatMul", turned === "first" ? [turn(left), right] : [left, turn(right)]);
}

/** [N, C, H, W], in blocks or not, to [H, W, N · C]. */
function enter(graph: OnnxGraph, x: string, shape: Shape): string {
  const [n, c, h, w] = shape;
  if (!graph.blocks.fit(shape)) {
    return graph.reshape(graph.node("Transpose", [graph.blocks.plain(x)], { perm: [2, 3, 0, 1] }), [h, w, n * c]);
  }
  const view = graph.reshape(graph.blocks.enter(x, shape), [1, n * c, h, w]);
  return graph.node("ReorderOutput", [view], { channels: n * c, channels_last: 1 }, BLOCKED);
}

/** The way back. */
function leave(graph: OnnxGraph, value: string, shape: Shape): string {
  const [n, c, h, w] = shape;
  if (!graph.blocks.fit(shape)) {
    return graph.node("Transpose", [graph.reshape(value, [h, w, n, c])], { perm: [2, 3, 0, 1] });
  }
  const blocks = graph.node("ReorderInput", [graph.reshape(value, [1, h, w, n * c])], { channels_last: 1 }, BLOCKED);
  return graph.blocks.mark(graph.reshape(blocks, shape), shape);
}

const isLong = (sides: readonly [number, number]) => sides.some((side) => side >= LONG);

/** Windows of [H, W, channels], transformed: [6 · tiles, 6 · tiles, channels]. */
function cutTiles(
  graph: OnnxGraph,
  x: string,
  channels: number,
  input: readonly [number, number],
  output: readonly [number, number],
  pad: number,
): string {
  if (isLong(input)) return cutByConv(graph, x, channels, input, output.map(tilesOf), INPUT, pad);
  const [rows, columns] = [0, 1].map((axis) => {
    const tiles = tilesOf(output[axis]);
    const matrix = inputMatrix(input[axis], tiles, pad);
    return { name: graph.floats(matrix, [WINDOW * tiles, input[axis]]), to: WINDOW * tiles, from: input[axis] };
  });
  return alongBoth(graph, x, rows, columns, channels);
}

/** The adjoint of `joinTiles`: tiles of [h, w, channels] to [6 · tiles, 6 · tiles, channels]. */
function cutOutputs(graph: OnnxGraph, dy: string, channels: number, output: readonly [number, number]): string {
  if (isLong(output)) {
    const kernel = Array.from({ length: WINDOW }, (_, product) => OUTPUT.map((row) => row[product]));
    return cutByConv(graph, dy, channels, output, output.map(tilesOf), kernel, 0);
  }
  const [rows, columns] = output.map((size) => {
    const tiles = tilesOf(size);
    const matrix = transposed(outputMatrix(size, tiles), size);
    return { name: graph.floats(matrix, [WINDOW * tiles, size]), to: WINDOW * tiles, from: size };
  });
  return alongBoth(graph, dy, rows, columns, channels);
}

/** Products [6, tiles, 6, tiles · N, C] to values [N, C, h, w]. */
function joinTiles(graph: OnnxGraph, products: string, shape: Shape): string {
  const [n, c, height, width] = shape;
  if (isLong([height, width])) {
    const [rows, columns] = [height, width].map(tilesOf);
    const first = joinByGather(graph, products, 1, height, rows, WINDOW * columns * n * c);
    return leave(graph, joinByGather(graph, first, height, width, columns, n * c), shape);
  }
  const [rows, columns] = [height, width].map((size) => {
    const tiles = tilesOf(size);
    return { name: graph.floats(outputMatrix(size, tiles), [size, WINDOW * tiles]), to: size, from: WINDOW * tiles };
  });
  return leave(graph, alongBoth(graph, products, rows, columns, n * c), shape);
}

/** A matrix [to, from] as a value of the graph. */
interface Matrix {
  name: string;
  to: number;
  from: number;
}

function adjointOfCutting(graph: OnnxGraph, input: number, output: number, pad: number): Matrix {
  const tiles = tilesOf(output);
  const matrix = transposed(inputMatrix(input, tiles, pad), WINDOW * tiles);
  return { name: graph.floats(matrix, [input, WINDOW * tiles]), to: input, from: WINDOW * tiles };
}

/** [rows.from, columns.from, channels] to [rows.to, columns.to, channels]. */
function alongBoth(graph: OnnxGraph, x: string, rows: Matrix, columns: Matrix, channels: number): string {
  const first = graph.node("MatMul", [rows.name, graph.reshape(x, [rows.from, columns.from * channels])]);
  return graph.node("MatMul", [columns.name, graph.reshape(first, [rows.to, columns.from, channels])]);
}

/** As a product with a banded matrix on both axes, where that would multiply mostly zeros: a convolution by whole tiles. */
function cutByConv(
  graph: OnnxGraph,
  x: string,
  channels: number,
  [height, width]: readonly [number, number],
  [rows, columns]: readonly number[],
  kernel: readonly (readonly number[])[],
  pad: number,
): string {
  const taps = kernel[0].length;
  // Blocked kernels, which the runtime would choose for a constant, are half as fast on one channel.
  const filter = graph.unfolded(graph.floats(kernel.flat(), [WINDOW, 1, taps, 1]));
  const along = (value: string, images: number, size: number, tiles: number, rest: number) => {
    const after = TILE * (tiles - 1) + taps - size - pad;
    return graph.node("Conv", [graph.reshape(value, [images, 1, size, rest]), filter], {
      kernel_shape: [taps, 1],
      strides: [TILE, 1],
      pads: [pad, 0, after, 0],
    });
  };
  const first = along(x, 1, height, rows, width * channels);
  return along(first, WINDOW * rows, width, columns, channels);
}

/** [outer, 6, tiles, rest] to [outer, size, rest]. */
function joinByGather(
  graph: OnnxGraph,
  products: string,
  outer: number,
  size: number,
  tiles: number,
  rest: number,
): string {
  const matrix = graph.floats(OUTPUT.flat(), [TILE, WINDOW]);
  const values = graph.node("MatMul", [matrix, graph.reshape(products, [outer, WINDOW, tiles * rest])]);
  const order = Array.from({ length: size }, (_, at) => (at % TILE) * tiles + Math.floor(at / TILE));
  return graph.node("Gather", [graph.reshape(values, [outer, TILE * tiles, rest]), graph.ints(order)], { axis: 1 });
}
