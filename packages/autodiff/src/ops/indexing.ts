/**
 * @file Gather and its adjoint, scatter-add, along the first axis, and where the largest of a row are. Indices are float
 * tensors of integers (ONNX gets them cast), so that they can be inputs like any other; no gradient flows to or from them.
 */
import { fill64 } from "../array64.ts";
import { FLOAT } from "../lowering/onnx-model.ts";
import { sizeOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";

const INT64 = 7;
/** From here on float32 does not hold every integer. */
const EXACT = 2 ** 24;

const gatherOp: Op<null> = {
  name: "gather",
  shape: ([x, indices]) => [...indices, ...x.slice(1)],
  gradient: (node, g) => [scatterAdd(g, node.inputs[1], node.inputs[0].shape[0]), null],
  reference: ([x, indices], node) => {
    const width = sizeOf(x.shape.slice(1));
    const y = new Float64Array(sizeOf(node.shape));
    indices.data.forEach((row, i) => {
      y.set(x.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return y;
  },
  lower: (graph, [x, indices]) => graph.node("Gather", [x, graph.node("Cast", [indices], { to: INT64 })], { axis: 0 }),
};

/** Rows x[indices]: [...indices.shape, ...x.shape[1:]]. */
export function gather(x: Tensor, indices: Tensor): Tensor {
  return apply(gatherOp, [x, indices], null);
}

const scatterAddOp: Op<{ rows: number }> = {
  name: "scatterAdd",
  shape: ([g, indices], { rows }) => [rows, ...g.slice(indices.length)],
  gradient: (node, outer) => [gather(outer, node.inputs[1]), null],
  reference: ([g, indices], node) => {
    const width = sizeOf(node.shape.slice(1));
    const y = fill64(node.shape, () => 0);
    indices.data.forEach((row, i) => {
      for (let k = 0; k < width; k++) y[row * width + k] += g.data[i * width + k];
    });
    return y;
  },
  lower: (graph, [g, indices], node) => {
    const rest = node.shape.slice(1);
    const count = sizeOf(node.inputs[1].shape);
    const zeros = graph.expand(graph.floats([0], []), node.shape);
    const rows = graph.node("Cast", [graph.reshape(indices, [count, 1])], { to: INT64 });
    const updates = graph.reshape(g, [count, ...rest]);
    return graph.node("ScatterND", [zeros, rows, updates], { reduction: "add" });
  },
};

/** Adds the rows of g into `rows` zero rows at `indices`: the adjoint of `gather`. Repeated indices add up. */
export function scatterAdd(g: Tensor, indices: Tensor, rows: number): Tensor {
  return apply(scatterAddOp, [g, indices], { rows });
}

const topIndicesOp: Op<{ k: number }> = {
  name: "topIndices",
  shape: (shapes, { k }) => {
    const [rows, width] = shapes[0];
    if (shapes[0].length !== 2 || !Number.isInteger(k) || k < 1 || k > width || width > EXACT) {
      throw new RangeError("needs rows [R, L], L at most 2^24, and k from 1 to L.");
    }
    return [rows, k];
  },
  gradient: () => [null],
  reference: ([x], { attributes: { k } }) => {
    const [rows, width] = x.shape;
    return Float64Array.from(
      Array.from({ length: rows }, (_, row) => {
        const values = x.data.subarray(row * width, (row + 1) * width);
        // Array.sort is stable, so the first of equal values comes first, as in ONNX.
        return Array.from(values.keys())
          .sort((a, b) => values[b] - values[a])
          .slice(0, k);
      }).flat(),
    );
  },
  lower: (graph, [x], { attributes: { k } }) => {
    // One alone is found in one pass, and on WebGPU without leaving the GPU.
    const indices =
      k === 1
        ? graph.node("ArgMax", [x], { axis: 1, keepdims: 1 })
        : graph.nodes("TopK", [x, graph.ints([k])], 2, { axis: 1, largest: 1, sorted: 1 })[1];
    return graph.node("Cast", [indices], { to: FLOAT });
  },
};

/** Where the k largest of each row of x [R, L] are, the largest first: [R, k], for `gather`. */
export function topIndices(x: Tensor, k: number): Tensor {
  return apply(topIndicesOp, [x], { k });
}
