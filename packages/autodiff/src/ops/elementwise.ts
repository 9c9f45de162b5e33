/**
 * @file Elementwise ops with NumPy broadcasting. Each gradient is written in the same ops, so it can be differentiated.
 */
import { fill64, readBroadcast } from "../array64.ts";
import { joinScaling, scaleBlocks } from "../lowering/block-ops.ts";
import type { OnnxGraph } from "../lowering/onnx-graph.ts";
import { FLOAT } from "../lowering/onnx-model.ts";
import { broadcastShapes, sameShape } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { expand, sumTo } from "./broadcast.ts";
import { scalar, scalarValue } from "./leaf.ts";

/** Numbers stand for scalar constants wherever a tensor is expected. */
export type Operand = Tensor | number;

function asTensor(value: Operand): Tensor {
  return typeof value === "number" ? scalar(value) : value;
}

interface UnaryRule {
  value(x: number): number;
  onnx: string;
  /** dL/dx from the input x, the output y and dL/dy. */
  gradient(x: Tensor, y: Tensor, g: Tensor): Tensor | null;
  /** Name under which a convolution in blocks does it in the same pass. */
  activation?: string;
}

function unary(name: string, rule: UnaryRule): (x: Tensor) => Tensor {
  const op: Op<null> = {
    name,
    shape: ([x]) => x,
    gradient: (node, g) => [rule.gradient(node.inputs[0], node, g)],
    reference: ([x]) => x.data.map(rule.value),
    lower: (graph, inputs) => graph.node(rule.onnx, inputs),
    lowerBlocks: (graph, [x], node) => {
      const result = op.lower(graph, [x], node);
      if (rule.activation) joinScaling(graph, result, x, { activation: rule.activation });
      return graph.blocks.mark(result, node.shape);
    },
  };
  return (x) => apply(op, [x], null);
}

export const neg = unary("neg", { value: (x) => -x, onnx: "Neg", gradient: (_x, _y, g) => neg(g) });
export const exp = unary("exp", { value: Math.exp, onnx: "Exp", gradient: (_x, y, g) => mul(g, y) });
export const log = unary("log", { value: Math.log, onnx: "Log", gradient: (x, _y, g) => div(g, x) });
export const sqrt = unary("sqrt", { value: Math.sqrt, onnx: "Sqrt", gradient: (_x, y, g) => div(mul(g, 0.5), y) });
export const tanh = unary("tanh", {
  value: Math.tanh,
  onnx: "Tanh",
  gradient: (_x, y, g) => mul(g, sub(1, mul(y, y))),
});
export const sigmoid = unary("sigmoid", {
  value: (x) => 1 / (1 + Math.exp(-x)),
  onnx: "Sigmoid",
  gradient: (_x, y, g) => mul(g, mul(y, sub(1, y))),
});
/** log(1 + exp(x)), without overflow. */
export const softplus = unary("softplus", {
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  onnx: "Softplus",
  gradient: (x, _y, g) => mul(g, sigmoid(x)),
});
export const abs = unary("abs", { value: Math.abs, onnx: "Abs", gradient: (x, _y, g) => mul(g, sign(x)) });
/** -1, 0 or 1; its gradient is zero. */
export const sign = unary("sign", { value: Math.sign, onnx: "Sign", gradient: () => null });
export const reciprocal = unary("reciprocal", {
  value: (x) => 1 / x,
  onnx: "Reciprocal",
  gradient: (_x, y, g) => neg(mul(g, mul(y, y))),
});
export const relu = unary("relu", {
  value: (x) => Math.max(x, 0),
  onnx: "Relu",
  activation: "Relu",
  gradient: (_x, y, g) => gate(g, y, 0),
});

interface BinaryRule {
  value(a: number, b: number): number;
  onnx: string;
  gradient(a: Tensor, b: Tensor, y: Tensor, g: Tensor): readonly [Tensor | null, Tensor | null];
  /** What the op comes to when one side is a scalar constant, or null. */
  simplify?(a: Tensor, b: Tensor): Tensor | null;
  /** The ONNX op answers a boolean, which becomes 0 or 1. */
  boolean?: boolean;
  /** A faster form on channels in blocks, or null. */
  lowerBlocks?(graph: OnnxGraph, inputs: readonly string[], node: Tensor): string | null;
}

function binary(name: string, rule: BinaryRule): (a: Operand, b: Operand) => Tensor {
  const op: Op<null> = {
    name,
    shape: ([a, b]) => broadcastShapes(a, b),
    gradient: (node, g) => {
      const [a, b] = node.inputs;
      const [da, db] = rule.gradient(a, b, node, g);
      return [da && sumTo(da, a.shape), db && sumTo(db, b.shape)];
    },
    reference: ([a, b], node) =>
      fill64(node.shape, (index) => rule.value(readBroadcast(a, index), readBroadcast(b, index))),
    lower: (graph, inputs, { inputs: operands, rank }) => {
      const value = graph.node(
        rule.onnx,
        operands.map((operand, i) => {
          // A scalar without axes beside a tensor that ends in axes of 1 is several times slower in ONNX Runtime (1.30).
          const constant = scalarValue(operand);
          return constant === null ? inputs[i] : graph.floats([constant], new Array(rank).fill(1));
        }),
      );
      return rule.boolean ? graph.node("Cast", [value], { to: FLOAT }) : value;
    },
    lowerBlocks: (graph, inputs, node) => {
      const shapes = node.inputs.map((operand) => operand.shape);
      return (
        rule.lowerBlocks?.(graph, inputs, node) ??
        graph.blocks.elementwise(inputs, shapes, node.shape, (names) => op.lower(graph, names, node))
      );
    },
  };
  return (left, right) => {
    const a = asTensor(left);
    const b = asTensor(right);
    return rule.simplify?.(a, b) ?? apply(op, [a, b], null);
  };
}

/** `x`, broadcast to what `x` and `other` come to: for dropping a neutral operand without changing the shape. */
function broadcastLike(x: Tensor, other: Tensor): Tensor {
  const shape = broadcastShapes(x.shape, other.shape);
  return sameShape(shape, x.shape) ? x : expand(x, shape);
}

export const add = binary("add", {
  value: (a, b) => a + b,
  onnx: "Add",
  gradient: (_a, _b, _y, g) => [g, g],
  simplify: (a, b) => (scalarValue(b) === 0 ? broadcastLike(a, b) : scalarValue(a) === 0 ? broadcastLike(b, a) : null),
  lowerBlocks: (graph, [a, b], node) => {
    const scaled = [a, b].find((name) => graph.blocks.scaled.has(name));
    if (!scaled || !node.inputs.every((operand) => sameShape(operand.shape, node.shape))) return null;
    const other = graph.blocks.enter(scaled === a ? b : a, node.shape);
    if (other === scaled) return null;
    const result = graph.node("Add", [scaled, other]);
    joinScaling(graph, result, scaled, { add: other });
    return graph.blocks.mark(result, node.shape);
  },
});
export const sub = binary("sub", {
  value: (a, b) => a - b,
  onnx: "Sub",
  gradient: (_a, _b, _y, g) => [g, neg(g)],
  simplify: (a, b) => (scalarValue(b) === 0 ? broadcastLike(a, b) : null),
});
export const mul = binary("mul", {
  value: (a, b) => a * b,
  onnx: "Mul",
  gradient: (a, b, _y, g) => [mul(g, b), mul(g, a)],
  simplify: (a, b) => (scalarValue(b) === 1 ? broadcastLike(a, b) : scalarValue(a) === 1 ? broadcastLike(b, a) : null),
  lowerBlocks: (graph, inputs, node) => {
    const [n, channels, height, width] = node.shape;
    if (node.inputs.every(({ shape }) => sameShape(shape, node.shape)) && graph.blocks.fit(node.shape)) {
      const [a, b] = inputs.map((name) => graph.blocks.enter(name, node.shape));
      const product = graph.blocks.mark(graph.node("Mul", [a, b]), node.shape);
      graph.blocks.products.set(product, [a, b]);
      return product;
    }
    const vector = node.inputs.findIndex(({ shape }) => sameShape(shape, [shape[0], channels, 1, 1]));
    const x = 1 - vector;
    if (vector < 0 || !sameShape(node.inputs[x].shape, node.shape) || !graph.blocks.fit(node.shape)) return null;
    const [images] = node.inputs[vector].shape;
    const value = graph.blocks.enter(inputs[x], node.shape);
    if (images !== n) return scaleBlocks(graph, value, node.shape, inputs[vector]);
    // A factor for every image and channel: all of them are channels of one image.
    const one = [1, n * channels, height, width];
    const scaled = scaleBlocks(graph, graph.blocks.mark(graph.reshape(value, one), one), one, inputs[vector]);
    return graph.blocks.mark(graph.reshape(scaled, node.shape), node.shape);
  },
});
export const div = binary("div", {
  value: (a, b) => a / b,
  onnx: "Div",
  gradient: (_a, b, y, g) => {
    const da = div(g, b);
    return [da, neg(mul(da, y))];
  },
});
/** 1 where a > b, else 0; its gradient is zero. */
export const greater = binary("greater", {
  value: (a, b) => (a > b ? 1 : 0),
  onnx: "Greater",
  boolean: true,
  gradient: () => [null, null],
});
/** 1 where a = b, else 0; its gradient is zero. */
export const equal = binary("equal", {
  value: (a, b) => (a === b ? 1 : 0),
  onnx: "Equal",
  boolean: true,
  gradient: () => [null, null],
});
/** The larger; where both are equal the gradient goes to `b`. */
export const maximum = binary("maximum", {
  value: Math.max,
  onnx: "Max",
  gradient: (a, b, _y, g) => {
    const first = greater(a, b);
    return [mul(g, first), mul(g, sub(1, first))];
  },
});
/** The smaller; where both are equal the gradient goes to `b`. */
export const minimum = binary("minimum", {
  value: Math.min,
  onnx: "Min",
  gradient: (a, b, _y, g) => {
    const first = greater(b, a);
    return [mul(g, first), mul(g, sub(1, first))];
  },
});

export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** x where x > 0, else slope·x. */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  return apply(leakyReluOp, [x], { slope });
}

const leakyReluOp: Op<{ slope: number }> = {
  name: "leakyRelu",
  shape: ([x]) => x,
  gradient: (node, g) => [gate(g, node, node.attributes.slope)],
  reference: ([x], node) => x.data.map((v) => (v > 0 ? v : node.attributes.slope * v)),
  lower: (graph, inputs, node) => graph.node("LeakyRelu", inputs, { alpha: node.attributes.slope }),
  lowerBlocks: (graph, inputs, node) => graph.blocks.mark(leakyReluOp.lower(graph, inputs, node), node.shape),
};

/**
 * The gradient of ReLU and its leaky kind, as an op of its own: g where y > 0, else slope·g. Linear in g, flat in y, so
 * it is closed under differentiation. `y` may be the activation's output, since a slope from 0 to 1 keeps its sign.
 */
export function gate(g: Tensor, y: Tensor, slope: number): Tensor {
  return apply(gateOp, [g, y], { slope });
}

const gateOp: Op<{ slope: number }> = {
  name: "gate",
  shape: ([g, y], { slope }) => {
    if (!sameShape(g, y)) throw new RangeError("both inputs need one shape.");
    if (!(slope >= 0 && slope <= 1)) throw new RangeError("needs a slope from 0 to 1.");
    return g;
  },
  gradient: (node, outer) => [gate(outer, node.inputs[1], node.attributes.slope), null],
  reference: ([g, y], node) => g.data.map((v, i) => (y.data[i] > 0 ? v : node.attributes.slope * v)),
  lower: (graph, [g, y], { rank, attributes: { slope } }) => {
    if (slope === 0) {
      // 1 where y > 0, by one op that uses all threads: clip(y·10³⁰, 0, 1). Multiplying is faster than choosing.
      return graph.node("Mul", [g, graph.node("HardSigmoid", [y], { alpha: 1e30, beta: 0 })]);
    }
    // The same between slope and 1.
    const steep = graph.node("Mul", [y, graph.floats([1e30], new Array(rank).fill(1))]);
    return graph.node("Mul", [g, graph.node("Clip", [steep, graph.floats([slope], []), graph.floats([1], [])])]);
  },
  lowerBlocks: (graph, inputs, node) =>
    graph.blocks.elementwise(inputs, [node.shape, node.shape], node.shape, (names) => gateOp.lower(graph, names, node)),
};

/** Parametric ReLU: x where x > 0, else slope·x with a learnt slope that broadcasts (He et al. 2015). */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  return sub(relu(x), mul(slope, relu(neg(x))));
}
