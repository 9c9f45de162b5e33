/**
 * @file Sums, means and maxima over axes, and softmax.
 */
import { forEachIndex } from "../array64.ts";
import { averageBlocks } from "../lowering/blocks.ts";
import type { OnnxGraph } from "../lowering/onnx-graph.ts";
import { normaliseAxes, type Shape, sameShape, sizeOf, stridesOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { add, div, equal, exp, mul, relu, sub } from "./elementwise.ts";
import { expand, reshape } from "./layout.ts";
import { detach } from "./leaf.ts";

interface ReduceAttributes {
  axes: readonly number[];
}

/** The shape with the reduced axes kept as 1. */
function kept(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function reduce64(
  shape: Shape,
  data: Float64Array,
  axes: readonly number[],
  start: number,
  combine: (a: number, b: number) => number,
): Float64Array {
  const target = kept(shape, axes);
  const strides = stridesOf(target);
  const result = new Float64Array(sizeOf(target)).fill(start);
  forEachIndex(shape, (index, flat) => {
    let to = 0;
    for (let axis = 0; axis < shape.length; axis++) if (target[axis] !== 1) to += index[axis] * strides[axis];
    result[to] = combine(result[to], data[flat]);
  });
  return result;
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

const meanOp: Op<ReduceAttributes> = {
  name: "mean",
  shape: ([x], { axes }) => kept(x, axes),
  gradient: (node, g) => {
    const [x] = node.inputs;
    return [expand(mul(g, sizeOf(node.shape) / sizeOf(x.shape)), x.shape)];
  },
  reference: ([x], node) => sumOp.reference([x], node).map((total) => (total * sizeOf(node.shape)) / sizeOf(x.shape)),
  lower: (graph, [x], node) => graph.node("ReduceMean", [x, graph.ints(node.attributes.axes)], { keepdims: 1 }),
  lowerBlocks: (graph, [x], node) => {
    const { axes } = node.attributes;
    if (axes.length === 4) return meanOp.lower(graph, [x], node);
    if (!overPlanes(axes)) return null;
    return overImages(graph, "ReduceMean", averageBlocks(graph, x, node.inputs[0].shape), axes);
  },
};

/** Over rows and columns, and over images or not. */
const overPlanes = (axes: readonly number[]) => [2, 3].every((axis) => axes.includes(axis)) && !axes.includes(1);

/** What `join` makes of the planes [N, C, 1, 1] of all images, where the axes have them. */
function overImages(graph: OnnxGraph, join: string, planes: string, axes: readonly number[]): string {
  return axes.includes(0) ? graph.node(join, [planes, graph.ints([0])], { keepdims: 1 }) : planes;
}

const maxOp: Op<ReduceAttributes> = {
  name: "max",
  shape: ([x], { axes }) => kept(x, axes),
  gradient: (node, g) => {
    // Ties share the gradient evenly.
    const hit = equal(node.inputs[0], node);
    return [mul(hit, div(g, sum(hit, node.attributes.axes, true)))];
  },
  reference: ([x], node) => reduce64(x.shape, x.data, node.attributes.axes, -Infinity, Math.max),
  lower: (graph, [x], node) => graph.node("ReduceMax", [x, graph.ints(node.attributes.axes)], { keepdims: 1 }),
};

function reduceWith(op: Op<ReduceAttributes>, x: Tensor, axes: readonly number[] | undefined, keep: boolean): Tensor {
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

/** Mean over `axes` (all of them by default); `keep` leaves them as size 1. */
export function mean(x: Tensor, axes?: readonly number[], keep = false): Tensor {
  return reduceWith(meanOp, x, axes, keep);
}

/** Maximum over `axes`; where several elements share it, they share the gradient. */
export function max(x: Tensor, axes?: readonly number[], keep = false): Tensor {
  return reduceWith(maxOp, x, axes, keep);
}

const kthLargestOp: Op<{ k: number }> = {
  name: "kthLargest",
  shape: (shapes, { k }) => {
    const [rows, width] = shapes[0];
    if (shapes[0].length !== 2 || !Number.isInteger(k) || k < 1 || k > width) {
      throw new RangeError("needs rows [R, L] and k from 1 to L.");
    }
    return [rows, 1];
  },
  gradient: (node, g) => {
    const hit = equal(node.inputs[0], node);
    return [mul(hit, div(g, sum(hit, [1], true)))];
  },
  reference: ([x], node) => {
    const width = x.shape[1];
    return Float64Array.from(
      node.shape.slice(0, 1).flatMap((rows) => Array.from({ length: rows }, (_, i) => i)),
      (row) => x.data.slice(row * width, (row + 1) * width).sort()[width - node.attributes.k],
    );
  },
  lower: (graph, [x], { attributes: { k } }) => {
    const [values] = graph.nodes("TopK", [x, graph.ints([k])], 2, { axis: 1, largest: 1, sorted: 1 });
    return graph.node("Slice", [values, graph.ints([k - 1]), graph.ints([k]), graph.ints([1])]);
  },
};

/** The k-th largest of each row of x [R, L], as [R, 1]. */
export function kthLargest(x: Tensor, k: number): Tensor {
  return apply(kthLargestOp, [x], { k });
}

/** Mean of the k largest of each row of x [R, L], as [R, 1]: t + Σ max(x - t, 0)/k with t the k-th largest. */
export function topMean(x: Tensor, k: number): Tensor {
  const t = kthLargest(x, k);
  return add(t, mul(sum(relu(sub(x, t)), [1], true), 1 / k));
}

/** Sums `x` down to a shape that broadcasts to its own: the adjoint of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const shift = x.rank - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis < shift || shape[axis - shift] !== x.shape[axis]);
  return reshape(sum(x, axes, true), shape);
}

/** exp(x) normalised over one axis; shifted by the maximum, through which no gradient needs to flow. */
export function softmax(x: Tensor, axis: number): Tensor {
  const powers = exp(sub(x, detach(max(x, [axis], true))));
  return div(powers, sum(powers, [axis], true));
}
