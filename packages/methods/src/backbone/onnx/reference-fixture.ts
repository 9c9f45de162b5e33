/**
 * @file For tests: works out models of `model-fixture.ts` by the words of the ONNX operators' documentation, with loops in
 * float64 and nothing of ours.
 */
import type { FixtureAttribute, FixtureModel, FixtureNode } from "./model-fixture.ts";

export interface Values {
  dims: number[];
  data: number[];
}

const sizeOf = (dims: readonly number[]) => dims.reduce((product, size) => product * size, 1);

/** Every value of a model for one image. */
export function runReference(model: FixtureModel, image: Values): Map<string, Values> {
  const values = new Map<string, Values>([[model.input?.name ?? "x", image]]);
  for (const [name, { dims, data }] of Object.entries(model.tensors ?? {}))
    values.set(name, { dims, data: Array.from(data) });
  for (const node of model.nodes) {
    const inputs = node.inputs.map((name) => values.get(name)!);
    const rule = OPS[node.op];
    if (!rule) throw new Error(`The reference has no ${node.op}.`);
    values.set(node.outputs[0], rule(inputs, reader(node), node));
  }
  return values;
}

function reader({ attributes = {} }: FixtureNode) {
  const get = (name: string): FixtureAttribute | undefined => attributes[name];
  return {
    int: (name: string, otherwise: number) => (get(name) as number | undefined) ?? otherwise,
    ints: (name: string) => get(name) as readonly number[] | undefined,
    text: (name: string, otherwise: string) => (get(name) as string | undefined) ?? otherwise,
    float: (name: string, otherwise: number) => (get(name) as { f: number } | undefined)?.f ?? otherwise,
  };
}
type Reader = ReturnType<typeof reader>;
type Rule = (inputs: Values[], at: Reader, node: FixtureNode) => Values;

const each =
  (rule: (value: number, at: Reader) => number): Rule =>
  ([x], at) => ({ dims: x.dims, data: x.data.map((value) => rule(value, at)) });

/** Element by element, with NumPy's broadcasting. */
const both =
  (rule: (a: number, b: number) => number): Rule =>
  ([a, b]) => {
    const rank = Math.max(a.dims.length, b.dims.length);
    const [left, right] = [a, b].map(({ dims }) => [...new Array<number>(rank - dims.length).fill(1), ...dims]);
    const dims = left.map((size, axis) => Math.max(size, right[axis]));
    const place = (own: number[], at: number) => {
      let [rest, flat, stride] = [at, 0, 1];
      for (let axis = rank - 1; axis >= 0; axis--) {
        const index = rest % dims[axis];
        rest = Math.floor(rest / dims[axis]);
        if (own[axis] > 1) flat += index * stride;
        stride *= own[axis];
      }
      return flat;
    };
    const data = Array.from({ length: sizeOf(dims) }, (_, i) => rule(a.data[place(left, i)], b.data[place(right, i)]));
    return { dims, data };
  };

const hard = (value: number, at: Reader) =>
  Math.min(1, Math.max(0, at.float("alpha", 0.2) * value + at.float("beta", 0.5)));
const same: Rule = ([x]) => x;

/** Axes that an attribute or an input lists, none of them negative. */
const axesOf = (inputs: Values[], at: Reader, rank: number) =>
  (at.ints("axes") ?? inputs[1]?.data ?? []).map((axis) => (axis < 0 ? axis + rank : axis));

const OPS: Record<string, Rule> = {
  Relu: each((value) => Math.max(value, 0)),
  LeakyRelu: each((value, at) => (value < 0 ? at.float("alpha", 0.01) * value : value)),
  Sigmoid: each((value) => 1 / (1 + Math.exp(-value))),
  HardSigmoid: each(hard),
  HardSwish: each((value) => value * Math.min(1, Math.max(0, value / 6 + 0.5))),
  Swish: each((value) => value / (1 + Math.exp(-value))),
  Clip: (inputs, at) => {
    const [low, high] = [1, 2].map((input) => inputs[input]?.data[0]);
    const [from, to] = [low ?? at.float("min", -Infinity), high ?? at.float("max", Infinity)];
    return each((value) => Math.min(Math.max(value, from), to))(inputs, at, {} as FixtureNode);
  },
  Add: both((a, b) => a + b),
  Sub: both((a, b) => a - b),
  Mul: both((a, b) => a * b),
  Div: both((a, b) => a / b),
  Identity: same,
  Dropout: same,
  Cast: same,
  Constant: (_inputs, _at, node) => {
    const { value, value_float, value_floats, value_int, value_ints } = node.attributes as {
      value?: { t: Values };
      value_float?: { f: number };
      value_floats?: { fs: number[] };
      value_int?: number;
      value_ints?: number[];
    };
    if (value) return { dims: value.t.dims, data: Array.from(value.t.data) };
    const one = value_float?.f ?? value_int;
    const list = value_floats?.fs ?? value_ints ?? [one!];
    return { dims: one === undefined ? [list.length] : [], data: list };
  },
  Flatten: ([x]) => ({ dims: [x.dims[0], sizeOf(x.dims.slice(1))], data: x.data }),
  Reshape: ([x, shape]) => {
    const dims = shape.data.map((size, i) => (size === 0 ? x.dims[i] : size));
    const rest = sizeOf(dims.filter((size) => size !== -1));
    return { dims: dims.map((size) => (size === -1 ? x.data.length / rest : size)), data: x.data };
  },
  Squeeze: (inputs, at) => {
    const [x] = inputs;
    const axes = axesOf(inputs, at, x.dims.length);
    return { dims: x.dims.filter((_, axis) => !axes.includes(axis)), data: x.data };
  },
  Unsqueeze: (inputs, at) => {
    const [x] = inputs;
    const count = (at.ints("axes") ?? inputs[1].data).length;
    const axes = axesOf(inputs, at, x.dims.length + count);
    const rest = [...x.dims];
    const dims = Array.from({ length: x.dims.length + count }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!));
    return { dims, data: x.data };
  },
  Concat: (inputs) => {
    const [{ dims }] = inputs;
    const inner = sizeOf(dims.slice(2));
    const counts = inputs.map((part) => part.dims[1] * inner);
    const data = Array.from({ length: dims[0] }, (_, n) =>
      inputs.flatMap((part, i) => part.data.slice(n * counts[i], (n + 1) * counts[i])),
    ).flat();
    return { dims: [dims[0], inputs.reduce((total, part) => total + part.dims[1], 0), ...dims.slice(2)], data };
  },
  BatchNormalization: ([x, gain, offset, mean, variance], at) => {
    const inner = sizeOf(x.dims.slice(2));
    const data = x.data.map((value, i) => {
      const c = Math.floor(i / inner) % x.dims[1];
      const scaled = (value - mean.data[c]) / Math.sqrt(variance.data[c] + at.float("epsilon", 1e-5));
      return gain.data[c] * scaled + offset.data[c];
    });
    return { dims: x.dims, data };
  },
  GlobalAveragePool: ([x]) => planeMeans(x, true),
  ReduceMean: ([x], at) => planeMeans(x, at.int("keepdims", 1) === 1),
  Gemm: ([a, b, c], at) => {
    const turned = at.int("transB", 0) === 1;
    const [n, inner] = a.dims;
    const out = b.dims[turned ? 0 : 1];
    const data = Array.from({ length: n * out }, (_, i) => {
      const [row, o] = [Math.floor(i / out), i % out];
      let total = 0;
      for (let k = 0; k < inner; k++) total += a.data[row * inner + k] * b.data[turned ? o * inner + k : k * out + o];
      return at.float("alpha", 1) * total + (c ? at.float("beta", 1) * c.data[c.data.length === 1 ? 0 : o] : 0);
    });
    return { dims: [n, out], data };
  },
  MatMul: ([a, b], _at, node) => OPS.Gemm([a, b], reader({ ...node, attributes: {} }), node),
  Pad: (inputs, at) => {
    const [x] = inputs;
    const list = at.ints("pads") ?? inputs[1].data;
    const fill = inputs[2]?.data[0] ?? at.float("value", 0);
    const axes = inputs[3] ? inputs[3].data.map((axis) => (axis < 0 ? axis + 4 : axis)) : [0, 1, 2, 3];
    const pads = [0, 1, 2, 3].map((axis) => {
      const i = axes.indexOf(axis);
      return i < 0 ? [0, 0] : [list[i], list[axes.length + i]];
    });
    const [n, c, h, w] = x.dims;
    const dims = [n, c, h + pads[2][0] + pads[2][1], w + pads[3][0] + pads[3][1]];
    const data = new Array<number>(sizeOf(dims)).fill(fill);
    x.data.forEach((value, i) => {
      const [plane, row, column] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
      data[(plane * dims[2] + row + pads[2][0]) * dims[3] + column + pads[3][0]] = value;
    });
    return { dims, data };
  },
  Conv: ([x, w, bias], at) => {
    const groups = at.int("group", 1);
    const [, , kh, kw] = w.dims;
    const inGroup = w.dims[1];
    return slide(x, w.dims[0], [kh, kw], at, (places, n, o) => {
      const first = Math.floor(o / (w.dims[0] / groups)) * inGroup;
      let total = bias?.data[o] ?? 0;
      for (const { row, column, i, j } of places) {
        for (let c = 0; c < inGroup; c++) {
          const value = x.data[((n * x.dims[1] + first + c) * x.dims[2] + row) * x.dims[3] + column];
          total += value * w.data[((o * inGroup + c) * kh + i) * kw + j];
        }
      }
      return total;
    });
  },
  MaxPool: ([x], at) =>
    slide(x, x.dims[1], at.ints("kernel_shape")!, at, (places, n, c) =>
      Math.max(
        ...places.map(({ row, column }) => x.data[((n * x.dims[1] + c) * x.dims[2] + row) * x.dims[3] + column]),
      ),
    ),
  AveragePool: ([x], at) =>
    slide(x, x.dims[1], at.ints("kernel_shape")!, at, (places, n, c, padded) => {
      const total = places
        .map(({ row, column }) => x.data[((n * x.dims[1] + c) * x.dims[2] + row) * x.dims[3] + column])
        .reduce((a, b) => a + b, 0);
      return total / (at.int("count_include_pad", 0) === 1 ? padded : places.length);
    }),
};

function planeMeans(x: Values, keep: boolean): Values {
  const [n, c, h, w] = x.dims;
  const data = Array.from({ length: n * c }, (_, i) => {
    return x.data.slice(i * h * w, (i + 1) * h * w).reduce((a, b) => a + b, 0) / (h * w);
  });
  return { dims: keep ? [n, c, 1, 1] : [n, c], data };
}

interface Tap {
  row: number;
  column: number;
  i: number;
  j: number;
}

/** `value` of each window: its places in the picture, image and channel, and how many places it has with its margins. */
function slide(
  x: Values,
  channels: number,
  kernel: readonly number[],
  at: Reader,
  value: (places: Tap[], n: number, c: number, padded: number) => number,
): Values {
  const [n, , ...sides] = x.dims;
  const strides = at.ints("strides") ?? [1, 1];
  const dilations = at.ints("dilations") ?? [1, 1];
  const auto = at.text("auto_pad", "NOTSET");
  const pads = at.ints("pads") ?? [0, 0, 0, 0];
  const reach = kernel.map((size, axis) => (size - 1) * dilations[axis] + 1);
  const lines = sides.map((side, axis) => {
    if (auto === "SAME_UPPER") {
      const count = Math.ceil(side / strides[axis]);
      const missing = Math.max((count - 1) * strides[axis] + reach[axis] - side, 0);
      return { count, before: Math.floor(missing / 2), after: Math.ceil(missing / 2) };
    }
    const [before, after] = auto === "VALID" ? [0, 0] : [pads[axis], pads[axis + 2]];
    const steps = (side + before + after - reach[axis]) / strides[axis];
    let count = (at.int("ceil_mode", 0) === 1 ? Math.ceil(steps) : Math.floor(steps)) + 1;
    if ((count - 1) * strides[axis] >= side + before) count--;
    return { count, before, after };
  });
  const data: number[] = [];
  for (let image = 0; image < n; image++) {
    for (let c = 0; c < channels; c++) {
      for (let r = 0; r < lines[0].count; r++) {
        for (let s = 0; s < lines[1].count; s++) {
          const places: Tap[] = [];
          let padded = 0;
          for (let i = 0; i < kernel[0]; i++) {
            for (let j = 0; j < kernel[1]; j++) {
              const row = r * strides[0] + i * dilations[0] - lines[0].before;
              const column = s * strides[1] + j * dilations[1] - lines[1].before;
              if (row < sides[0] + lines[0].after && column < sides[1] + lines[1].after) padded++;
              if (row >= 0 && row < sides[0] && column >= 0 && column < sides[1]) places.push({ row, column, i, j });
            }
          }
          data.push(value(places, image, c, padded));
        }
      }
    }
  }
  return { dims: [n, channels, lines[0].count, lines[1].count], data };
}
