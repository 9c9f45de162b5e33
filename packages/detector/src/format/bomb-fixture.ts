/**
 * @file For tests: small models that ask for gigabytes or hours, or hide what is not a number, each by another operator or
 * trick. All are models that ONNX Runtime would take.
 */
import { encodeField, joinedBytes } from "@hale/core";
import { field, message, onnx } from "../test-support.ts";

function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    digits.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(digits);
}

/** A whole number as a field. */
const integerField = (id: number, value: number) => joinedBytes([varint(id << 3), varint(value)]);

type Setting = number | readonly number[] | { float: number };

function attribute(name: string, value: Setting): Uint8Array {
  const content: Uint8Array[] = [field(1, name)];
  if (typeof value === "number") content.push(integerField(3, value), integerField(20, 2));
  else if ("float" in value)
    content.push(Uint8Array.of(0x15, ...new Uint8Array(Float32Array.of(value.float).buffer)), integerField(20, 1));
  else content.push(...value.map((one) => integerField(8, one)), integerField(20, 7));
  return joinedBytes(content);
}

export function node(op: string, inputs: readonly string[], output: string, attributes: Record<string, Setting> = {}) {
  return encodeField(
    1,
    joinedBytes([
      ...inputs.map((name) => field(1, name)),
      field(2, output),
      field(4, op),
      ...Object.entries(attributes).map(([name, value]) => encodeField(5, attribute(name, value))),
    ]),
  );
}

/** A constant of the graph. */
export function weights(
  name: string,
  data: Float32Array | Int32Array | BigInt64Array,
  dims: readonly number[] = [data.length],
) {
  const type = data instanceof Float32Array ? 1 : data instanceof Int32Array ? 6 : 7;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return encodeField(
    5,
    joinedBytes([...dims.map((size) => integerField(1, size)), field(2, type), field(8, name), encodeField(9, raw)]),
  );
}

const ints = (name: string, ...values: number[]) => weights(name, BigInt64Array.from(values, BigInt));
const int = (name: string, value: number) => weights(name, Int32Array.of(value), []);
const small = weights("w", Float32Array.of(0.5, -2), [1, 2]);

/** The picture as an input of the graph, float32 [N, 1, H, W]. */
export const pixels = (() => {
  const named = (name: string) => encodeField(1, field(2, name));
  const shape = joinedBytes([named("N"), encodeField(1, field(1, 1)), named("H"), named("W")]);
  const type = encodeField(1, joinedBytes([field(1, 1), encodeField(2, shape)]));
  return encodeField(11, joinedBytes([field(1, "pixels"), encodeField(2, type)]));
})();

/** A chain of nodes from `from`, each made of the one before. */
const chain = (length: number, from: string, link: (before: string, name: string) => Uint8Array) =>
  Array.from({ length }, (_, i) => link(i === 0 ? from : `c${i}`, `c${i + 1}`));

/** [n, n] out of one weight, by margins. */
const square = (side: number) => [
  small,
  ints("margins", 0, 0, side - 1, side - 2),
  node("Pad", ["w", "margins"], "big"),
];

/** A sound small network: what the exporter writes before every network, and an operator of each further kind of rule. */
export const networkModel = onnx(
  pixels,
  weights("odd", Int32Array.of(1, 3, 5, 7), [4, 1]),
  weights("k", new Float32Array(18).fill(0.1), [2, 1, 3, 3]),
  weights("d", new Float32Array(8).fill(0.1), [2, 1, 2, 2]),
  weights("m", new Float32Array(32).fill(0.1), [16, 2]),
  ...[weights("scale", Float32Array.of(1, 1)), weights("shift", Float32Array.of(0, 0))],
  ...[int("side", 4), int("eight", 8)],
  ...[
    ints("open", -1, 1, 4, 4),
    ints("row", -1, 16),
    ints("axes", 2, 3),
    ints("first", 1),
    ints("two", 2),
    ints("one", 1),
  ],
  ints("frame", 0, 0, 1, 1, 0, 0, 1, 1),
  node("Shape", ["pixels"], "s", { start: 3, end: 4 }),
  node("Squeeze", ["s"], "w"),
  node("Cast", ["w"], "from", { to: 6 }),
  node("Mul", ["odd", "from"], "centres"),
  node("Mul", ["from", "eight"], "to"),
  node("Range", ["side", "to", "eight"], "positions"),
  node("Sub", ["positions", "centres"], "apart"),
  node("Cast", ["apart"], "taps", { to: 1 }),
  node("Transpose", ["taps"], "across", { perm: [1, 0] }),
  node("MatMul", ["pixels", "across"], "rows"),
  node("MatMul", ["taps", "rows"], "small"),
  node("Reshape", ["small", "open"], "x"),
  node("Conv", ["x", "k"], "y", { group: 1, kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] }),
  node("InstanceNormalization", ["y", "scale", "shift"], "n", { epsilon: { float: 1e-5 } }),
  node("LeakyRelu", ["n"], "l", { alpha: { float: 0.2 } }),
  node("MaxPool", ["l"], "p", { kernel_shape: [2, 2], pads: [0, 0, 0, 0], strides: [2, 2] }),
  node("ConvTranspose", ["p", "d"], "up", {
    ...{ group: 1, kernel_shape: [2, 2], output_padding: [0, 0], pads: [0, 0, 0, 0], strides: [2, 2] },
  }),
  node("Concat", ["up", "x"], "both", { axis: 1 }),
  node("Pad", ["both", "frame"], "framed"),
  node("Slice", ["both", "one", "two", "first"], "cut"),
  node("ReduceMean", ["framed", "axes"], "mean", { keepdims: 1 }),
  node("Reshape", ["cut", "row"], "flat"),
  node("Gemm", ["flat", "m"], "product", { transA: 0, transB: 0 }),
  node("ArgMax", ["product"], "place", { axis: 1, keepdims: 1 }),
  node("Gather", ["odd", "place"], "found", { axis: 0 }),
);

/** By name: the model, and how it is refused. */
export const BOMBS: Readonly<Record<string, { model: Uint8Array; refusal: RegExp }>> = {
  ConstantOfShape: {
    model: onnx(ints("shape", 32768, 32768), node("ConstantOfShape", ["shape"], "v")),
    refusal: /ConstantOfShape/,
  },
  Expand: {
    model: onnx(small, ints("shape", 32768, 16384, 2), node("Expand", ["w", "shape"], "v")),
    refusal: /Expand/,
  },
  Tile: { model: onnx(small, ints("times", 32768, 16384), node("Tile", ["w", "times"], "v")), refusal: /Tile/ },
  Resize: {
    model: onnx(small, ints("sizes", 32768, 32768), node("Resize", ["w", "", "", "sizes"], "v")),
    refusal: /Resize/,
  },
  Constant: {
    model: onnx(node("Constant", [], "v", { value_float: { float: Number.NaN } })),
    refusal: /value_float that is not a number/,
  },
  Loop: { model: onnx(small, node("Loop", ["w"], "v")), refusal: /Loop/ },
  Range: {
    model: onnx(int("from", 0), int("to", 2 ** 31 - 1), int("step", 1), node("Range", ["from", "to", "step"], "v")),
    refusal: /makes an array of 8192 MB/,
  },
  "Range by the picture's size": {
    model: onnx(
      pixels,
      ...[int("from", 0), int("step", 1), int("k", 2 ** 20)],
      node("Shape", ["pixels"], "s", { start: 3, end: 4 }),
      node("Squeeze", ["s"], "width"),
      node("Cast", ["width"], "side", { to: 6 }),
      node("Mul", ["side", "k"], "to"),
      node("Range", ["from", "to", "step"], "v"),
    ),
    refusal: /makes an array of 4096 MB for a batch of 8 images/,
  },
  Pad: { model: onnx(...square(32768)), refusal: /makes an array of 4096 MB/ },
  "Pad, many small ones": {
    model: onnx(...square(4000), ...chain(100, "big", (before, name) => node("Exp", [before], name))),
    refusal: /MB of weights alone/,
  },
  Gather: {
    model: onnx(
      small,
      weights("places", new BigInt64Array(40_000), [40_000]),
      node("Gather", ["w", "places"], "a", { axis: 0 }),
      node("Gather", ["a", "places"], "b", { axis: 1 }),
    ),
    refusal: /makes an array of 6104 MB/,
  },
  "MatMul chain": {
    model: onnx(...square(3000), ...chain(400, "big", (before, name) => node("MatMul", [before, "big"], name))),
    refusal: /of weights alone/,
  },
  "MatMul chain on the picture": {
    model: onnx(
      ...[pixels, ...square(1024)],
      ...chain(100, "pixels", (before, name) => node("MatMul", [before, "big"], name)),
    ),
    refusal: /products for a batch of 8 images/,
  },
  "an outer product": {
    model: onnx(
      pixels,
      node("Transpose", ["pixels"], "turned", { perm: [0, 1, 3, 2] }),
      ints("column", -1, 1),
      ints("row", 1, -1),
      node("Reshape", ["pixels", "column"], "a"),
      node("Reshape", ["pixels", "row"], "b"),
      node("MatMul", ["a", "b"], "v"),
    ),
    refusal: /makes an array/,
  },
  "Conv with margins": {
    model: onnx(
      pixels,
      weights("k", new Float32Array(1), [1, 1, 1, 1]),
      node("Conv", ["pixels", "k"], "v", {
        group: 1,
        kernel_shape: [1, 1],
        pads: [0, 0, 99_999, 99_999],
        strides: [1, 1],
      }),
    ),
    refusal: /makes an array/,
  },
  "MaxPool of wide windows": {
    model: onnx(
      pixels,
      node("MaxPool", ["pixels"], "v", { kernel_shape: [511, 511], pads: [255, 255, 255, 255], strides: [1, 1] }),
    ),
    refusal: /products/,
  },
  "400 000 nodes": {
    model: onnx(small, joinedBytes(new Array(400_000).fill(node("Neg", ["w"], "v")))),
    refusal: /has 400000 nodes/,
  },
  "an infinite attribute": {
    model: onnx(small, node("LeakyRelu", ["w"], "v", { alpha: { float: Number.POSITIVE_INFINITY } })),
    refusal: /alpha that is not a number/,
  },
  "two types of one tensor": {
    model: onnx(
      encodeField(
        5,
        message(
          field(1, 1),
          field(2, 1),
          field(2, 6),
          field(8, "w"),
          field(9, new Uint8Array(Int32Array.of(-1).buffer)),
        ),
      ),
      node("Identity", ["w"], "v"),
    ),
    refusal: /tensor with field 2 twice/,
  },
  "two names of one operator": {
    model: onnx(small, encodeField(1, message(field(1, "w"), field(2, "v"), field(4, "Neg"), field(4, "Exp")))),
    refusal: /node with field 4 twice/,
  },
  "a value that reads itself": {
    model: onnx(small, node("Add", ["w", "v"], "v")),
    refusal: /reads v before it is made/,
  },
};
