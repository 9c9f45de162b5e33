/**
 * @file What a rule sees of a node: inputs as layers or constants, attributes with their defaults, and the means to make a
 * layer. Whatever is not as the rule needs it is an `Unsupported` with the reason.
 */
import type { NamedArray, Tensor } from "@hale/autodiff";
import type { Channels, Layer, Padding } from "../description.ts";
import type { OnnxNode, OnnxTensor } from "./model.ts";

/** Why a node cannot become a layer, as the end of a sentence that names the node. */
export class Unsupported extends Error {}

/** A value that a layer makes. */
export interface LayerValue {
  kind: "layer";
  id: string;
  channels: Channels;
  /** At the size of image that is imported for; its last two axes are rows and columns. */
  tensor: Tensor;
  /** 2 where ONNX has dropped the two axes that a point has still. */
  rank: 2 | 4;
  /** Margins of minus infinity that the next pool is to have: top, left, bottom, right. */
  border?: readonly number[];
}

export interface ConstantValue {
  kind: "constant";
  tensor: OnnxTensor;
}

/** A value that there is no layer for, and the node to blame. */
export interface MissingValue {
  kind: "missing";
  reason: string;
}

export type Value = LayerValue | ConstantValue | MissingValue;

/** A layer without its id. */
export type NewLayer = Layer extends infer One ? (One extends Layer ? Omit<One, "id"> : never) : never;

/** Numbers that are still to be folded, so of double precision where they have been worked on. */
export interface Weight {
  shape: readonly number[];
  data: Float32Array | Float64Array;
}

export interface LayerMaker {
  /** Keeps a weight and returns its name. */
  weight(weight: Weight): string;
  layer(layer: NewLayer): LayerValue;
}

export class NodeReader {
  constructor(
    readonly node: OnnxNode,
    readonly opset: number,
    private readonly values: ReadonlyMap<string, Value>,
    private readonly maker: LayerMaker,
  ) {}

  has(input: number): boolean {
    return (this.node.inputs[input] ?? "") !== "";
  }

  value(input: number): Value {
    const name = this.node.inputs[input] ?? "";
    if (name === "") throw new Unsupported(`lacks its input ${input}`);
    const value = this.values.get(name);
    if (!value) throw new Unsupported(`reads ${name}, which nothing before it makes`);
    return value;
  }

  isConstant(input: number): boolean {
    return this.has(input) && this.value(input).kind === "constant";
  }

  /** A value of a layer; with `border` one that has margins of minus infinity may be it. */
  layer(input = 0, border = false): LayerValue {
    const value = this.value(input);
    if (value.kind === "missing") throw new Unsupported(value.reason);
    if (value.kind === "constant") throw new Unsupported("works on a constant where a layer's values belong");
    if (value.border && !border) throw new Unsupported("reads margins of minus infinity, which only a MaxPool can");
    return value;
  }

  constant(input: number): OnnxTensor {
    const value = this.value(input);
    if (value.kind === "missing") throw new Unsupported(value.reason);
    if (value.kind === "layer") throw new Unsupported(`has an input ${input} that is no constant`);
    return value.tensor;
  }

  /** Numbers of a constant of these sizes. */
  floats(input: number, count: number): Float32Array {
    const tensor = this.constant(input);
    const data = tensor.floats();
    if (data.length !== count) throw new Unsupported(`has [${tensor.dims}] where ${count} numbers belong`);
    return data;
  }

  /** A scalar of an input, or of an attribute in older versions; undefined where there is neither. */
  bound(input: number, attribute: string): number | undefined {
    if (this.has(input)) return this.floats(input, 1)[0];
    return this.node.attributes.get(attribute)?.f;
  }

  int(name: string, otherwise: number): number {
    return this.node.attributes.get(name)?.i ?? otherwise;
  }

  float(name: string, otherwise: number): number {
    return this.node.attributes.get(name)?.f ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    return this.node.attributes.get(name)?.s ?? otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    return this.node.attributes.get(name)?.ints;
  }

  /** Rows and columns of a window, of strides or dilations. */
  pair(name: string, otherwise: readonly [number, number]): readonly [number, number] {
    const list = this.ints(name) ?? otherwise;
    if (list.length !== 2 || list.some((size) => size < 1)) throw new Unsupported(`has ${name} of [${list}]`);
    return [list[0], list[1]];
  }

  /** The same of both axes. */
  square(name: string, otherwise: number): number {
    const [rows, columns] = this.pair(name, [otherwise, otherwise]);
    if (rows !== columns) throw new Unsupported(`has ${name} of ${rows} and ${columns}, which differ`);
    return rows;
  }

  /** A window's margins from `auto_pad` and `pads`. */
  padding(): Padding {
    const auto = this.text("auto_pad", "NOTSET");
    if (auto === "SAME_UPPER") return "same";
    if (auto === "VALID") return 0;
    if (auto !== "NOTSET" && auto !== "") throw new Unsupported(`has auto_pad ${auto}`);
    return paddingOf(this.ints("pads") ?? [0, 0, 0, 0]);
  }

  make(layer: NewLayer): LayerValue {
    return this.maker.layer(layer);
  }

  weight(shape: readonly number[], data: Weight["data"]): string {
    return this.maker.weight({ shape, data });
  }

  /** A layer that multiplies each channel by a number and adds one. */
  affine({ id, channels: { count }, rank }: LayerValue, scale: Float64Array, shift: Float64Array): LayerValue {
    const weight = this.weight([count, 1, 1, 1], scale);
    const bias = this.weight([count], shift);
    const window = { kernel: 1, stride: 1, padding: 0 };
    const made = this.make({ op: "depthwise", inputs: [id], ...window, activation: "linear", weight, bias });
    return { ...made, rank };
  }
}

/** Margins as a layer has them, one number where all are alike. */
export function paddingOf(pads: readonly number[]): Padding {
  const [top, left, bottom, right] = pads;
  if (pads.length !== 4 || pads.some((pixels) => pixels < 0)) throw new Unsupported(`has pads of [${pads}]`);
  return pads.every((pixels) => pixels === top) ? top : [top, left, bottom, right];
}

/** A weight as the engine takes it. */
export const singleOf = ({ shape, data }: Weight): NamedArray => ({
  shape: [...shape],
  data: data instanceof Float32Array ? data : Float32Array.from(data),
});
