/**
 * @file A builder of ONNX graphs. Equal nodes and constants are emitted once, so that ops may ask for the same value
 * without knowing of one another. Where the batch is symbolic, sizes that hang on it become -1 in reshapes.
 */
import { type Shape, sizeOf } from "../shape.ts";
import { Blocks } from "./blocks.ts";
import {
  type AttributeValue,
  attributeProto,
  FLOAT,
  INT32,
  INT64,
  type NodeProto,
  type TensorProto,
  type ValueInfo,
} from "./onnx-model.ts";

/**
 * The stand-in size of a symbolic batch: a prime that no real size is a multiple of. A graph traced with it as its batch
 * is lowered with that axis left open.
 */
export const SYMBOLIC_BATCH = 7919;

/**
 * Where a graph will run. Lowerings may differ where that pays. "any" is for models that leave this process: ops that
 * every runtime has and computes rightly.
 */
export type Target = "cpu" | "webgpu" | "wasm" | "any";

/** How convolutions are worked out. */
export interface Numerics {
  /**
   * Leaves out Winograd's convolutions, which are faster on a CPU and round about four times as much: 1e-6 to 2e-6 of the
   * largest value.
   */
  exact?: boolean;
  /** Takes them wherever they can be, also where they are slower: for tests and benchmarks. */
  winogradAlways?: boolean;
}

export interface OnnxGraphOptions extends Numerics {
  target: Target;
  /** Channels in a block of the device's blocked convolutions; 0 or missing where it has none. */
  convBlock?: number;
  /**
   * The third-level cache is far, as on Intel's servers, where the cores share it over a mesh: a kernel that does not fit into
   * the second-level one halves the speed of a blocked convolution. AMD's Zen reads its own nearly as fast.
   */
  farCache?: boolean;
  /** Values of inputs that become constants of the model. */
  constants?: ReadonlyMap<string, { data: Float32Array; shape: Shape }>;
  /** Inputs that the model works out itself: each function emits nodes and returns the name of the value. */
  provided?: ReadonlyMap<string, (graph: OnnxGraph) => string>;
}

/** Adds a node with one output, whose name it returns. */
export type Emit = (
  opType: string,
  inputs: readonly string[],
  attributes?: Record<string, AttributeValue>,
  domain?: string,
) => string;

export class OnnxGraph {
  readonly nodesList: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly inputs: ValueInfo[] = [];
  readonly blocks = new Blocks(this);
  private readonly known = new Map<string, string[]>();
  private readonly shortcuts: { output: string; via: readonly string[]; build: (emit: Emit) => string }[] = [];
  /** What a value was before it was reshaped. */
  private readonly reshaped = new Map<string, string>();
  private counter = 0;

  constructor(readonly options: OnnxGraphOptions) {}

  get target(): Target {
    return this.options.target;
  }

  /** Emits a node with one output, or finds the equal one, and returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
    domain = "",
  ): string {
    return this.nodes(opType, inputs, 1, attributes, domain)[0];
  }

  /** Emits a node with several outputs. Equal nodes share the first emission. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, AttributeValue> = {},
    domain = "",
  ): string[] {
    const key = JSON.stringify([opType, inputs, attributes, domain, outputs]);
    const found = this.known.get(key);
    if (found) return found;
    const names = Array.from({ length: outputs }, () => `v${this.counter++}`);
    this.nodesList.push(nodeProto(opType, inputs, names, attributes, domain));
    this.known.set(key, names);
    return names;
  }

  /**
   * Offers another way to `output`, where nobody else asks for the values on the way to it. `build` emits the nodes, of
   * which the last makes what it returns.
   */
  shortcut(output: string, via: readonly string[], build: (emit: Emit) => string): void {
    this.shortcuts.push({ output, via, build });
  }

  /** Takes the shortcuts that the finished graph allows; `kept` are the values that leave it. */
  takeShortcuts(kept: ReadonlySet<string>): void {
    const makers = new Map(this.nodesList.flatMap((node) => node.output.map((name) => [name, node] as const)));
    const readers = new Map<string, NodeProto[]>();
    for (const node of this.nodesList) {
      for (const name of node.input) readers.set(name, [...(readers.get(name) ?? []), node]);
    }
    const replaced = new Map<NodeProto, NodeProto[]>();
    for (const { output, via, build } of this.shortcuts) {
      const last = makers.get(output)!;
      const between = new Set(via.map((name) => makers.get(name)!));
      const values = [...between].flatMap((maker) => maker.output).filter((name) => name !== output);
      const inside = (reader: NodeProto) => reader === last || between.has(reader);
      if (values.some((name) => kept.has(name) || readers.get(name)?.some((reader) => !inside(reader)))) continue;
      for (const maker of between) replaced.set(maker, []);
      const chain: NodeProto[] = [];
      build((opType, inputs, attributes = {}, domain = "") => {
        const name = `v${this.counter++}`;
        chain.push(nodeProto(opType, inputs, [name], attributes, domain));
        return name;
      });
      chain[chain.length - 1].output = [output];
      replaced.set(last, chain);
    }
    const nodes = this.nodesList.flatMap((node) => replaced.get(node) ?? node);
    this.nodesList.splice(0, this.nodesList.length, ...nodes);
  }

  /** Drops nodes whose values nobody reads; `kept` are the values that leave the graph. */
  prune(kept: ReadonlySet<string>): void {
    const read = new Set(kept);
    const used = this.nodesList.toReversed().filter((node) => {
      if (!node.output.some((name) => read.has(name))) return false;
      for (const name of node.input) read.add(name);
      return true;
    });
    this.nodesList.splice(0, this.nodesList.length, ...used.reverse());
  }

  /** A named graph input, or its value where the options make it constant or provide it. */
  input(name: string, shape: Shape): string {
    const key = `input ${name}`;
    const found = this.known.get(key);
    if (found) return found[0];
    const provide = this.options.provided?.get(name);
    if (provide) {
      const value = provide(this);
      this.known.set(key, [value]);
      return value;
    }
    const fixed = this.options.constants?.get(name);
    if (fixed) this.addInitializer(name, FLOAT, [...fixed.shape], bytesOf(fixed.data));
    else this.inputs.push({ name, elemType: FLOAT, dims: shape.map((size) => this.openSize(size)) });
    this.known.set(key, [name]);
    return name;
  }

  /** A float constant. */
  floats(values: ArrayLike<number>, shape: Shape): string {
    const data = Float32Array.from(values);
    return this.constant(FLOAT, shape, bytesOf(data));
  }

  /**
   * A constant that the runtime does not know to be one, so that it leaves the kernels that read it as they are: a sum with
   * a zero that hangs on an input.
   */
  unfolded(constant: string): string {
    const [input] = this.inputs;
    if (!input) return constant;
    const first = this.node("Slice", [this.reshape(input.name, [-1]), this.ints([0]), this.ints([1])]);
    const zero = this.node("Cast", [this.node("Greater", [first, first])], { to: FLOAT });
    return this.node("Add", [constant, zero]);
  }

  /** A constant of 32-bit integers, for exact arithmetic that every device has. */
  int32s(values: ArrayLike<number>, shape: Shape): string {
    return this.constant(INT32, shape, bytesOf(Int32Array.from(values)));
  }

  /** A vector of whole numbers: axes, shapes, starts. */
  ints(values: readonly number[]): string {
    for (const value of values) {
      if (value >= SYMBOLIC_BATCH && value % SYMBOLIC_BATCH === 0) {
        throw new Error("This graph needs to know its batch size and cannot be exported with a symbolic one.");
      }
    }
    return this.constant(INT64, [values.length], bytesOf(BigInt64Array.from(values, BigInt)));
  }

  reshape(value: string, shape: Shape): string {
    const open = shape.map((size) => (typeof this.openSize(size) === "string" ? -1 : size));
    // Of several in a row only the last counts; `prune` drops the others where nobody else reads them.
    const source = this.reshaped.get(value) ?? value;
    const result = this.node("Reshape", [source, this.ints(open)]);
    this.reshaped.set(result, source);
    return result;
  }

  expand(value: string, shape: Shape): string {
    return this.node("Expand", [value, this.ints(shape)]);
  }

  /** The size itself, or a name for one that hangs on the symbolic batch. */
  openSize(size: number): number | string {
    if (size < SYMBOLIC_BATCH || size % SYMBOLIC_BATCH !== 0) return size;
    return size === SYMBOLIC_BATCH ? "N" : `N*${size / SYMBOLIC_BATCH}`;
  }

  private constant(dataType: number, shape: Shape, rawData: Uint8Array): string {
    // Long constants are told apart by name only; hashing them would cost more than it saves.
    const key = sizeOf(shape) <= 4096 ? `constant ${dataType} [${shape}] ${rawData.join(",")}` : null;
    const found = key ? this.known.get(key) : undefined;
    if (found) return found[0];
    const name = `c${this.counter++}`;
    this.addInitializer(name, dataType, [...shape], rawData);
    if (key) this.known.set(key, [name]);
    return name;
  }

  private addInitializer(name: string, dataType: number, dims: number[], rawData: Uint8Array): void {
    this.initializers.push({ name, dataType, dims, rawData });
  }
}

function nodeProto(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, AttributeValue>,
  domain: string,
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) =>
    attributeProto(name, FLOAT_ATTRIBUTES.has(name) ? { float: value as number } : value),
  );
  return { opType, domain, input: [...inputs], output: [...outputs], attribute };
}

/** Attributes that ONNX types as float even when their value is whole. */
const FLOAT_ATTRIBUTES = new Set(["alpha", "beta", "epsilon"]);

function bytesOf(data: Float32Array | Int32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
