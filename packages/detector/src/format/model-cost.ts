/**
 * @file What a detector's model costs before it is run: the shape of everything that it makes, for pictures of given sizes,
 * in bytes and multiply-adds. Only what that leaves affordable reaches ONNX Runtime, which computes parts of a model that
 * hang on nothing while it compiles it.
 */
import { INPUT } from "../outputs.ts";
import { ELEMENT_BYTES, ModelFault, type ReadModel, type Weights } from "./onnx-message.ts";
import { FLOAT, INT64, type Known, madeBy, OPERATORS, ShapeFault, sizeOf } from "./operators.ts";

export interface Cost {
  /** Of everything that the nodes make, none of it given back. */
  bytes: number;
  /** Of the largest array. */
  largest: number;
  /** Multiply-adds, or as many steps of another kind. */
  steps: number;
  /** Of what hangs on weights alone: worked out while the model is compiled, and kept. */
  constantBytes: number;
  /** Shapes of the outputs, by name. */
  outputs: ReadonlyMap<string, readonly number[]>;
}

/** Whole numbers of a small array, where they may be shapes, axes or places. */
function valuesIn({ type, dims, data }: Weights): number[] | undefined {
  const count = sizeOf(dims);
  if (type === FLOAT || count > 16) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: count }, (_, i) =>
    type === INT64 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  );
}

/** The cost for pixels of this shape, [N, C, H, W]. Throws ModelFault where the model is no graph of a detector. */
export function costOf({ nodes, weights, inputs, outputs }: ReadModel, pixels: readonly number[]): Cost {
  const known = new Map<string, Known>();
  const define = (name: string, value: Known) => {
    if (name === "" || known.has(name)) throw new ModelFault(`makes ${name || "a value without a name"} twice`);
    known.set(name, value);
  };
  for (const { name, type, dims } of inputs) {
    const fits = dims.length === pixels.length && dims.every((size, i) => size === null || size === pixels[i]);
    if (name !== INPUT || type !== FLOAT || !fits)
      throw new ModelFault(`asks for ${name || "an input"}, which is no picture`);
    define(name, { type: FLOAT, dims: pixels });
  }
  for (const one of weights)
    define(one.name, { type: one.type, dims: one.dims, values: valuesIn(one), constant: true });
  const cost = { bytes: 0, largest: 0, steps: 0, constantBytes: 0 };
  for (const { op, inputs: read, outputs: made, attributes } of nodes) {
    const odd = `has an operator ${JSON.stringify(op.slice(0, 80))} that`;
    if (!Object.hasOwn(OPERATORS, op)) throw new ModelFault(`${odd} detectors do not use`);
    const given = read.map((name) => {
      const value = known.get(name);
      if (!value) throw new ModelFault(`reads ${name.slice(0, 80) || "nothing"} before it is made`);
      return value;
    });
    let result: ReturnType<typeof madeBy>;
    try {
      result = madeBy(op, given, made.length, attributes);
    } catch (cause) {
      if (!(cause instanceof ShapeFault)) throw cause;
      throw new ModelFault(`${odd} ${cause.message}`);
    }
    const constant = given.every((value) => value.constant);
    result.outputs.forEach((value, i) => {
      const bytes = ELEMENT_BYTES[value.type] * sizeOf(value.dims);
      cost.bytes += bytes;
      cost.largest = Math.max(cost.largest, bytes);
      if (constant) cost.constantBytes += bytes;
      define(made[i], { ...value, constant });
    });
    cost.steps += result.steps;
  }
  const shapes = outputs.map(({ name }) => {
    const value = known.get(name);
    if (!value) throw new ModelFault(`does not make its output ${name.slice(0, 80)}`);
    return [name, value.dims] as const;
  });
  return { ...cost, outputs: new Map(shapes) };
}
