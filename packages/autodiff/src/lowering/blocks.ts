/**
 * @file Values whose channels lie in blocks (NCHWc), as ONNX Runtime's fastest CPU convolutions read and write them. A value
 * [N, C, H, W] in blocks has the same dimensions, but its memory is [N, C/B, H, W, B]. What an op can do as well on that
 * order it does there, and a value is put in order only for those that cannot: each reordering is a pass over memory that
 * the runtime does on one thread.
 *
 * Only channels in whole blocks: where some are filled up, sums would take the filling for data.
 */
import { type Shape, sameShape, sizeOf } from "../shape.ts";
import { type AttributeValue, BLOCKED } from "./onnx-model.ts";

/** What the bookkeeping needs of the graph that it belongs to. */
export interface BlockedGraph {
  readonly options: { convBlock?: number };
  node(opType: string, inputs: readonly string[], attributes: Record<string, AttributeValue>, domain: string): string;
  reshape(value: string, shape: Shape): string;
}

export class Blocks {
  private readonly shapes = new Map<string, Shape>();
  /** Scalings by name, as convolutions that may do more in the same pass. */
  readonly scaled = new Map<string, { inputs: string[]; attributes: Record<string, AttributeValue> }>();
  /** Products of two values of their own shape, both in blocks, by name. */
  readonly products = new Map<string, readonly [string, string]>();
  /** The same value in plain order of one in blocks, and the other way round. */
  private readonly counterparts = new Map<string, string>();

  constructor(private readonly graph: BlockedGraph) {}

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
    const known = this.counterparts.get(name);
    if (known) return known;
    const value = this.graph.node("ReorderOutput", [name], { channels: shape[1] }, BLOCKED);
    this.pair(name, value);
    return value;
  }

  /** The value in blocks; its shape must fit. */
  enter(name: string, shape: Shape): string {
    if (this.has(name)) return name;
    const known = this.counterparts.get(name);
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
    this.counterparts.set(blocked, plain);
    this.counterparts.set(plain, blocked);
  }
}
