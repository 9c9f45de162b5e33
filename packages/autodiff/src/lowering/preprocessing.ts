/**
 * @file A detector's way from decoded pixels to what its networks eat, as ONNX nodes, so that Node, browsers and any
 * other ONNX Runtime prepare an image alike. The antialiased triangle filter (Pillow's BILINEAR) of any size to the
 * model's is two matrix products, with weights that the graph works out from the image's own size.
 *
 * The naive twin is `prepare` in @hale/imaging; a test in @hale/training holds the two together.
 */
import { type OnnxGraph, SYMBOLIC_BATCH } from "./onnx-graph.ts";
import { DOUBLE, FLOAT } from "./onnx-model.ts";

export interface PreprocessingOptions {
  /** Side of the square result, in pixels. */
  size: number;
  channels: 1 | 3;
}

/** Name of the model input that the nodes read. */
const PIXELS = "pixels";

/**
 * Declares the input `pixels` [N, C, H, W], any N, H and W, stored values / full scale in [0, 1], and emits what makes
 * it [N, C, size, size] in [-1, 1]. Returns the name of that value.
 */
export function emitPreprocessing(graph: OnnxGraph, { size, channels }: PreprocessingOptions): string {
  graph.inputs.push({ name: PIXELS, elemType: FLOAT, dims: ["N", channels, "H", "W"] });
  const across = graph.node("Transpose", [triangleWeights(graph, 3, size)], { perm: [1, 0] });
  const rows = graph.node("MatMul", [PIXELS, across]);
  const resized = graph.node("MatMul", [triangleWeights(graph, 2, size), rows]);
  const half = graph.floats([0.5], []);
  const scaled = graph.node("Div", [graph.node("Sub", [resized, half]), half]);
  // The sizes are known; saying so lets ONNX Runtime plan the rest.
  return graph.reshape(scaled, [SYMBOLIC_BATCH, channels, size, size]);
}

/**
 * The matrix [size, from] that resizes one axis of `pixels`: centre_i = (i + ½)·from/size, weight_ij =
 * max(0, 1 - |j + ½ - centre_i| / max(from/size, 1)), rows divided by their sums. In double precision until the end.
 */
function triangleWeights(graph: OnnxGraph, axis: 2 | 3, size: number): string {
  const number = (value: number) => graph.doubles([value], []);
  const length = graph.node("Shape", [PIXELS], { start: axis, end: axis + 1 });
  const from = graph.node("Cast", [graph.node("Squeeze", [length])], { to: DOUBLE });
  const scale = graph.node("Div", [from, number(size)]);
  const support = graph.node("Max", [scale, number(1)]);
  const positions = graph.doubles(
    Array.from({ length: size }, (_, i) => i + 0.5),
    [size, 1],
  );
  const centres = graph.node("Mul", [positions, scale]);
  const taps = graph.node("Range", [number(0.5), graph.node("Add", [from, number(0.5)]), number(1)]);
  const distance = graph.node("Abs", [graph.node("Sub", [taps, centres])]);
  const weights = graph.node("Relu", [graph.node("Sub", [number(1), graph.node("Div", [distance, support])])]);
  const sums = graph.node("ReduceSum", [weights, graph.ints([1])], { keepdims: 1 });
  return graph.node("Cast", [graph.node("Div", [weights, sums])], { to: FLOAT });
}
