/**
 * @file An optimiser's formula over many parameters: large ones each by themselves, all small ones as one vector. Scales,
 * shifts and biases are many and tiny, and a node of the graph costs the same for sixteen values as for a thousand.
 */

import { reshape } from "../ops/broadcast.ts";
import { concat, sliceAxis } from "../ops/layout.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Parameters of at most so many values are updated as one vector. */
const SMALL = 1024;

/** What a step reads of a parameter and replaces, by field. */
export type Fields<Name extends string> = Record<Name, Tensor>;

export interface Updated<Name extends string> {
  /** Name in state of each field. */
  names: Record<Name, string>;
  values: Fields<Name>;
  gradient: Tensor;
}

/** New values by name in state. `step` is elementwise: the same formula for tensors of any shape. */
export function updateJointly<Name extends string>(
  parameters: readonly Updated<Name>[],
  step: (values: Fields<Name>, gradient: Tensor) => Fields<Name>,
): Record<string, Tensor> {
  const updates: Record<string, Tensor> = {};
  const record = ({ names }: Updated<Name>, value: (field: Name) => Tensor) => {
    for (const field of Object.keys(names) as Name[]) updates[names[field]] = value(field);
  };
  const shapeOf = ({ gradient }: Updated<Name>): Shape => gradient.shape;
  const isSmall = (entry: Updated<Name>) => sizeOf(shapeOf(entry)) <= SMALL;
  for (const entry of parameters.filter((one) => !isSmall(one))) {
    const after = step(entry.values, entry.gradient);
    record(entry, (field) => after[field]);
  }
  const small = parameters.filter(isSmall);
  if (small.length === 0) return updates;
  const joined = (pick: (entry: Updated<Name>) => Tensor) => {
    const flat = small.map((entry) => reshape(pick(entry), [sizeOf(shapeOf(entry))]));
    return concat(flat, 0);
  };
  const fields = Object.keys(small[0].names) as Name[];
  const before = Object.fromEntries(fields.map((field) => [field, joined(({ values }) => values[field])]));
  const after = step(
    before as Fields<Name>,
    joined(({ gradient }) => gradient),
  );
  let start = 0;
  for (const entry of small) {
    const shape = shapeOf(entry);
    const from = start;
    record(entry, (field) => reshape(sliceAxis(after[field], 0, from, sizeOf(shape)), shape));
    start += sizeOf(shape);
  }
  return updates;
}
