/**
 * @file Evaluates a graph in float64 with the naive references: the judge of every lowering, and the arithmetic of
 * finite-difference checks. Far too slow for training.
 */
import type { Array64 } from "./array64.ts";
import { topologicalOrder } from "./graph.ts";
import { inputName } from "./ops/leaf.ts";
import { sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Values of `outputs`, given those of the named inputs. */
export function evaluate(outputs: readonly Tensor[], inputs: Readonly<Record<string, ArrayLike<number>>>): Array64[] {
  const values = new Map<Tensor, Array64>();
  for (const tensor of topologicalOrder(outputs)) {
    const name = inputName(tensor);
    let data: Float64Array;
    if (name === null) {
      data = tensor.op.reference(
        tensor.inputs.map((source) => values.get(source)!),
        tensor,
      );
    } else {
      if (!(name in inputs)) throw new Error(`The input ${name} has no value.`);
      data = Float64Array.from(inputs[name]);
    }
    if (data.length !== sizeOf(tensor.shape))
      throw new Error(`${tensor.op.name} made ${data.length} values for [${tensor.shape}].`);
    values.set(tensor, { shape: tensor.shape, data });
  }
  return outputs.map((output) => values.get(output)!);
}
