/**
 * @file For tests: a small network in the plain form with every kind of layer, and the plain form's rules as loops in
 * float64, written without the engine.
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

type Window = [kernel: number, stride: number, padding: number | "same"];
const windowOf = ([kernel, stride, padding]: Window) => ({ kernel, stride, padding });

/** Every op, both paddings, even and uneven margins, all activations, float16 and float32, BGR. */
export function tinyPlain(): Plain {
  const values: Plain["values"] = new Map();
  const layers: PlainRecord["layers"] = [];
  const weigh = (id: string, shape: number[], scale: number) => {
    const count = shape.reduce((a, b) => a * b, 1);
    values.set(`${id}/weight`, { shape, data: noise(count, 7 * values.size + 1).map((v) => v * scale) });
    values.set(`${id}/bias`, { shape: [shape[0]], data: noise(shape[0], 7 * values.size + 1) });
    return { weight: `${id}/weight`, bias: `${id}/bias` };
  };
  const conv = (id: string, from: string, shape: number[], window: Window, activation: string) => {
    const op = shape.length === 3 ? "depthwise" : "conv";
    layers.push({ id, op, inputs: [from], ...windowOf(window), activation, ...weigh(id, shape, 0.5) });
  };
  const pool = (id: string, from: string, window: Window) =>
    layers.push({ id, op: "maxpool", inputs: [from], ...windowOf(window) });

  conv("stem", "input", [7, 3, 3, 3], [3, 1, 1], "leaky");
  pool("incomplete", "stem", [3, 2, 0]);
  conv("deep", "incomplete", [7, 3, 3], [3, 2, "same"], "relu6");
  conv("uneven", "deep", [5, 7, 2, 2], [2, 1, "same"], "linear");
  pool("same", "uneven", [2, 2, "same"]);
  conv("point", "same", [5, 5, 1, 1], [1, 1, 0], "relu");
  layers.push({ id: "added", op: "add", inputs: ["same", "point"], activation: "leaky" });
  layers.push({ id: "joined", op: "concat", inputs: ["same", "point", "added"] });
  pool("even", "joined", [3, 1, "same"]);
  layers.push({ id: "mean", op: "globalavg", inputs: ["even"] });
  layers.push({ id: "classes", op: "dense", inputs: ["mean"], activation: "relu", ...weigh("classes", [4, 15], 1) });

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
    name: "Tiny",
    origin: "made up for tests",
    licence: "CC0",
    input: {
      size: 16,
      channelOrder: "BGR",
      scale: 1,
      range: "0..255",
      subtractMean: [104, 117, 123],
      divideStd: [60, 61, 62],
    },
    leakySlope: 0.2,
    featureLayers: ["stem", "deep", "uneven", "same", "added", "joined", "even"],
    weightsFile: "weights.bin",
    weightsBytes: bytes.length,
    weightsSha256: sha256(bytes),
    byteOrder: "little",
    layers,
    tensors,
  };
  return { record, bytes, values };
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

/** All layers of the tiny network for one image [1 or 3, H, W] in [-1, 1]. */
export function naive({ record, values }: Plain, image: Planes): Map<string, Planes> {
  const { subtractMean, divideStd } = record.input as { subtractMean: number[]; divideStd: number[] };
  const [channels, h, w] = image.shape;
  const data = [0, 1, 2].flatMap((c) => {
    const from = channels === 1 ? 0 : 2 - c;
    const plane = image.data.slice(from * h * w, (from + 1) * h * w);
    return plane.map((x) => (127.5 * x + 127.5 - subtractMean[c]) / divideStd[c]);
  });
  const known = new Map<string, Planes>([["input", { shape: [3, h, w], data }]]);
  for (const layer of record.layers) {
    const inputs = inputsOf(layer).map((name) => known.get(name)!);
    const result = naiveLayer(layer, inputs, values);
    const act = layer.activation;
    if (act === "relu" || act === "relu6")
      result.data = result.data.map((v) => Math.min(Math.max(v, 0), act === "relu" ? Infinity : 6));
    if (act === "leaky") result.data = result.data.map((v) => (v > 0 ? v : (record.leakySlope as number) * v));
    known.set(layer.id as string, result);
  }
  return known;
}

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
    case "globalavg":
      return {
        shape: [c],
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
  const { kernel, stride, padding } = layer as { kernel: number; stride: number; padding: number | "same" };
  const side = (size: number) =>
    padding === "same" ? Math.ceil(size / stride) : Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const before = (size: number) =>
    padding === "same" ? Math.floor(Math.max((side(size) - 1) * stride + kernel - size, 0) / 2) : padding;
  const out = layer.op === "conv" ? weight!.shape[0] : c;
  const data: number[] = [];
  for (let o = 0; o < out; o++) {
    for (let r = 0; r < side(h); r++) {
      for (let s = 0; s < side(w); s++) {
        let best = -Infinity;
        let total = bias ? bias[o] : 0;
        for (const from of layer.op === "conv" ? Array.from({ length: c }, (_, i) => i) : [o]) {
          for (let i = 0; i < kernel; i++) {
            for (let j = 0; j < kernel; j++) {
              const [row, column] = [r * stride + i - before(h), s * stride + j - before(w)];
              if (row < 0 || column < 0 || row >= h || column >= w) continue;
              const v = x.data[(from * h + row) * w + column];
              best = Math.max(best, v);
              const group = layer.op === "conv" ? o * c + from : o;
              if (weight) total += v * weight.data[(group * kernel + i) * kernel + j];
            }
          }
        }
        data.push(layer.op === "maxpool" ? best : total);
      }
    }
  }
  return { shape: [out, side(h), side(w)], data };
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
