/** @file Nodes on values whose channels lie in blocks (blocks.ts): scaling, averages of planes, repetition. */
import type { Shape } from "../shape.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { BLOCKED } from "./onnx-model.ts";

/** Attributes of a depthwise convolution of one tap. */
export const oneTap = (channels: number) => ({
  kernel_shape: [1, 1],
  strides: [1, 1],
  pads: [0, 0, 0, 0],
  group: channels,
});

/** x·factor + offset with a number each a channel: in blocks a depthwise convolution of one tap. */
export function scaleBlocks(graph: OnnxGraph, x: string, shape: Shape, factor: string, offset?: string): string {
  const filter = graph.reshape(factor, [shape[1], 1, 1, 1]);
  const attributes = oneTap(shape[1]);
  const inputs = offset ? [x, filter, offset] : [x, filter];
  const y = graph.node("Conv", inputs, attributes, BLOCKED);
  graph.blocks.scaled.set(y, { inputs, attributes });
  return graph.blocks.mark(y, shape);
}

/** Offers to do what follows a scaling in the same pass: an activation, or the addition of another value in blocks. */
export function joinScaling(
  graph: OnnxGraph,
  result: string,
  scaled: string,
  next: { activation: string } | { add: string },
): void {
  const scaling = graph.blocks.scaled.get(scaled);
  if (!scaling) return;
  const [x, filter, offset = ""] = scaling.inputs;
  const [inputs, attributes] =
    "add" in next
      ? [[x, filter, offset, next.add], scaling.attributes]
      : [scaling.inputs, { ...scaling.attributes, ...next }];
  graph.shortcut(result, [scaled], (emit) => emit("Conv", inputs, attributes, BLOCKED));
}

/**
 * Averages [N, C, 1, 1] of planes. Those of a product that serves nothing else are taken without writing it: a depthwise
 * convolution of one factor with the other as its kernel, every plane of every image a channel.
 */
export function averageBlocks(graph: OnnxGraph, x: string, [n, c, h, w]: Shape): string {
  const averages = graph.node("GlobalAveragePool", [x], {}, BLOCKED);
  const factors = graph.blocks.products.get(x);
  if (factors && h * w >= SMALLEST_PRODUCT) {
    graph.shortcut(averages, [x], (emit) => {
      const view = (name: string, shape: Shape) => emit("Reshape", [name, graph.ints(shape)]);
      const attributes = { kernel_shape: [h, w], strides: [1, 1], pads: [0, 0, 0, 0], group: n * c };
      const [image, kernel] = [view(factors[0], [1, n * c, h, w]), view(factors[1], [n * c, 1, h, w])];
      const sums = view(emit("Conv", [image, kernel], attributes, BLOCKED), [n, c, 1, 1]);
      return emit("Mul", [sums, graph.floats([1 / (h * w)], [1, 1, 1, 1])]);
    });
  }
  return averages;
}

/** Pixels of a plane below which the product costs less than the nodes around it. */
const SMALLEST_PRODUCT = 64;

/** Every value `factor` times in both directions. */
export function repeatBlocks(graph: OnnxGraph, x: string, [n, c, h, w]: Shape, factor: number): string {
  const y = graph.node("Upsample", [x], { scales: [1, 1, factor, factor], mode: "nearest" }, BLOCKED);
  return graph.blocks.mark(y, [n, c, h * factor, w * factor]);
}
