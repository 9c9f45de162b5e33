/** @file What is not a number, replaced by what training can go on with. */
import { apply, type Op, type Tensor } from "../tensor.ts";
import { equal, mul } from "./elementwise.ts";

/** What the infinities become, by StyleGAN2-ADA. */
const LARGE = 1e5;
/** The largest float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

const replaced = (v: number): number => {
  if (Number.isNaN(v)) return 0;
  return Math.abs(v) > LARGEST ? Math.sign(v) * LARGE : v;
};

const finiteOp: Op<null> = {
  name: "finite",
  shape: ([x]) => x,
  // What was replaced has no gradient; elsewhere this changes nothing.
  gradient: (node, g) => [mul(g, equal(node.inputs[0], node))],
  reference: ([x]) => x.data.map(replaced),
  lower(graph, [x], { rank }) {
    const scalar = (value: number) => graph.floats([value], new Array(rank).fill(1));
    // NaN equals nothing, not even itself; unlike ONNX's IsNaN, Equal is there on every device.
    const number = graph.node("Where", [graph.node("Equal", [x, x]), x, scalar(0)]);
    const infinite = graph.node("Greater", [graph.node("Abs", [number]), scalar(LARGEST)]);
    const large = graph.node("Mul", [graph.node("Sign", [number]), scalar(LARGE)]);
    return graph.node("Where", [infinite, large, number]);
  },
};

/** x with NaN as 0 and the infinities as ±100 000; every number stays as it is. */
export function finite(x: Tensor): Tensor {
  return apply(finiteOp, [x], null);
}
