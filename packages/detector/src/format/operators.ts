/**
 * @file The operators of a detector: those that the exporter writes for the registered methods, each with the attributes
 * that it writes, the shape of what comes out, and what that costs. A model with any other operator or attribute is
 * refused: its sizes would not be known before it runs. Rules: onnx.ai/onnx/operators, version 20 of the set. A new
 * operator in a method's answers needs a row here; a test in @hale/methods says so.
 */

export const [FLOAT, INT32, INT64, BOOL] = [1, 6, 7, 9] as const;
export type ElementType = typeof FLOAT | typeof INT32 | typeof INT64 | typeof BOOL;

/** A whole number, a list of them, or a float. */
export type Attribute = number | number[] | { float: number };

/** What is known of a value before the model runs. */
export interface Known {
  type: ElementType;
  dims: readonly number[];
  /** The whole numbers that it holds, where they follow from weights and the picture's size alone and are few. */
  values?: readonly number[];
  /** Whether the values hang on the picture's size. */
  open?: boolean;
  /** Whether it hangs on weights alone: ONNX Runtime works it out while it compiles, and keeps it. */
  constant?: boolean;
}

/** What a node makes. */
export interface Made {
  outputs: Known[];
  /** Multiply-adds, or as many steps of another kind. */
  steps: number;
}

/** A rule of shapes that does not hold: ends "the operator …". */
export class ShapeFault extends Error {}

const need = (holds: boolean, what: string): void => {
  if (!holds) throw new ShapeFault(what);
};

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);

/** Reads attributes with their defaults. */
class Settings {
  constructor(private readonly attributes: ReadonlyMap<string, Attribute>) {}

  int(name: string, otherwise?: number): number {
    const value = this.attributes.get(name) ?? otherwise;
    if (typeof value !== "number") throw new ShapeFault(`lacks its attribute ${name}`);
    return value;
  }

  /** A list of whole numbers from `least` to a million. */
  ints(name: string, length: number, least = 0): number[] {
    const value = this.attributes.get(name);
    const fits = Array.isArray(value) && value.length === length && value.every((one) => one >= least && one < 1e6);
    if (!fits) throw new ShapeFault(`has an attribute ${name} that does not fit`);
    return value;
  }
}

interface Operator {
  inputs: readonly [least: number, most: number];
  outputs: number;
  attributes: readonly string[];
  make(inputs: readonly Known[], settings: Settings): Made;
}

const row = (
  inputs: number | readonly [number, number],
  attributes: readonly string[],
  make: Operator["make"],
  outputs = 1,
): Operator => ({ inputs: typeof inputs === "number" ? [inputs, inputs] : inputs, outputs, attributes, make });

const one = (output: Known, steps = sizeOf(output.dims)): Made => ({ outputs: [output], steps });

/** The shape that two broadcast to. */
function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a, b].map((dims) => dims[i - rank + dims.length] ?? 1);
    need(left === right || left === 1 || right === 1, "is given shapes that do not go together");
    return Math.max(left, right);
  });
}

function axisOf(axis: number, rank: number): number {
  need(axis >= -rank && axis < rank, "names an axis that is not there");
  return axis < 0 ? axis + rank : axis;
}

/** The whole numbers that an input is known to hold, whatever the picture's size. */
function valuesOf({ values, open }: Known): readonly number[] {
  if (!values || open) throw new ShapeFault("hangs on numbers that are not known before it runs");
  return values;
}

const unary = (steps = 1) => row(1, [], ([x]) => one({ type: x.type, dims: x.dims }, steps * sizeOf(x.dims)));

const binary = (result?: ElementType, values?: (a: Known, b: Known) => Known["values"]) =>
  row(2, [], ([a, b]) => {
    need(a.type === b.type, "is given values of two types");
    const known = values?.(a, b);
    return one({
      type: result ?? a.type,
      dims: broadcast(a.dims, b.dims),
      values: known,
      open: known && (a.open || b.open),
    });
  });

/**
 * Products of single whole numbers that are not negative, which is all that sizes are worked out by: so everything that a
 * model makes grows with its picture, and what the largest costs is the most.
 */
function productOf(a: Known, b: Known): Known["values"] {
  const factors = [a, b].map(({ type, values }) => (type !== FLOAT && values?.length === 1 ? values[0] : -1));
  const product = factors[0] * factors[1];
  return factors.every((factor) => factor >= 0) && Number.isSafeInteger(product) ? [product] : undefined;
}

const reduction = row(2, ["keepdims"], ([x, axes], settings) => {
  need(settings.int("keepdims", 1) === 1, "drops axes");
  const list = valuesOf(axes).map((axis) => axisOf(axis, x.dims.length));
  need(list.length > 0, "names no axes");
  return one({ type: x.type, dims: x.dims.map((size, axis) => (list.includes(axis) ? 1 : size)) }, sizeOf(x.dims));
});

/** Normalisation of x with vectors beside it; three outputs where it gives its statistics. */
const normalisation = (vectors: number) =>
  row(vectors + 1, ["epsilon"], ([x, ...rest]) => {
    need(x.dims.length >= 2, "needs channels");
    for (const { dims } of rest) need(dims.length === 1 && dims[0] === x.dims[1], "is given other channels");
    return one({ type: x.type, dims: x.dims }, 4 * sizeOf(x.dims));
  });

interface Windows {
  kernel: number[];
  strides: number[];
  pads: number[];
}

function windows(settings: Settings): Windows {
  return {
    kernel: settings.ints("kernel_shape", 2, 1),
    strides: settings.ints("strides", 2, 1),
    pads: settings.ints("pads", 4),
  };
}

/** Rows and columns of windows over x. */
function places({ dims }: Known, { kernel, strides, pads }: Windows): number[] {
  return [0, 1].map((axis) => {
    const room = dims[axis + 2] + pads[axis] + pads[axis + 2] - kernel[axis];
    need(room >= 0, "has windows larger than the picture");
    return Math.floor(room / strides[axis]) + 1;
  });
}

const WINDOWS = ["kernel_shape", "strides", "pads"];

function sameKernel(weights: Known, { kernel }: Windows): void {
  need(weights.dims.length === 4 && kernel.every((side, i) => side === weights.dims[i + 2]), "has another kernel");
}

function slice([x, ...lists]: readonly Known[]): Made {
  const [starts, ends, axes, steps = axes.map(() => 1)] = lists.map(valuesOf);
  need(
    [ends, axes, steps].every((list) => list.length === starts.length),
    "has lists of different lengths",
  );
  const dims = [...x.dims];
  axes.forEach((axis, i) => {
    const at = axisOf(axis, dims.length);
    const size = x.dims[at];
    need(steps[i] >= 1, "goes backwards");
    const place = (value: number) => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
    dims[at] = Math.ceil((place(ends[i]) - place(starts[i])) / steps[i]);
  });
  return one({ type: x.type, dims });
}

function matrixProduct([a, b]: readonly Known[]): Made {
  need(a.dims.length >= 2 && b.dims.length >= 2, "needs matrices");
  const inner = a.dims[a.dims.length - 1];
  need(inner === b.dims[b.dims.length - 2], "is given matrices that do not go together");
  const batch = broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2));
  const dims = [...batch, a.dims[a.dims.length - 2], b.dims[b.dims.length - 1]];
  return one({ type: a.type, dims }, inner * sizeOf(dims));
}

const ELEMENTWISE_COSTLY = 8;

export const OPERATORS: Readonly<Record<string, Operator>> = {
  Abs: unary(),
  Exp: unary(ELEMENTWISE_COSTLY),
  Identity: unary(),
  LeakyRelu: { ...unary(), attributes: ["alpha"] },
  Log: unary(ELEMENTWISE_COSTLY),
  Neg: unary(),
  Reciprocal: unary(),
  Relu: unary(),
  Sigmoid: unary(ELEMENTWISE_COSTLY),
  Sqrt: unary(),
  Tanh: unary(ELEMENTWISE_COSTLY),

  Add: binary(),
  Sub: binary(),
  Mul: binary(undefined, productOf),
  Div: binary(),
  Max: binary(),
  Min: binary(),
  Equal: binary(BOOL),
  Greater: binary(BOOL),

  ArgMax: row(1, ["axis", "keepdims"], ([x], settings) => {
    const axis = axisOf(settings.int("axis", 0), x.dims.length);
    need(settings.int("keepdims", 1) === 1, "drops axes");
    return one({ type: INT64, dims: x.dims.map((size, i) => (i === axis ? 1 : size)) }, sizeOf(x.dims));
  }),
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceSum: reduction,

  BatchNormalization: normalisation(4),
  InstanceNormalization: normalisation(2),
  LayerNormalization: row(
    2,
    ["axis", "epsilon"],
    ([x, scale], settings) => {
      need(axisOf(settings.int("axis", -1), x.dims.length) === x.dims.length - 1, "works on several axes");
      need(scale.dims.length === 1 && scale.dims[0] === x.dims[x.dims.length - 1], "is given another scale");
      const statistics: Known = { type: x.type, dims: [...x.dims.slice(0, -1), 1] };
      return { outputs: [{ type: x.type, dims: x.dims }, statistics, statistics], steps: 4 * sizeOf(x.dims) };
    },
    3,
  ),

  Cast: row(1, ["to"], ([x], settings) => {
    const to = settings.int("to");
    need(to === FLOAT || to === INT32 || to === INT64, "makes a type that detectors do not use");
    // Whole numbers from whole numbers; what is not whole is not followed.
    return one({ type: to as ElementType, dims: x.dims, values: x.values, open: x.open });
  }),

  Conv: row([2, 3], [...WINDOWS, "group"], ([x, w, bias], settings) => {
    const at = windows(settings);
    const group = settings.int("group", 1);
    sameKernel(w, at);
    need(x.dims.length === 4 && group >= 1 && w.dims[1] * group === x.dims[1], "is given other channels");
    need(w.dims[0] % group === 0, "has channels that do not fit its groups");
    if (bias) need(bias.dims.length === 1 && bias.dims[0] === w.dims[0], "is given another bias");
    const dims = [x.dims[0], w.dims[0], ...places(x, at)];
    return one({ type: x.type, dims }, sizeOf(dims) * sizeOf(w.dims.slice(1)));
  }),
  ConvTranspose: row(2, [...WINDOWS, "group", "output_padding"], ([x, w], settings) => {
    const at = windows(settings);
    const group = settings.int("group", 1);
    const extra = settings.ints("output_padding", 2);
    sameKernel(w, at);
    need(x.dims.length === 4 && group >= 1 && w.dims[0] === x.dims[1], "is given other channels");
    need(x.dims[1] % group === 0, "has channels that do not fit its groups");
    const sides = [0, 1].map(
      (i) => at.strides[i] * (x.dims[i + 2] - 1) + extra[i] + at.kernel[i] - at.pads[i] - at.pads[i + 2],
    );
    const dims = [x.dims[0], w.dims[1] * group, ...sides];
    return one({ type: x.type, dims }, sizeOf(x.dims) * sizeOf(w.dims.slice(1)) + sizeOf(dims));
  }),
  MaxPool: row(1, WINDOWS, ([x], settings) => {
    const at = windows(settings);
    need(x.dims.length === 4, "needs rows and columns");
    const dims = [...x.dims.slice(0, 2), ...places(x, at)];
    return one({ type: x.type, dims }, sizeOf(dims) * sizeOf(at.kernel));
  }),

  Gemm: row(2, ["transA", "transB"], ([a, b], settings) => {
    need(a.dims.length === 2 && b.dims.length === 2, "needs matrices");
    const turned = (x: Known, name: string): Known =>
      settings.int(name, 0) === 0 ? x : { type: x.type, dims: [x.dims[1], x.dims[0]] };
    return matrixProduct([turned(a, "transA"), turned(b, "transB")]);
  }),
  MatMul: row(2, [], matrixProduct),

  Concat: row([1, 256], ["axis"], (parts, settings) => {
    const [first] = parts;
    const axis = axisOf(settings.int("axis"), first.dims.length);
    const fits = ({ type, dims }: Known) =>
      type === first.type &&
      dims.length === first.dims.length &&
      dims.every((size, i) => i === axis || size === first.dims[i]);
    need(parts.every(fits), "is given shapes that do not go together");
    const joined = parts.reduce((sum, { dims }) => sum + dims[axis], 0);
    return one({ type: first.type, dims: first.dims.map((size, i) => (i === axis ? joined : size)) });
  }),
  Gather: row(2, ["axis"], ([x, indices], settings) => {
    const axis = axisOf(settings.int("axis", 0), x.dims.length);
    return one({ type: x.type, dims: [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)] });
  }),
  Pad: row(2, [], ([x, pads]) => {
    const margins = valuesOf(pads);
    const rank = x.dims.length;
    need(margins.length === 2 * rank, "has margins for other axes");
    return one({ type: x.type, dims: x.dims.map((size, i) => size + margins[i] + margins[i + rank]) });
  }),
  Range: row(3, [], ([start, limit, delta]) => {
    const [[from], [step]] = [start, delta].map(valuesOf);
    // The one place where the picture's size decides a shape.
    const [to] = limit.values ?? valuesOf(limit);
    need(step > 0 && to > from, "counts nothing");
    return one({ type: start.type, dims: [Math.ceil((to - from) / step)] });
  }),
  Reshape: row(2, [], ([x, shape]) => {
    const asked = valuesOf(shape);
    need(asked.every((size) => size >= -1) && asked.filter((size) => size === -1).length <= 1, "asks for no shape");
    const copied = asked.map((size, i) => (size === 0 ? (x.dims[i] ?? 0) : size));
    const rest = sizeOf(copied.filter((size) => size !== -1));
    const dims = copied.map((size) => (size === -1 ? sizeOf(x.dims) / rest : size));
    need(dims.every(Number.isInteger) && sizeOf(dims) === sizeOf(x.dims), "asks for a shape of another size");
    return one({ type: x.type, dims }, 0);
  }),
  Shape: row(1, ["start", "end"], ([x], settings) => {
    const rank = x.dims.length;
    const [from, to] = [settings.int("start", 0), settings.int("end", rank)];
    need(from >= 0 && to <= rank && from < to, "names an axis that is not there");
    return one({ type: INT64, dims: [to - from], values: x.dims.slice(from, to), open: true });
  }),
  Slice: row([4, 5], [], slice),
  Squeeze: row(1, [], ([x]) =>
    one({ type: x.type, dims: x.dims.filter((size) => size !== 1), values: x.values, open: x.open }, 0),
  ),
  TopK: row(
    2,
    ["axis", "largest", "sorted"],
    ([x, count], settings) => {
      const axis = axisOf(settings.int("axis", -1), x.dims.length);
      const [k] = valuesOf(count);
      need(k >= 1 && k <= x.dims[axis], "asks for more than there are");
      const dims = x.dims.map((size, i) => (i === axis ? k : size));
      const steps = sizeOf(x.dims) * Math.ceil(Math.log2(k + 1));
      return {
        outputs: [
          { type: x.type, dims },
          { type: INT64, dims },
        ],
        steps,
      };
    },
    2,
  ),
  Transpose: row(1, ["perm"], ([x], settings) => {
    const order = settings.ints("perm", x.dims.length);
    need(new Set(order).size === order.length && order.every((axis) => axis < order.length), "names axes twice");
    return one({ type: x.type, dims: order.map((axis) => x.dims[axis]) });
  }),
};

/** What a node of an operator that there is makes of its inputs. Throws ShapeFault where the rules do not hold. */
export function madeBy(
  op: string,
  inputs: readonly Known[],
  outputs: number,
  attributes: ReadonlyMap<string, Attribute>,
): Made {
  const rule = OPERATORS[op];
  const [least, most] = rule.inputs;
  need(inputs.length >= least && inputs.length <= most, `is given ${inputs.length} inputs`);
  need(outputs >= 1 && outputs <= rule.outputs, `has ${outputs} outputs`);
  const odd = [...attributes.keys()].find((name) => !rule.attributes.includes(name));
  if (odd !== undefined) throw new ShapeFault(`has the attribute ${odd.slice(0, 80)}, which detectors do not use`);
  const made = rule.make(inputs, new Settings(attributes));
  for (const { dims } of made.outputs) {
    need(dims.length <= 8 && dims.every((size) => Number.isSafeInteger(size) && size >= 1), "makes nothing");
  }
  return { ...made, outputs: made.outputs.slice(0, outputs) };
}
