/**
 * @file For tests: two small networks in the plain form, which together have every kind of layer, and the plain form's
 * rules as loops in float64, written without the engine.
 */
import { createHash } from "node:crypto";

export interface PlainRecord {
  [key: string]: unknown;
  layers: Record<string, unknown>[];
  tensors: Record<string, { shape: number[]; dtype: string; offset: number; bytes: number }>;
  featureLayers: string[];
}

export interface Plain {
  record: PlainRecord;
  bytes: Uint8Array;
  values: Map<string, { shape: number[]; data: number[] }>;
}

/** Pseudorandom multiples of 1/64 in [-1, 1], which a float16 holds exactly. */
export function noise(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return (Math.floor((state / 2147483648) * 129) - 64) / 64;
  });
}

/** Bits of a float16 for a number that has no more digits than one. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.abs(value) / 2 ** exponent - 1;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | (fraction * 1024);
}

type Window = [kernel: number, stride: number, padding: number | number[] | "same"];
const windowOf = ([kernel, stride, padding]: Window) => ({ kernel, stride, padding });

/** Collects layers and weights of a network, and packs them. */
class PlainBuilder {
  readonly layers: PlainRecord["layers"] = [];
  private readonly values: Plain["values"] = new Map();

  layer(id: string, op: string, inputs: string[], rest: Record<string, unknown> = {}): void {
    this.layers.push({ id, op, inputs, ...rest });
  }

  weigh(id: string, shape: number[], scale: number): { weight: string; bias: string } {
    const count = shape.reduce((a, b) => a * b, 1);
    const seed = () => 7 * this.values.size + 1;
    this.values.set(`${id}/weight`, { shape, data: noise(count, seed()).map((v) => v * scale) });
    this.values.set(`${id}/bias`, { shape: [shape[0]], data: noise(shape[0], seed()) });
    return { weight: `${id}/weight`, bias: `${id}/bias` };
  }

  /** A convolution, depthwise where the weight has three axes. */
  conv(id: string, from: string, shape: number[], window: Window, activation: string, rest = {}): void {
    const op = shape.length === 3 ? "depthwise" : "conv";
    this.layer(id, op, [from], { ...windowOf(window), ...rest, activation, ...this.weigh(id, shape, 0.5) });
  }

  /** The whole, with weights of both types. */
  pack(name: string, input: Record<string, unknown>, featureLayers: string[]): Plain {
    const { values, layers } = this;
    const tensors: PlainRecord["tensors"] = {};
    let offset = 0;
    for (const [i, [name, { shape, data }]] of [...values].entries()) {
      const bytes = data.length * (i % 3 === 0 ? 4 : 2);
      tensors[name] = { shape, dtype: i % 3 === 0 ? "float32" : "float16", offset, bytes };
      offset += bytes;
    }
    const bytes = new Uint8Array(offset);
    const view = new DataView(bytes.buffer);
    for (const [name, { dtype, offset }] of Object.entries(tensors)) {
      values.get(name)!.data.forEach((value, i) => {
        if (dtype === "float32") view.setFloat32(offset + 4 * i, value, true);
        else view.setUint16(offset + 2 * i, halfBits(value), true);
      });
    }
    const record = {
      name,
      origin: "made up for tests",
      licence: "CC0",
      input,
      leakySlope: 0.2,
      featureLayers,
      weightsFile: "weights.bin",
      weightsBytes: bytes.length,
      weightsSha256: sha256(bytes),
      byteOrder: "little",
      layers,
      tensors,
    };
    return { record, bytes, values };
  }
}

/** A chain with both paddings, even and uneven margins, classes, BGR. */
export function tinyPlain(): Plain {
  const made = new PlainBuilder();
  const pool = (id: string, from: string, window: Window) => made.layer(id, "maxpool", [from], windowOf(window));
  made.conv("stem", "input", [7, 3, 3, 3], [3, 1, 1], "leaky");
  pool("incomplete", "stem", [3, 2, 0]);
  made.conv("deep", "incomplete", [7, 3, 3], [3, 2, "same"], "relu6");
  made.conv("uneven", "deep", [5, 7, 2, 2], [2, 1, "same"], "linear");
  pool("same", "uneven", [2, 2, "same"]);
  made.conv("point", "same", [5, 5, 1, 1], [1, 1, 0], "relu");
  made.layer("added", "add", ["same", "point"], { activation: "leaky" });
  made.layer("joined", "concat", ["same", "point", "added"]);
  pool("even", "joined", [3, 1, "same"]);
  made.layer("mean", "globalavg", ["even"]);
  made.layer("classes", "dense", ["mean"], { activation: "relu", ...made.weigh("classes", [4, 15], 1) });
  const preparation = { channelOrder: "BGR", scale: 1, range: "0..255", subtractMean: [104, 117, 123] };
  return made.pack("Tiny", { size: 16, ...preparation, divideStd: [60, 61, 62] }, [
    ...["stem", "deep", "uneven", "same", "added", "joined", "even"],
  ]);
}

/** Residual units with groups, squeeze and excitation, means of windows, uneven kernels and margins, RGB. */
export function residualPlain(): Plain {
  const made = new PlainBuilder();
  made.conv("stem", "input", [8, 3, 3, 3], [3, 2, [1, 0, 2, 1]], "hardswish");
  made.layer("top", "maxpool", ["stem"], { ...windowOf([3, 2, 1]), ceil: true });
  made.conv("groups", "top", [8, 2, 3, 3], [3, 1, 1], "swish", { groups: 4 });
  made.conv("long", "groups", [8, 8, 1, 5], [0, 1, [0, 2, 0, 2]], "linear", { kernel: [1, 5] });
  made.layer("squeeze", "globalavg", ["long"], { keep: true });
  made.conv("reduce", "squeeze", [4, 8, 1, 1], [1, 1, 0], "relu");
  made.conv("excite", "reduce", [8, 4, 1, 1], [1, 1, 0], "hardsigmoid");
  made.layer("excited", "multiply", ["long", "excite"]);
  made.layer("unit", "add", ["excited", "top"], { activation: "relu" });
  made.layer("framed", "pad", ["unit"], { padding: [1, 0, 0, 2] });
  made.conv("down", "framed", [6, 8, 3, 3], [3, 2, 0], "linear");
  made.layer("shortcut", "avgpool", ["unit"], { ...windowOf([3, 2, 1]), ceil: true });
  made.layer("counted", "avgpool", ["unit"], { ...windowOf([3, 2, [1, 1, 0, 1]]), ceil: true, countPadding: true });
  made.layer("same", "avgpool", ["unit"], windowOf([3, 2, "same"]));
  made.layer("gate", "activate", ["unit"], { activation: "sigmoid" });
  made.layer("gated", "multiply", ["gate", "unit"], { activation: "relu6" });
  made.layer("flat", "globalavg", ["gated"]);
  made.layer("classes", "dense", ["flat"], { ...made.weigh("classes", [3, 8], 1) });
  const preparation = { channelOrder: "RGB", scale: 1 / 255, range: "0..1", subtractMean: [0.485, 0.456, 0.406] };
  return made.pack("Residual", { size: 20, ...preparation, divideStd: [0.229, 0.224, 0.225] }, [
    ...["stem", "top", "groups", "long", "excited", "unit", "framed", "down", "shortcut", "counted", "same", "gated"],
  ]);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

interface Planes {
  /** [C, H, W], or [C] after a mean. */
  shape: number[];
  data: number[];
}

const inputsOf = (layer: Record<string, unknown>) => layer.inputs as string[];

/** All layers of a network for one image [1 or 3, H, W] in [-1, 1]. */
export function naive({ record, values }: Plain, image: Planes): Map<string, Planes> {
  const { range, channelOrder, subtractMean, divideStd } = record.input as Record<string, string> &
    Record<"subtractMean" | "divideStd", number[]>;
  const [channels, h, w] = image.shape;
  const unit = range === "0..1" ? 255 : 1;
  const data = [0, 1, 2].flatMap((c) => {
    const from = channels === 1 ? 0 : channelOrder === "BGR" ? 2 - c : c;
    const plane = image.data.slice(from * h * w, (from + 1) * h * w);
    return plane.map((x) => ((127.5 * x + 127.5) / unit - subtractMean[c]) / divideStd[c]);
  });
  const known = new Map<string, Planes>([["input", { shape: [3, h, w], data }]]);
  for (const layer of record.layers) {
    const inputs = inputsOf(layer).map((name) => known.get(name)!);
    const result = naiveLayer(layer, inputs, values);
    const act = ACTIVATIONS[(layer.activation as string) ?? "linear"];
    result.data = result.data.map((v) => act(v, record.leakySlope as number));
    known.set(layer.id as string, result);
  }
  return known;
}

const hard = (v: number) => Math.min(Math.max((v + 3) / 6, 0), 1);
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
const ACTIVATIONS: Record<string, (v: number, slope: number) => number> = {
  linear: (v) => v,
  relu: (v) => Math.max(v, 0),
  relu6: (v) => Math.min(Math.max(v, 0), 6),
  leaky: (v, slope) => (v > 0 ? v : slope * v),
  sigmoid,
  hardsigmoid: hard,
  swish: (v) => v * sigmoid(v),
  hardswish: (v) => v * hard(v),
};

function naiveLayer(layer: Record<string, unknown>, inputs: Planes[], values: Plain["values"]): Planes {
  const [x] = inputs;
  const [c, h, w] = x.shape;
  const weight = values.get(layer.weight as string);
  const bias = values.get(layer.bias as string)?.data;
  switch (layer.op) {
    case "concat":
      return { shape: [inputs.reduce((n, p) => n + p.shape[0], 0), h, w], data: inputs.flatMap((p) => p.data) };
    case "add":
      return { shape: x.shape, data: x.data.map((v, i) => v + inputs[1].data[i]) };
    case "multiply": {
      const factors = inputs[1].data;
      return {
        shape: x.shape,
        data: x.data.map((v, i) => v * factors[Math.floor((i * factors.length) / (c * h * w))]),
      };
    }
    case "activate":
      return { shape: x.shape, data: x.data };
    case "pad": {
      const [top, left, bottom, right] = layer.padding as number[];
      const shape = [c, h + top + bottom, w + left + right];
      const data = new Array<number>(shape.reduce((a, b) => a * b)).fill(0);
      x.data.forEach((v, i) => {
        const row = Math.floor(i / w) % h;
        data[(Math.floor(i / (h * w)) * shape[1] + row + top) * shape[2] + (i % w) + left] = v;
      });
      return { shape, data };
    }
    case "globalavg":
      return {
        shape: layer.keep ? [c, 1, 1] : [c],
        data: Array.from({ length: c }, (_, i) => {
          return x.data.slice(i * h * w, (i + 1) * h * w).reduce((a, b) => a + b, 0) / (h * w);
        }),
      };
    case "dense":
      return {
        shape: [weight!.shape[0]],
        data: bias!.map((b, o) => x.data.reduce((total, v, i) => total + v * weight!.data[o * c + i], b)),
      };
  }
  const { stride, padding } = layer as { stride: number; padding: number | number[] | "same" };
  const kernel = [layer.kernel as number | number[]].flat();
  const [kh, kw] = [kernel[0], kernel[kernel.length - 1]];
  const margins = [padding].flat();
  const reach = (size: number, k: number, axis: number) => {
    if (padding === "same") {
      const count = Math.ceil(size / stride);
      return { count, before: Math.floor(Math.max((count - 1) * stride + k - size, 0) / 2), after: 0 };
    }
    const [before, after] = margins.length === 1 ? [margins[0], margins[0]] : [margins[axis], margins[axis + 2]];
    const steps = ((size + Number(before) + Number(after) - k) / stride) as number;
    let count = (layer.ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    if (layer.ceil && (count - 1) * stride >= size + Number(before)) count--;
    return { count, before: Number(before), after: Number(after) };
  };
  const [rows, columns] = [reach(h, kh, 0), reach(w, kw, 1)];
  const out = layer.op === "conv" ? weight!.shape[0] : c;
  const inGroup = layer.op === "conv" ? weight!.shape[1] : 1;
  const group = (o: number) => (layer.op === "conv" ? Math.floor(o / (out / ((layer.groups as number) ?? 1))) : o);
  const data: number[] = [];
  for (let o = 0; o < out; o++) {
    for (let r = 0; r < rows.count; r++) {
      for (let s = 0; s < columns.count; s++) {
        let best = -Infinity;
        let total = bias ? bias[o] : 0;
        let inside = 0;
        for (let from = 0; from < inGroup; from++) {
          for (let i = 0; i < kh; i++) {
            for (let j = 0; j < kw; j++) {
              const [row, column] = [r * stride + i - rows.before, s * stride + j - columns.before];
              if (layer.countPadding && row < h + rows.after && column < w + columns.after) inside++;
              if (row < 0 || column < 0 || row >= h || column >= w) continue;
              if (!layer.countPadding) inside++;
              const v = x.data[((group(o) * inGroup + from) * h + row) * w + column];
              best = Math.max(best, v);
              total += weight ? v * weight.data[((o * inGroup + from) * kh + i) * kw + j] : v;
            }
          }
        }
        data.push(layer.op === "maxpool" ? best : layer.op === "avgpool" ? total / inside : total);
      }
    }
  }
  return { shape: [out, rows.count, columns.count], data };
}

/** Largest difference of two lists, as a share of the largest value of the second. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let scale = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return difference / scale;
}
