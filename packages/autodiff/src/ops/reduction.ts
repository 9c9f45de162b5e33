/** @file Means and maxima over axes, order statistics, and softmax. Sums: broadcast.ts. */
import { averageBlocks } from "../lowering/block-ops.ts";
import { sizeOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { expand, reduceWith, sum } from "./broadcast.ts";
import { add, div, equal, exp, mul, relu, sub } from "./elementwise.ts";
import { detach } from "./leaf.ts";
import { kept, overImages, overPlanes, type ReduceAttributes, reduce64 } from "./reduce.ts";

const meanOp: Op<ReduceAttributes> = {
  name: "mean",
  shape: ([x], { axes }) => kept(x, axes),
  gradient: (node, g) => {
    const [x] = node.inputs;
    return [expand(mul(g, sizeOf(node.shape) / sizeOf(x.shape)), x.shape)];
  },
  reference: ([x], node) =>
    reduce64(x.shape, x.data, node.attributes.axes, 0, (a, b) => a + b).map(
      (total) => (total * sizeOf(node.shape)) / sizeOf(x.shape),
    ),
  lower: (graph, [x], node) => graph.node("ReduceMean", [x, graph.ints(node.attributes.axes)], { keepdims: 1 }),
  lowerBlocks: (graph, [x], node) => {
    const { axes } = node.attributes;
    if (axes.length === 4) return meanOp.lower(graph, [x], node);
    if (!overPlanes(axes)) return null;
    return overImages(graph, "ReduceMean", averageBlocks(graph, x, node.inputs[0].shape), axes);
  },
};

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

/** exp(x) normalised over one axis; shifted by the maximum, through which no gradient needs to flow. */
export function softmax(x: Tensor, axis: number): Tensor {
  const powers = exp(sub(x, detach(max(x, [axis], true))));
  return div(powers, sum(powers, [axis], true));
}
