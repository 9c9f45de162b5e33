/**
 * @file Walks over graphs of tensors: order and gradients.
 */

import { expand } from "./ops/broadcast.ts";
import { add } from "./ops/elementwise.ts";
import { constant, scalar } from "./ops/leaf.ts";
import { sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Every tensor that the given ones hang on, inputs before users. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [...outputs];
  while (stack.length > 0) {
    const tensor = stack.pop()!;
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    stack.push(...tensor.inputs);
  }
  // Tensors are immutable and numbered as they are made, so the numbers are an order already.
  return [...seen].sort((a, b) => a.id - b.id);
}

/**
 * Reverse-mode gradients of a scalar (or of the sum of a tensor) with respect to each of `wrt`; zeros where it does not
 * depend on one. The gradients are tensors like any other and can be differentiated again.
 */
export function gradients(output: Tensor, wrt: readonly Tensor[]): Tensor[] {
  const order = topologicalOrder([output]);
  const needed = new Set<Tensor>(wrt);
  for (const tensor of order) if (tensor.inputs.some((source) => needed.has(source))) needed.add(tensor);

  const flowing = new Map<Tensor, Tensor>();
  flowing.set(output, expand(scalar(1), output.shape));
  for (let i = order.length - 1; i >= 0; i--) {
    const tensor = order[i];
    const g = flowing.get(tensor);
    if (!g || !needed.has(tensor) || tensor.inputs.length === 0) continue;
    const parts = tensor.op.gradient(tensor, g);
    tensor.inputs.forEach((source, at) => {
      const part = parts[at];
      if (!part || !needed.has(source)) return;
      const before = flowing.get(source);
      flowing.set(source, before ? add(before, part) : part);
    });
  }
  return wrt.map((tensor) => flowing.get(tensor) ?? constant(new Float32Array(sizeOf(tensor.shape)), tensor.shape));
}
