/**
 * @file Leaves of a graph: named inputs (batches, random numbers, state), constants, and the barrier against gradients.
 */
import { type Shape, sizeOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";

const inputOp: Op<{ name: string; shape: Shape }> = {
  name: "input",
  shape: (_inputs, { shape }) => shape,
  gradient: () => [],
  reference: () => {
    throw new Error("An input has no value of its own; the evaluator supplies it.");
  },
  lower: (graph, _inputs, node) => graph.input(node.attributes.name, node.shape),
};

/** A named value that the caller supplies at each run. */
export function input(name: string, shape: Shape): Tensor {
  return apply(inputOp, [], { name, shape });
}

/** The name of an input made by `input`, or null for any other tensor. */
export function inputName(tensor: Tensor): string | null {
  return (tensor.op as unknown) === inputOp ? (tensor.attributes as { name: string }).name : null;
}

const constantOp: Op<{ values: ArrayLike<number>; shape: Shape }> = {
  name: "constant",
  shape: (_inputs, { values, shape }) => {
    if (values.length !== sizeOf(shape)) throw new RangeError(`${values.length} values do not fill [${shape}].`);
    return shape;
  },
  gradient: () => [],
  reference: (_inputs, node) => Float64Array.from(node.attributes.values),
  lower: (graph, _inputs, node) => graph.floats(node.attributes.values, node.shape),
};

export function constant(values: ArrayLike<number>, shape: Shape): Tensor {
  return apply(constantOp, [], { values, shape });
}

export function scalar(value: number): Tensor {
  return constant([value], []);
}

/** The value of a scalar constant, or null. Lets builders drop multiplications by one and the like. */
export function scalarValue(tensor: Tensor): number | null {
  if ((tensor.op as unknown) !== constantOp || tensor.rank !== 0) return null;
  return (tensor.attributes as { values: ArrayLike<number> }).values[0];
}

const detachOp: Op<null> = {
  name: "detach",
  shape: ([x]) => x,
  gradient: () => [null],
  reference: ([x]) => x.data.slice(),
  lower: (_graph, [x]) => x,
  lowerBlocks: (_graph, [x]) => x,
};

/** The same numbers, through which no gradient flows. */
export function detach(x: Tensor): Tensor {
  return apply(detachOp, [x], null);
}
