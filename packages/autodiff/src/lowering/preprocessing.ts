/**
 * @file A detector's way from decoded pixels to the input of its networks, as ONNX nodes, so that Node, browsers and any
 * other ONNX Runtime prepare an image alike. The antialiased triangle filter (Pillow's BILINEAR) of any size to the
 * model's is two matrix products, with weights that the graph works out from the image's own size.
 *
 * No node works in double precision: ONNX Runtime's build for browsers with WebGPU lacks many of those kernels, Cast among
 * them. The weights are quotients of integers instead, which int32 holds exactly.
 *
 * The reference implementation is `prepare` in @hale/imaging; a test in @hale/training holds the two together.
 */
import { type OnnxGraph, SYMBOLIC_BATCH } from "./onnx-graph.ts";
import { FLOAT, INT32 } from "./onnx-model.ts";

export interface PreprocessingOptions {
  /** Side of the square result, in pixels. */
  size: number;
  channels: 1 | 3;
}

/**
 * Declares an input named `pixels` [N, C, H, W], any N, H and W, stored values / full scale in [0, 1], and emits what makes
 * it [N, C, size, size] in [-1, 1]. Returns the name of that value.
 */
export function emitPreprocessing(graph: OnnxGraph, pixels: string, { size, channels }: PreprocessingOptions): string {
  graph.inputs.push({ name: pixels, elemType: FLOAT, dims: ["N", channels, "H", "W"] });
  const across = graph.node("Transpose", [triangleWeights(graph, pixels, 3, size)], { perm: [1, 0] });
  const rows = graph.node("MatMul", [pixels, across]);
  const resized = graph.node("MatMul", [triangleWeights(graph, pixels, 2, size), rows]);
  const half = graph.floats([0.5], []);
  const scaled = graph.node("Div", [graph.node("Sub", [resized, half]), half]);
  // The sizes are known; saying so lets ONNX Runtime plan the rest.
  return graph.reshape(scaled, [SYMBOLIC_BATCH, channels, size, size]);
}

/**
 * The matrix [size, from] that resizes one axis of `pixels`: centre_i = (i + ½)·from/size, weight_ij =
 * max(0, 1 - |j + ½ - centre_i| / max(from/size, 1)), rows divided by their sums.
 *
 * Times 2·max(from, size), a weight is the integer tap_ij = max(0, 2·max(from, size) - |(2j + 1)·size - (2i + 1)·from|).
 * int32 holds it and all on the way to it while from·size < 2³⁰, and float32 while max(from, size) ≤ 2²³. A row's sum can be
 * larger than either, so it is taken in two parts. Only the conversion of the sum and the quotient are rounded.
 */
function triangleWeights(graph: OnnxGraph, pixels: string, axis: 2 | 3, size: number): string {
  const int = (value: number) => graph.int32s([value], []);
  const float = (value: string) => graph.node("Cast", [value], { to: FLOAT });
  const length = graph.node("Shape", [pixels], { start: axis, end: axis + 1 });
  const from = graph.node("Cast", [graph.node("Squeeze", [length])], { to: INT32 });
  const odd = graph.int32s(
    Array.from({ length: size }, (_, i) => 2 * i + 1),
    [size, 1],
  );
  const centres = graph.node("Mul", [odd, from]);
  const positions = graph.node("Range", [int(size), graph.node("Mul", [from, int(2 * size)]), int(2 * size)]);
  const distances = graph.node("Abs", [graph.node("Sub", [positions, centres])]);
  const reach = graph.node("Mul", [graph.node("Max", [from, int(size)]), int(2)]);
  const taps = graph.node("Max", [graph.node("Sub", [reach, distances]), int(0)]);

  const sumOf = (value: string) => float(graph.node("ReduceSum", [value, graph.ints([1])], { keepdims: 1 }));
  const thousands = graph.node("Div", [taps, int(1024)]);
  const rest = graph.node("Sub", [taps, graph.node("Mul", [thousands, int(1024)])]);
  const sums = graph.node("Add", [graph.node("Mul", [sumOf(thousands), graph.floats([1024], [])]), sumOf(rest)]);
  return graph.node("Div", [float(taps), sums]);
}
