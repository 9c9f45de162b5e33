/**
 * @file Reshape, broadcasting and sums. One file, because each is written in the others: the gradient of a sum is a broadcast,
 * and that of a broadcast a sum. Every other op may use these, and these use no other.
 */
import { fill64, readBroadcast } from "../array64.ts";
import { averageBlocks } from "../lowering/block-ops.ts";
import { broadcastShapes, normaliseAxes, type Shape, sameShape, sizeOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { kept, overImages, overPlanes, type ReduceAttributes, reduce64 } from "./reduce.ts";

const reshapeOp: Op<{ shape: Shape }> = {
  name: "reshape",
  shape: ([x], { shape }) => {
    if (sizeOf(x) !== sizeOf(shape)) throw new RangeError(`cannot become [${shape}].`);
    return shape;
  },
  gradient: (node, g) => [reshape(g, node.inputs[0].shape)],
  reference: ([x]) => x.data.slice(),
  lower: (graph, [x], node) => graph.reshape(x, node.shape),
};

export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  // Two reshapes in a row are one.
  const source = (x.op as unknown) === reshapeOp ? x.inputs[0] : x;
  return sameShape(source.shape, shape) ? source : apply(reshapeOp, [source], { shape });
}

const expandOp: Op<{ shape: Shape }> = {
  name: "expand",
  shape: ([x], { shape }) => {
    if (!sameShape(broadcastShapes(x, shape), shape)) throw new RangeError(`does not broadcast to [${shape}].`);
    return shape;
  },
  gradient: (node, g) => [sumTo(g, node.inputs[0].shape)],
  reference: ([x], node) => fill64(node.shape, (index) => readBroadcast(x, index)),
  lower: (graph, [x], node) => graph.expand(x, node.shape),
};

/** Broadcasts to a larger shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape });
}

const sumOp: Op<ReduceAttributes> = {
  name: "sum",
  shape: ([x], { axes }) => kept(x, axes),
  gradient: (node, g) => [expand(g, node.inputs[0].shape)],
  reference: ([x], node) => reduce64(x.shape, x.data, node.attributes.axes, 0, (a, b) => a + b),
  lower: (graph, [x], node) => graph.node("ReduceSum", [x, graph.ints(node.attributes.axes)], { keepdims: 1 }),
  lowerBlocks: (graph, [x], node) => {
    const { axes } = node.attributes;
    if (axes.length === 4) return sumOp.lower(graph, [x], node);
    if (!overPlanes(axes)) return null;
    const { shape } = node.inputs[0];
    const sums = overImages(graph, "ReduceSum", averageBlocks(graph, x, shape), axes);
    return graph.node("Mul", [sums, graph.floats([shape[2] * shape[3]], [1, 1, 1, 1])]);
  },
};

/** Applies a reduction over `axes` (all of them by default); `keep` leaves them as size 1. */
export function reduceWith(
  op: Op<ReduceAttributes>,
  x: Tensor,
  axes: readonly number[] | undefined,
  keep: boolean,
): Tensor {
  const list = axes ? normaliseAxes(axes, x.rank) : x.shape.map((_, axis) => axis);
  const reduced = list.every((axis) => x.shape[axis] === 1) ? x : apply(op, [x], { axes: list });
  if (keep) return reduced;
  return reshape(
    reduced,
    x.shape.filter((_, axis) => !list.includes(axis)),
  );
}

/** Sum over `axes` (all of them by default); `keep` leaves them as size 1. */
export function sum(x: Tensor, axes?: readonly number[], keep = false): Tensor {
  return reduceWith(sumOp, x, axes, keep);
}

/** Sums `x` down to a shape that broadcasts to its own: the adjoint of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const shift = x.rank - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis < shift || shape[axis - shift] !== x.shape[axis]);
  return reshape(sum(x, axes, true), shape);
}
