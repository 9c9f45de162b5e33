/**
 * @file For tests: writes ONNX models by hand, byte by byte, so that they may be of any version and as wrong as they like;
 * and lets a model of another program give out more of its values.
 */

export interface FixtureTensor {
  dims: number[];
  data: ArrayLike<number>;
  /** How the numbers are kept; `raw` is float32 in raw_data. */
  kind?: "raw" | "list" | "half" | "halfList" | "brain" | "double" | "int64" | "int64List" | "int32";
}

export type FixtureAttribute =
  | number
  | string
  | readonly number[]
  | { f: number }
  | { fs: number[] }
  | { t: FixtureTensor };

export interface FixtureNode {
  op: string;
  inputs: string[];
  outputs: string[];
  name?: string;
  domain?: string;
  attributes?: Record<string, FixtureAttribute>;
  scopes?: string;
}

export interface FixtureModel {
  opset?: number;
  nodes: FixtureNode[];
  tensors?: Record<string, FixtureTensor>;
  /** Sizes of the image; a string is an open one. */
  input?: { name: string; dims: (number | string)[] };
  outputs: string[];
}

const utf8 = (value: string) => [...new TextEncoder().encode(value)];

function varint(value: number | bigint): number[] {
  const result: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) result.push(Number(rest & 127n) | 128);
  return [...result, Number(rest)];
}

/** A field of bytes, and one of a number. */
export const field = (id: number, bytes: ArrayLike<number>): number[] => {
  return [...varint(id * 8 + 2), ...varint(bytes.length), ...Array.from(bytes)];
};
export const numberField = (id: number, value: number): number[] => [...varint(id * 8), ...varint(value)];

const floatBytes = (values: ArrayLike<number>) => new Uint8Array(Float32Array.from(values).buffer);

/** Bits of a float16 that holds the number exactly. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(value) / 2 ** exponent - 1) * 1024);
}
const brainBits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16;

export function tensorBytes({ dims, data, kind = "raw" }: FixtureTensor, name = ""): number[] {
  const values = Array.from(data);
  const kept: Record<NonNullable<FixtureTensor["kind"]>, () => [type: number, bytes: number[]]> = {
    raw: () => [1, field(9, floatBytes(values))],
    list: () => [1, field(4, floatBytes(values))],
    half: () => [10, field(9, new Uint8Array(Uint16Array.from(values, halfBits).buffer))],
    halfList: () => [
      10,
      field(
        5,
        values.flatMap((value) => varint(halfBits(value))),
      ),
    ],
    brain: () => [16, field(9, new Uint8Array(Uint16Array.from(values, brainBits).buffer))],
    double: () => [11, field(9, new Uint8Array(Float64Array.from(values).buffer))],
    int64: () => [7, field(9, new Uint8Array(BigInt64Array.from(values, BigInt).buffer))],
    int64List: () => [7, field(7, values.flatMap(varint))],
    int32: () => [6, field(5, values.flatMap(varint))],
  };
  const [type, bytes] = kept[kind]();
  return [...dims.flatMap((size) => numberField(1, size)), ...numberField(2, type), ...field(8, utf8(name)), ...bytes];
}

function attributeBytes(name: string, value: FixtureAttribute): number[] {
  const named = field(1, utf8(name));
  if (typeof value === "number") return [...named, ...numberField(3, value), ...numberField(20, 2)];
  if (typeof value === "string") return [...named, ...field(4, utf8(value)), ...numberField(20, 3)];
  if ("f" in value) return [...named, ...varint(2 * 8 + 5), ...floatBytes([value.f]), ...numberField(20, 1)];
  if ("fs" in value) return [...named, ...field(7, floatBytes(value.fs)), ...numberField(20, 6)];
  if ("t" in value) return [...named, ...field(5, tensorBytes(value.t)), ...numberField(20, 4)];
  return [...named, ...field(8, (value as readonly number[]).flatMap(varint)), ...numberField(20, 7)];
}

function nodeBytes({ op, inputs, outputs, name = "", domain = "", attributes = {}, scopes }: FixtureNode): number[] {
  return [
    ...inputs.flatMap((value) => field(1, utf8(value))),
    ...outputs.flatMap((value) => field(2, utf8(value))),
    ...field(3, utf8(name)),
    ...field(4, utf8(op)),
    ...Object.entries(attributes).flatMap(([key, value]) => field(5, attributeBytes(key, value))),
    ...field(7, utf8(domain)),
    ...(scopes === undefined
      ? []
      : field(9, [...field(1, utf8("pkg.torch.onnx.name_scopes")), ...field(2, utf8(scopes))])),
  ];
}

/** A value of floats; sizes that are strings are open, and without sizes the shape is left open. */
function valueBytes(name: string, dims?: (number | string)[]): number[] {
  const shape = (dims ?? []).flatMap((size) =>
    field(1, typeof size === "number" ? numberField(1, size) : field(2, utf8(size))),
  );
  const type = [...numberField(1, 1), ...(dims ? field(2, shape) : [])];
  return [...field(1, utf8(name)), ...field(2, field(1, type))];
}

/** The bytes of a model, images [N, 3, 16, 16] unless told otherwise. */
export function onnxBytes({ opset = 17, nodes, tensors = {}, input, outputs }: FixtureModel): Uint8Array {
  const { name, dims } = input ?? { name: "x", dims: ["N", 3, 16, 16] };
  const graph = [
    ...nodes.flatMap((node) => field(1, nodeBytes(node))),
    ...field(2, utf8("test")),
    ...Object.entries(tensors).flatMap(([key, tensor]) => field(5, tensorBytes(tensor, key))),
    ...field(11, valueBytes(name, dims)),
    ...outputs.flatMap((output) => field(12, valueBytes(output))),
  ];
  return modelBytes(graph, opset);
}

/** A model of the bytes of a graph. */
export function modelBytes(graph: number[], opset = 17): Uint8Array {
  const version = field(8, [...field(1, []), ...numberField(2, opset)]);
  return Uint8Array.from([...numberField(1, 8), ...field(7, graph), ...version]);
}

/** The model with more outputs: a message that comes twice is read as one. */
export function withOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const tail = field(
    7,
    names.flatMap((name) => field(12, field(1, utf8(name)))),
  );
  const result = new Uint8Array(bytes.length + tail.length);
  result.set(bytes);
  result.set(tail, bytes.length);
  return result;
}
