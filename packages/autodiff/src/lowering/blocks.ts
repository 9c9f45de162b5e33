/**
 * @file Values whose channels lie in blocks (NCHWc), as ONNX Runtime's fastest CPU convolutions read and write them. A value
 * [N, C, H, W] in blocks has the same dimensions, but its memory is [N, C/B, H, W, B]. What an op can do as well on that
 * order it does there, and a value is put in order only for those that cannot: each reordering is a pass over memory that
 * the runtime does on one thread.
 *
 * Only channels in whole blocks: where some are filled up, sums would take the filling for data.
 */
import { type Shape, sameShape, sizeOf } from "../shape.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { type AttributeValue, BLOCKED } from "./onnx-model.ts";

export class Blocks {
  private readonly shapes = new Map<string, Shape>();
  /** Scalings by name, as convolutions that may do more in the same pass. */
  readonly scaled = new Map<string, { inputs: string[]; attributes: Record<string, AttributeValue> }>();
  /** Products of two values of their own shape, both in blocks, by name. */
  readonly products = new Map<string, readonly [string, string]>();
  /** The plain twin of a value in blocks, and the other way round. */
  private readonly twins = new Map<string, string>();

  constructor(private readonly graph: OnnxGraph) {}

  /** Channels a block; 0 where the device has none. */
  get size(): number {
    return this.graph.options.convBlock ?? 0;
  }

  /** Whether values of this shape can be in blocks. */
  fit(shape: Shape): boolean {
    return this.size > 0 && shape.length === 4 && shape[1] % this.size === 0;
  }

  has(name: string): boolean {
    return this.shapes.has(name);
  }

  /** Says that the value is in blocks. */
  mark(name: string, shape: Shape): string {
    this.shapes.set(name, shape);
    return name;
  }

  /** The value in plain order. */
  plain(name: string): string {
    const shape = this.shapes.get(name);
    if (!shape) return name;
    const known = this.twins.get(name);
    if (known) return known;
    const value = this.graph.node("ReorderOutput", [name], { channels: shape[1] }, BLOCKED);
    this.pair(name, value);
    return value;
  }

  /** The value in blocks; its shape must fit. */
  enter(name: string, shape: Shape): string {
    if (this.has(name)) return name;
    const known = this.twins.get(name);
    if (known) return known;
    const value = this.mark(this.graph.node("ReorderInput", [name], {}, BLOCKED), shape);
    this.pair(value, name);
    return value;
  }

  /**
   * An elementwise node on values in blocks: `emit` gets all of them as they can be combined. Null where one of them
   * cannot: it would have to broadcast within rows or columns.
   */
  elementwise(
    names: readonly string[],
    shapes: readonly Shape[],
    result: Shape,
    emit: (names: string[]) => string,
  ): string | null {
    if (!this.fit(result)) return null;
    const one = (shape: Shape) => sizeOf(shape) === 1;
    if (shapes.every((shape) => one(shape) || sameShape(shape, result))) {
      return this.mark(emit(names.map((name, i) => (one(shapes[i]) ? name : this.enter(name, result)))), result);
    }
    const [n, c, h, w] = result;
    const views: string[] = [];
    for (const [i, shape] of shapes.entries()) {
      const [images, channels, ...sides] = [...new Array(4 - shape.length).fill(1), ...shape] as number[];
      const flat = sides.every((size) => size === 1);
      if (!flat && !sameShape(sides, [h, w])) return null;
      const own = channels === 1 || flat ? names[i] : this.enter(names[i], [images, c, h, w]);
      const places = flat ? 1 : h * w;
      const view = channels === 1 ? [images, 1, places, 1] : [images, c / this.size, places, this.size];
      views.push(one(shape) ? names[i] : this.graph.reshape(own, view));
    }
    return this.mark(this.graph.reshape(emit(views), [n, c, h, w]), result);
  }

  private pair(blocked: string, plain: string): void {
    this.twins.set(blocked, plain);
    this.twins.set(plain, blocked);
  }
}

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
