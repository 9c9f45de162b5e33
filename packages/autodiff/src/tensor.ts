/**
 * @file Symbolic tensors. A `Tensor` is a node of a graph: it knows its static shape, the op that makes it and that op's
 * inputs; it holds no numbers. Numbers come when the graph is lowered to ONNX (`lowering/`) or evaluated in float64
 * (`evaluate.ts`).
 */
import type { Array64 } from "./array64.ts";
import type { OnnxGraph } from "./lowering/onnx-graph.ts";
import type { Shape } from "./shape.ts";

/**
 * One operation: a shape rule, a gradient rule written in the same ops (so that gradients of gradients work), a naive
 * float64 reference, and its lowering to ONNX. `A` is its attributes, plain data.
 */
export interface Op<A> {
  readonly name: string;
  /** The output's shape; throws `RangeError` on inputs that do not fit. */
  shape(inputs: readonly Shape[], attributes: A): Shape;
  /** Gradients with respect to each input, given that of the output; null where there is none. */
  gradient(node: Tensor<A>, outputGradient: Tensor): readonly (Tensor | null)[];
  /** Naive and obvious, in float64: the reference that every lowering is tested against. */
  reference(inputs: readonly Array64[], node: Tensor<A>): Float64Array;
  /** Emits ONNX nodes and returns the name of the value that holds the output. */
  lower(graph: OnnxGraph, inputs: readonly string[], node: Tensor<A>): string;
  /** The same where some input has its channels in blocks (`lowering/blocks.ts`); null where it wants them in order. */
  lowerBlocks?(graph: OnnxGraph, inputs: readonly string[], node: Tensor<A>): string | null;
}

let nextId = 0;

/** A symbolic float32 tensor of static shape. */
export class Tensor<A = unknown> {
  /** Creation order; a topological order of any graph. */
  readonly id = nextId++;

  constructor(
    readonly op: Op<A>,
    readonly inputs: readonly Tensor[],
    readonly attributes: A,
    readonly shape: Shape,
  ) {}

  get rank(): number {
    return this.shape.length;
  }
}

/** Applies an op to tensors, checking shapes. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  let shape: Shape;
  try {
    shape = op.shape(
      inputs.map((input) => input.shape),
      attributes,
    );
  } catch (error) {
    const shapes = inputs.map((input) => `[${input.shape}]`).join(", ");
    throw new RangeError(`${op.name}(${shapes}): ${(error as Error).message}`);
  }
  return new Tensor(op as Op<unknown>, inputs, attributes as unknown, shape);
}
