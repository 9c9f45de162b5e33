/**
 * @file Matrix products, batched and with either side transposed.
 */
import { fill64, readBroadcast } from "../array64.ts";
import type { OnnxGraph } from "../lowering/onnx-graph.ts";
import { broadcastShapes, type Shape } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { sumTo } from "./broadcast.ts";
import { add } from "./elementwise.ts";

interface MatmulAttributes {
  transposeA: boolean;
  transposeB: boolean;
}

const swapLast = (shape: readonly number[]) => [
  ...shape.slice(0, -2),
  shape[shape.length - 1],
  shape[shape.length - 2],
];

const matmulOp: Op<MatmulAttributes> = {
  name: "matmul",
  shape: ([a, b], { transposeA, transposeB }) => {
    if (a.length < 2 || b.length < 2) throw new RangeError("needs matrices.");
    const left = transposeA ? swapLast(a) : a;
    const right = transposeB ? swapLast(b) : b;
    const inner = left[left.length - 1];
    if (inner !== right[right.length - 2]) throw new RangeError("inner sizes differ.");
    const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
    return [...batch, left[left.length - 2], right[right.length - 1]];
  },
  gradient: (node, g) => {
    const [a, b] = node.inputs;
    const { transposeA, transposeB } = node.attributes;
    const da = transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true })
      : matmul(g, b, { transposeB: !transposeB });
    const db = transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, g, { transposeA: !transposeA });
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
  reference: ([a, b], node) => {
    const { transposeA, transposeB } = node.attributes;
    const inner = transposeA ? a.shape[a.shape.length - 2] : a.shape[a.shape.length - 1];
    return fill64(node.shape, (index) => {
      const batch = index.slice(0, -2);
      const [row, column] = index.slice(-2);
      let total = 0;
      for (let k = 0; k < inner; k++) {
        const left = readBroadcast(a, [...batch, ...(transposeA ? [k, row] : [row, k])]);
        total += left * readBroadcast(b, [...batch, ...(transposeB ? [column, k] : [k, column])]);
      }
      return total;
    });
  },
  lower: (graph, [a, b], node) => {
    const { transposeA, transposeB } = node.attributes;
    const [left, right] = node.inputs;
    if (left.rank === 2 && right.rank === 2) {
      return graph.node("Gemm", [a, b], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 });
    }
    return graph.node("MatMul", [
      transposeA ? turn(graph, a, left.rank) : a,
      transposeB ? turn(graph, b, right.rank) : b,
    ]);
  },
  lowerBlocks: (graph, [a, b], node) => {
    // One matrix for all channels, on either side: it mixes rows or columns, and blocks stay together.
    const { transposeA, transposeB } = node.attributes;
    const [left, right] = node.inputs.map(({ shape }) => shape);
    const shared = (shape: Shape) => shape.length === 4 && shape[0] === 1 && shape[1] === 1;
    const { size } = graph.blocks;
    const [n, c, height, width] = node.shape;
    const groups = (n * c) / size;
    if (shared(left) && graph.blocks.has(b) && !transposeB) {
      const matrix = graph.reshape(transposeA ? turn(graph, a, 4) : a, [1, height, right[2]]);
      const product = graph.node("MatMul", [matrix, graph.reshape(b, [groups, right[2], width * size])]);
      return graph.blocks.mark(graph.reshape(product, node.shape), node.shape);
    }
    if (shared(right) && graph.blocks.has(a) && !transposeA) {
      const matrix = graph.reshape(transposeB ? b : turn(graph, b, 4), [1, width, left[3]]);
      const product = graph.node("MatMul", [matrix, graph.reshape(a, [groups * height, left[3], size])]);
      return graph.blocks.mark(graph.reshape(product, node.shape), node.shape);
    }
    return null;
  },
};

function turn(graph: OnnxGraph, name: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return graph.node("Transpose", [name], { perm });
}

/** Matrix product over the last two axes; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttributes> = {}): Tensor {
  return apply(matmulOp, [a, b], { transposeA: false, transposeB: false, ...options });
}

/** x·Wᵀ + b for x [N, in], W [out, in], b [out]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = matmul(x, weight, { transposeB: true });
  return bias ? add(y, bias) : y;
}
