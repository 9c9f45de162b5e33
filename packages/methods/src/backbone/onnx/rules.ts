/**
 * @file One rule an ONNX operator (onnx.ai/onnx/operators): the layer, or layers, of a backbone that do the same. A value
 * of [N, C] is kept as [N, C, 1, 1], so that a matrix product of it is a convolution of one pixel.
 */
import { type Activation, marginsOf } from "../description.ts";
import type { OnnxTensor } from "./model.ts";
import { type LayerValue, type NodeReader, paddingOf, Unsupported, type Value } from "./node-reader.ts";

export type Rule = (at: NodeReader) => Value;

export const RULES: Readonly<Record<string, Rule>> = {
  Conv: convolution,
  BatchNormalization: normalisation,
  Relu: (at) => activated(at, "relu"),
  Sigmoid: (at) => activated(at, "sigmoid"),
  HardSwish: (at) => activated(at, "hardswish"),
  HardSigmoid: (at) => {
    const [alpha, beta] = [at.float("alpha", 0.2), at.float("beta", 0.5)];
    if (Math.abs(6 * alpha - 1) > 1e-6 || beta !== 0.5) throw new Unsupported(`has alpha ${alpha} and beta ${beta}`);
    return activated(at, "hardsigmoid");
  },
  Swish: (at) => {
    if (at.float("alpha", 1) !== 1) throw new Unsupported(`has alpha ${at.float("alpha", 1)}`);
    return activated(at, "swish");
  },
  Clip: (at) => {
    const low = at.bound(1, "min") ?? Number.NEGATIVE_INFINITY;
    const high = at.bound(2, "max") ?? Infinity;
    // What no float32 exceeds is no bound.
    if (low !== 0 || (high !== 6 && high < 3e38)) throw new Unsupported(`cuts to ${low} and ${high}`);
    return activated(at, high === 6 ? "relu6" : "relu");
  },
  LeakyRelu: leaky,
  Add: (at) => arithmetic(at, (x, c) => [1, c, x]),
  Sub: (at) => arithmetic(at, (x, c, first) => (first ? [1, -c, x] : [-1, c, x])),
  Mul: (at) => arithmetic(at, (x, c) => [c, 0, x]),
  Div: (at) => arithmetic(at, (x, c, first) => (first && c !== 0 ? [1 / c, 0, x] : null)),
  Concat: concatenation,
  Pad: margin,
  MaxPool: (at) => pooling(at, "maxpool"),
  AveragePool: (at) => pooling(at, "avgpool"),
  GlobalAveragePool: (at) => at.make({ op: "globalavg", inputs: [at.layer().id], keep: true }),
  ReduceMean: reduction,
  Flatten: (at) => {
    if (at.int("axis", 1) !== 1) throw new Unsupported(`flattens from axis ${at.int("axis", 1)}`);
    return reshaped(at, [1, -1]);
  },
  Reshape: (at) => reshaped(at, at.isConstant(0) ? [] : at.constant(1).ints()),
  Squeeze: (at) => (at.isConstant(0) ? reordered(at) : withoutAxes(at)),
  Unsqueeze: (at) => (at.isConstant(0) ? reordered(at) : withAxes(at)),
  Gemm: (at) => {
    const [alpha, beta] = [at.float("alpha", 1), at.float("beta", 1)];
    if (at.int("transA", 0) !== 0) throw new Unsupported("turns its first input");
    return product(at, at.int("transB", 0) === 1, alpha, beta);
  },
  MatMul: (at) => product(at, false, 1, 0),
  Identity: (at) => at.value(0),
  Dropout: (at) => at.value(0),
  Cast: (at) => at.value(0),
  Constant: constant,
};

function activated(at: NodeReader, activation: Activation): LayerValue {
  const { id, rank } = at.layer();
  return { ...at.make({ op: "activate", inputs: [id], activation }), rank };
}

/** Slope of the leaky activation; all of a network must have the same, which the import checks. */
function leaky(at: NodeReader): LayerValue {
  const alpha = at.float("alpha", 0.01);
  if (!(alpha >= 0 && alpha <= 1)) throw new Unsupported(`has alpha ${alpha}`);
  return activated(at, "leaky");
}

function convolution(at: NodeReader): LayerValue {
  const x = at.layer();
  const { dims, floats } = at.constant(1);
  if (dims.length !== 4) throw new Unsupported(`has a weight of [${dims}], not of an image`);
  const [out, inputs, kh, kw] = dims;
  const shape = at.ints("kernel_shape");
  if (shape && `${shape}` !== `${[kh, kw]}`) throw new Unsupported(`has a weight of [${dims}] for [${shape}]`);
  const dilations = at.pair("dilations", [1, 1]);
  const [rows, columns] = [(kh - 1) * dilations[0] + 1, (kw - 1) * dilations[1] + 1];
  if (Math.max(rows, columns) > 1024) throw new Unsupported(`has a kernel of ${rows} x ${columns}`);
  const stride = at.square("strides", 1);
  const padding = at.padding();
  const data = spread(floats(), dims, [rows, columns], dilations);
  const groups = at.int("group", 1);
  return at.make({
    op: "conv",
    inputs: [x.id],
    kernel: rows === columns ? rows : [rows, columns],
    stride,
    padding,
    ...(groups > 1 && { groups }),
    activation: "linear",
    weight: at.weight([out, inputs, rows, columns], data),
    ...(at.has(2) && { bias: at.weight([out], at.floats(2, out)) }),
  });
}

/** A dilated kernel with zeros where it skips pixels. */
function spread(
  data: Float32Array,
  [out, inputs, kh, kw]: readonly number[],
  [rows, columns]: readonly [number, number],
  [down, right]: readonly [number, number],
): Float32Array {
  if (down === 1 && right === 1) return data;
  const size = out * inputs * rows * columns;
  if (size > 2 ** 26) throw new Unsupported(`has a dilated kernel of ${rows} x ${columns}`);
  const result = new Float32Array(size);
  data.forEach((value, i) => {
    const row = Math.floor(i / kw) % kh;
    result[(Math.floor(i / (kh * kw)) * rows + row * down) * columns + (i % kw) * right] = value;
  });
  return result;
}

function normalisation(at: NodeReader): LayerValue {
  const x = at.layer();
  if (at.int("training_mode", 0) !== 0) throw new Unsupported("is in training; export the network after eval()");
  const { count } = x.channels;
  const [gain, offset, mean, variance] = [1, 2, 3, 4].map((input) => at.floats(input, count));
  const epsilon = at.float("epsilon", 1e-5);
  const scale = Float64Array.from(gain, (value, i) => value / Math.sqrt(variance[i] + epsilon));
  if (!scale.every(Number.isFinite)) throw new Unsupported("has a variance that is not above zero");
  return at.affine(
    x,
    scale,
    scale.map((value, i) => offset[i] - mean[i] * value),
  );
}

/**
 * Of a layer and a constant: `of` gives factor and summand of a channel for the constant's value there, or null. Of two
 * layers: their sum or product.
 */
function arithmetic(
  at: NodeReader,
  of: (x: LayerValue, c: number, layerFirst: boolean) => readonly [number, number, LayerValue] | null,
): LayerValue {
  const at1 = at.isConstant(1);
  if (at1 || at.isConstant(0)) {
    const x = at.layer(at1 ? 0 : 1);
    const values = perChannel(at.constant(at1 ? 1 : 0), x);
    const pairs = values.map((value) => of(x, value, at1));
    const scale = Float64Array.from(pairs, (pair) => pair?.[0] ?? Number.NaN);
    if (!scale.every(Number.isFinite)) throw new Unsupported("divides by zero or by a layer");
    return at.affine(
      x,
      scale,
      Float64Array.from(pairs, (pair) => pair?.[1] ?? 0),
    );
  }
  const [a, b] = [at.layer(0), at.layer(1)];
  const { op } = at.node;
  if (op !== "Add" && op !== "Mul") throw new Unsupported("works on two layers");
  if (a.rank !== b.rank) throw new Unsupported("works on values of 2 and 4 axes");
  const alike = `${a.tensor.shape}` === `${b.tensor.shape}`;
  const factor = op === "Mul" && a.channels.count === b.channels.count && [a, b].some(isPoint);
  if (!alike && !factor) {
    const shapes = [a, b].map(({ tensor }) => tensor.shape.slice(1).join(" x "));
    throw new Unsupported(`works on values of ${shapes.join(" and ")}`);
  }
  const inputs: [string, string] = isPoint(a) && !isPoint(b) ? [b.id, a.id] : [a.id, b.id];
  return { ...at.make({ op: op === "Add" ? "add" : "multiply", inputs, activation: "linear" }), rank: a.rank };
}

const isPoint = ({ channels }: LayerValue) => channels.form === "point";

/** A constant's values for each channel of a layer, where it broadcasts so. */
function perChannel({ dims, floats }: OnnxTensor, { channels: { count }, rank }: LayerValue): number[] {
  const whole = [...new Array<number>(Math.max(rank - dims.length, 0)).fill(1), ...dims];
  const data = floats();
  const fits = whole.length === rank && whole.every((size, axis) => size === 1 || (axis === 1 && size === count));
  if (!fits) throw new Unsupported(`has a constant of [${dims}] beside ${count} channels`);
  return Array.from({ length: count }, (_, i) => data[data.length === 1 ? 0 : i]);
}

function concatenation(at: NodeReader): LayerValue {
  const parts = at.node.inputs.map((_, i) => at.layer(i));
  const [{ rank }] = parts;
  const axis = at.int("axis", 1);
  if (axis !== 1 && axis !== 1 - rank) throw new Unsupported(`joins along axis ${axis}, not channels`);
  const [sides, ...others] = parts.map(({ tensor, rank: own }) => `${own} ${tensor.shape.slice(2)}`);
  if (others.some((other) => other !== sides)) throw new Unsupported("joins values of different sizes");
  return { ...at.make({ op: "concat", inputs: parts.map(({ id }) => id) }), rank };
}

function margin(at: NodeReader): LayerValue {
  const x = at.layer();
  if (x.rank !== 4) throw new Unsupported("pads a value without rows and columns");
  const mode = at.text("mode", "constant");
  if (mode !== "constant") throw new Unsupported(`pads by ${mode}`);
  const list = at.opset < 11 ? (at.ints("pads") ?? []) : at.constant(1).ints();
  const axes = (at.has(3) ? at.constant(3).ints() : [0, 1, 2, 3]).map((axis) => (axis < 0 ? axis + 4 : axis));
  if (list.length !== 2 * axes.length) throw new Unsupported(`has pads of [${list}] for axes [${axes}]`);
  const sides = [0, 1, 2, 3].map((axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? [0, 0] : [list[i], list[axes.length + i]];
  });
  if (
    sides
      .slice(0, 2)
      .flat()
      .some((count) => count !== 0)
  )
    throw new Unsupported("pads images or channels");
  const pads = [sides[2][0], sides[3][0], sides[2][1], sides[3][1]];
  const value = at.opset < 11 ? at.float("value", 0) : paddingValue(at);
  const padding = marginsOf(paddingOf(pads));
  if (padding.every((pixels) => pixels === 0)) return x;
  if (value === "lowest") return { ...x, border: padding };
  if (value !== 0) throw new Unsupported(`pads with ${value}`);
  const [top, left, bottom, right] = padding;
  return at.make({ op: "pad", inputs: [x.id], padding: [top, left, bottom, right] });
}

/** What a pad is filled with; minus infinity is no finite number, so its tensor refuses to be read. */
function paddingValue(at: NodeReader): number | "lowest" {
  if (!at.has(2)) return 0;
  const tensor = at.constant(2);
  const [value] = tensor.floats({ infinite: true });
  return value < -3e38 ? "lowest" : value;
}

function pooling(at: NodeReader, op: "maxpool" | "avgpool"): LayerValue {
  const x = at.layer(0, op === "maxpool");
  if (!at.ints("kernel_shape")) throw new Unsupported("has no kernel_shape");
  const kernel = at.square("kernel_shape", 1);
  if (at.square("dilations", 1) !== 1) throw new Unsupported("has dilations");
  const own = at.padding();
  const margins = marginsOf(own);
  if (x.border && own === "same") throw new Unsupported("pads twice");
  const padding = x.border ? paddingOf(margins.map((pixels, i) => pixels + x.border![i])) : own;
  const window = {
    inputs: [x.id] as [string],
    kernel,
    stride: at.square("strides", 1),
    padding,
    ...(at.int("ceil_mode", 0) !== 0 && { ceil: true }),
  };
  if (op === "maxpool") return at.make({ op, ...window });
  return at.make({ op, ...window, ...(at.int("count_include_pad", 0) !== 0 && { countPadding: true }) });
}

function reduction(at: NodeReader): LayerValue {
  const x = at.layer();
  const axes = at.opset >= 18 && at.has(1) ? at.constant(1).ints() : (at.ints("axes") ?? []);
  const positive = axes.map((axis) => (axis < 0 ? axis + x.rank : axis)).sort();
  if (x.rank !== 4 || `${positive}` !== "2,3") throw new Unsupported(`takes the mean over axes [${axes}]`);
  const made = at.make({ op: "globalavg", inputs: [x.id], keep: true });
  return at.int("keepdims", 1) === 1 ? made : { ...made, rank: 2 };
}

/** A point with two axes or four; other reshapes would mix positions with channels. */
function reshaped(at: NodeReader, shape: readonly number[]): Value {
  if (at.isConstant(0)) return reordered(at);
  const x = at.layer();
  const { count, form } = x.channels;
  const [, channels, ...ones] = shape;
  const fits = [count, -1, 0].includes(channels) && (ones.length === 0 || `${ones}` === "1,1");
  if (form !== "point" || !fits) throw new Unsupported("lays out rows and columns anew");
  return { ...x, rank: ones.length === 0 ? 2 : 4 };
}

function axesOf(at: NodeReader, rank: number): string {
  const axes = at.has(1) ? at.constant(1).ints() : (at.ints("axes") ?? []);
  return `${axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort()}`;
}

function withoutAxes(at: NodeReader): Value {
  const x = at.layer();
  if (!isPoint(x) || x.rank !== 4 || axesOf(at, 4) !== "2,3")
    throw new Unsupported("drops other axes than a point has");
  return { ...x, rank: 2 };
}

function withAxes(at: NodeReader): Value {
  const x = at.layer();
  if (x.rank !== 2 || axesOf(at, 4) !== "2,3") throw new Unsupported("adds other axes than rows and columns");
  return { ...x, rank: 4 };
}

/** A constant with other axes: what it holds stays in order. */
function reordered(at: NodeReader): Value {
  const tensor = at.constant(0);
  const { op } = at.node;
  const list = at.has(1) ? at.constant(1).ints() : (at.ints("axes") ?? []);
  const count = tensor.dims.reduce((product, size) => product * size, 1);
  let dims: number[];
  if (op === "Reshape") {
    dims = list.map((size, i) => (size === 0 ? tensor.dims[i] : size));
    const rest = dims.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
    dims = dims.map((size) => (size === -1 ? count / rest : size));
  } else if (op === "Squeeze") {
    const axes = list.map((axis) => (axis < 0 ? axis + tensor.dims.length : axis));
    dims = tensor.dims.filter((size, axis) => (axes.length === 0 ? size !== 1 : !axes.includes(axis)));
  } else {
    const rank = tensor.dims.length + list.length;
    const axes = list.map((axis) => (axis < 0 ? axis + rank : axis));
    const rest = [...tensor.dims];
    dims = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? 1)));
  }
  if (dims.reduce((product, size) => product * size, 1) !== count)
    throw new Unsupported(`makes [${dims}] of a constant of [${tensor.dims}]`);
  return { kind: "constant", tensor: { ...tensor, dims } };
}

/** [N, C] times a matrix, as a convolution of one pixel. */
function product(at: NodeReader, turned: boolean, alpha: number, beta: number): LayerValue {
  const x = at.layer();
  const { dims, floats } = at.constant(1);
  if (x.rank !== 2 || dims.length !== 2) throw new Unsupported("is no product of [N, C] and a matrix");
  const [out, inputs] = turned ? dims : [dims[1], dims[0]];
  const data = floats();
  const weight = Float64Array.from(data, (_, i) => {
    const [o, c] = [Math.floor(i / inputs), i % inputs];
    return alpha * data[turned ? i : c * out + o];
  });
  const hasBias = at.node.op === "Gemm" && at.has(2);
  const values = hasBias ? at.constant(2).floats() : null;
  if (values && values.length !== 1 && values.length !== out)
    throw new Unsupported(`has ${values.length} summands for ${out} outputs`);
  const bias = values && Float64Array.from({ length: out }, (_, i) => beta * values[values.length === 1 ? 0 : i]);
  const made = at.make({
    op: "conv",
    inputs: [x.id],
    kernel: 1,
    stride: 1,
    padding: 0,
    activation: "linear",
    weight: at.weight([out, inputs, 1, 1], weight),
    ...(bias && { bias: at.weight([out], bias) }),
  });
  return { ...made, rank: 2 };
}

function constant({ node: { attributes } }: NodeReader): Value {
  const tensor = attributes.get("value")?.t;
  if (tensor) return { kind: "constant", tensor };
  const { f, floats } = { ...attributes.get("value_float"), ...attributes.get("value_floats") };
  const { i, ints } = { ...attributes.get("value_int"), ...attributes.get("value_ints") };
  const one = f ?? i;
  const list = floats ?? ints ?? (one === undefined ? undefined : [one]);
  if (!list) throw new Unsupported("holds no numbers");
  return {
    kind: "constant",
    tensor: {
      dims: one === undefined ? [list.length] : [],
      floats: () => Float32Array.from(list),
      ints: () => [...list],
    },
  };
}
