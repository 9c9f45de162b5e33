/**
 * @file Reads an ONNX model (onnx.proto) that is not trusted: nodes with their attributes, inputs and outputs, weights.
 * Everything is bounded before it is held, weights are views of the file until they are asked for, and what lies in other
 * files is refused. What ops mean is left to the rules.
 */
import { HaleError, joinedBytes, packedNumbers, type WireField, wireFields } from "@hale/core";
import { fromHalf } from "../plain-model.ts";

/** More than the largest network of this kind has: EfficientNet-B7 has 2 000 nodes. */
const MOST_NODES = 10_000;
const MOST_TENSORS = 20_000;
/** Of inputs and outputs of a node, of its attributes, of the entries of a list. */
const MOST_ENTRIES = 4096;
const LONGEST_TEXT = 4096;
const MOST_AXES = 8;

/** The versions of ONNX's operators that the rules know. From 22 to 24 those that they know changed in their types alone. */
const OPSETS = { oldest: 9, newest: 24 };

export interface OnnxAttribute {
  f?: number;
  i?: number;
  s?: string;
  floats?: readonly number[];
  ints?: readonly number[];
  t?: OnnxTensor;
}

export interface OnnxNode {
  name: string;
  op: string;
  domain: string;
  /** An empty name is an input that is left out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: ReadonlyMap<string, OnnxAttribute>;
  /** Modules that PyTorch's newer exporter says the node is of, from the outermost, the node's own name last. */
  scopes: readonly string[];
}

/** A constant; its numbers are read when they are asked for, which throws RangeError where they are not numbers. */
export interface OnnxTensor {
  dims: readonly number[];
  floats(options?: { infinite?: boolean }): Float32Array;
  /** Of int32 and int64, few enough to be axes or sizes. */
  ints(): number[];
}

export interface OnnxValue {
  name: string;
  /** Sizes; 0 where one is open. */
  dims: readonly number[];
}

export interface OnnxModel {
  opset: number;
  nodes: readonly OnnxNode[];
  tensors: ReadonlyMap<string, OnnxTensor>;
  /** Those that are no tensors of the file. */
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
}

/** Throws FILE_UNREADABLE for what is no ONNX model, too large a one or one with weights elsewhere; `file` is its name. */
export function readOnnx(bytes: Uint8Array, file: string): OnnxModel {
  const refused = (reason: string, remedy = "Export the network again.", cause?: unknown) =>
    new HaleError("FILE_UNREADABLE", `${file} ${reason}.`, remedy, { cause });
  try {
    const model = [...limited(bytes)];
    const graphs = model.filter(({ id, value }) => id === 7 && typeof value !== "bigint");
    const opset = opsetOf(model);
    if (graphs.length !== 1 || opset === null) throw refused("is no ONNX model", "Give an ONNX file.");
    if (opset < OPSETS.oldest || opset > OPSETS.newest) {
      const known = `${OPSETS.oldest} to ${OPSETS.newest}`;
      throw refused(
        `has version ${opset} of ONNX's operators; ${known} can be read`,
        "Export it with another version.",
      );
    }
    return { opset, ...graphOf(bytesOf(graphs[0])) };
  } catch (cause) {
    if (cause instanceof Elsewhere)
      throw refused(
        "keeps its weights in another file",
        "Export it with the weights inside, as torch.onnx.export does with external_data=False.",
        cause,
      );
    if (cause instanceof RangeError) {
      const reason = cause.message.replace(/\.$/, "");
      throw refused(`cannot be read as an ONNX model: ${reason[0].toLowerCase()}${reason.slice(1)}`, undefined, cause);
    }
    throw cause;
  }
}

/** Weights that lie in another file. */
class Elsewhere extends Error {}

function opsetOf(model: readonly WireField[]): number | null {
  for (const { id, value } of model) {
    if (id !== 8 || typeof value === "bigint") continue;
    const parts = [...wireFields(value)];
    const domain = textOf(parts, 1);
    if (domain === "" || domain === "ai.onnx") return numberOf(parts, 2) ?? 0;
  }
  return null;
}

function graphOf(bytes: Uint8Array): Omit<OnnxModel, "opset"> {
  const nodes: OnnxNode[] = [];
  const tensors = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for (const field of wireFields(bytes)) {
    switch (field.id) {
      case 1:
        if (nodes.length === MOST_NODES) throw new RangeError(`it has over ${MOST_NODES} nodes`);
        nodes.push(nodeOf(bytesOf(field)));
        break;
      case 5: {
        if (tensors.size === MOST_TENSORS) throw new RangeError(`it has over ${MOST_TENSORS} tensors`);
        const parts = [...limited(bytesOf(field))];
        tensors.set(textOf(parts, 8), tensorOf(parts));
        break;
      }
      case 11:
      case 12: {
        const values = field.id === 11 ? inputs : outputs;
        if (values.length === MOST_TENSORS) throw new RangeError(`it has over ${MOST_TENSORS} inputs or outputs`);
        values.push(namedValue(bytesOf(field)));
      }
    }
  }
  return { nodes, tensors, inputs: inputs.filter(({ name }) => !tensors.has(name)), outputs };
}

function nodeOf(bytes: Uint8Array): OnnxNode {
  const parts = [...limited(bytes)];
  const attributes = new Map<string, OnnxAttribute>();
  for (const part of parts.filter(({ id }) => id === 5)) {
    const fields = [...limited(bytesOf(part))];
    attributes.set(textOf(fields, 1), attributeOf(fields));
  }
  return {
    name: textOf(parts, 3),
    op: textOf(parts, 4),
    domain: textOf(parts, 7),
    inputs: parts.filter(({ id }) => id === 1).map(text),
    outputs: parts.filter(({ id }) => id === 2).map(text),
    attributes,
    scopes: scopesOf(parts),
  };
}

/** The fields of a message that has no long lists of others. */
function* limited(bytes: Uint8Array): Generator<WireField> {
  let count = 0;
  for (const field of wireFields(bytes)) {
    if (++count > 4 * MOST_ENTRIES) throw new RangeError(`a part of it has over ${4 * MOST_ENTRIES} fields`);
    yield field;
  }
}

function attributeOf(fields: readonly WireField[]): OnnxAttribute {
  const has = (wanted: number) => fields.some(({ id }) => id === wanted);
  const tensor = fields.find(({ id }) => id === 5);
  const name = fields.find(({ id }) => id === 4);
  return {
    ...(has(2) && { f: floatsOf(fields, 2)[0] }),
    ...(has(3) && { i: numberOf(fields, 3) ?? 0 }),
    ...(name && { s: text(name) }),
    ...(tensor && { t: tensorOf([...limited(bytesOf(tensor))]) }),
    ...(has(7) && { floats: floatsOf(fields, 7) }),
    ...(has(8) && { ints: integersOf(fields, 8) }),
  };
}

/** Reads `pkg.torch.onnx.name_scopes`, a list of names as Python writes one. */
function scopesOf(parts: readonly WireField[]): string[] {
  for (const part of parts.filter(({ id }) => id === 9)) {
    const entry = [...limited(bytesOf(part))];
    if (textOf(entry, 1) !== "pkg.torch.onnx.name_scopes") continue;
    return [...textOf(entry, 2).matchAll(/'([^']*)'|"([^"]*)"/g)].map((match) => match[1] ?? match[2]);
  }
  return [];
}

function namedValue(bytes: Uint8Array): OnnxValue {
  const parts = [...limited(bytes)];
  const [type] = messages(parts, 2);
  const [tensor] = messages(type ?? [], 1);
  const [shape] = messages(tensor ?? [], 2);
  const dims = messages(shape ?? [], 1).map((dim) => numberOf(dim, 1) ?? 0);
  return { name: textOf(parts, 1), dims: dims.map((size) => (Number.isSafeInteger(size) && size > 0 ? size : 0)) };
}

const messages = (parts: readonly WireField[], wanted: number) =>
  parts.filter(({ id }) => id === wanted).map((part) => [...limited(bytesOf(part))]);

/** ONNX's data types by number, as far as weights have them. */
const TYPES = { float: 1, int32: 6, int64: 7, half: 10, double: 11, brain: 16 };
const WIDTHS: Record<number, number> = { 1: 4, 6: 4, 7: 8, 10: 2, 11: 8, 16: 2 };

function tensorOf(parts: readonly WireField[]): OnnxTensor {
  if (parts.some(({ id }) => id === 13) || numberOf(parts, 14) === 1) throw new Elsewhere("There are external data.");
  const name = textOf(parts, 8) || "a constant";
  const type = numberOf(parts, 2) ?? 0;
  const dims = integersOf(parts, 1);
  if (dims.length > MOST_AXES || dims.some((size) => size < 0)) throw new RangeError(`the tensor ${name} is [${dims}]`);
  const count = dims.reduce((product, size) => product * size, 1);
  const chunks = (id: number) => wholeOf(parts.filter((part) => part.id === id).map(bytesOf));
  const whole = (values: number[]) => {
    if (values.length !== count) throw new RangeError(`the tensor ${name} [${dims}] does not have ${count} values`);
    return values;
  };
  /** Bytes of the numbers, from raw_data or the list that the type is kept in; null where they are varints. */
  const packed = (): Uint8Array | null => {
    const raw = chunks(9);
    if (raw.length > 0 || count === 0) return raw;
    return type === TYPES.float ? chunks(4) : type === TYPES.double ? chunks(10) : null;
  };
  const fault = () => new RangeError(`the tensor ${name} has values of a type (${type}) that cannot be read here`);
  const decode = (): Float32Array => {
    const width = WIDTHS[type];
    if (!width || type === TYPES.int32 || type === TYPES.int64) throw fault();
    const bytes = packed();
    // Halves may stand one by one, as whole numbers.
    if (!bytes)
      return Float32Array.from(whole(integersOf(parts, 5, count)), type === TYPES.half ? fromHalf : fromBrain);
    if (bytes.length !== width * count)
      throw new RangeError(`the tensor ${name} [${dims}] does not fill ${bytes.length} bytes`);
    return numbersOf(bytes, type);
  };
  let decoded: Float32Array | undefined;
  return {
    dims,
    floats: ({ infinite = false } = {}) => {
      decoded ??= decode();
      if (!infinite && !decoded.every(Number.isFinite))
        throw new RangeError(`the tensor ${name} holds values that are not numbers`);
      return decoded;
    },
    ints: () => {
      if (type !== TYPES.int32 && type !== TYPES.int64) throw fault();
      if (count > MOST_ENTRIES) throw new RangeError(`the tensor ${name} has too many values for sizes`);
      const raw = chunks(9);
      if (raw.length === 0) return [...whole(integersOf(parts, type === TYPES.int64 ? 7 : 5))];
      if (raw.length !== WIDTHS[type] * count)
        throw new RangeError(`the tensor ${name} [${dims}] does not fill ${raw.length} bytes`);
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      return Array.from({ length: count }, (_, i) =>
        type === TYPES.int64 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
      );
    },
  };
}

function numbersOf(bytes: Uint8Array, type: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = WIDTHS[type];
  const read: Record<number, (at: number) => number> = {
    [TYPES.float]: (at) => view.getFloat32(at, true),
    [TYPES.double]: (at) => view.getFloat64(at, true),
    [TYPES.half]: (at) => fromHalf(view.getUint16(at, true)),
    [TYPES.brain]: (at) => fromBrain(view.getUint16(at, true)),
  };
  const at = read[type];
  const result = new Float32Array(bytes.length / width);
  for (let i = 0; i < result.length; i++) result[i] = at(width * i);
  return result;
}

/** A bfloat16 from its bits: the upper half of a float32. */
const fromBrain = (bits: number) => new Float32Array(Uint32Array.of((bits & 0xffff) << 16).buffer)[0];

function bytesOf({ value }: WireField): Uint8Array {
  if (typeof value === "bigint") throw new RangeError("a number stands where bytes belong");
  return value;
}

/** Pieces of a list as one; a single piece is not copied. */
const wholeOf = (pieces: readonly Uint8Array[]) => (pieces.length === 1 ? pieces[0] : joinedBytes(pieces));

function text(field: WireField): string {
  const bytes = bytesOf(field);
  if (bytes.length > LONGEST_TEXT) throw new RangeError(`a name has over ${LONGEST_TEXT} characters`);
  return new TextDecoder().decode(bytes);
}

function textOf(parts: readonly WireField[], wanted: number): string {
  const field = parts.find(({ id }) => id === wanted);
  return field ? text(field) : "";
}

const signed = (value: bigint) => Number(BigInt.asIntN(64, value));

function numberOf(parts: readonly WireField[], wanted: number): number | null {
  const field = parts.find(({ id }) => id === wanted);
  if (!field) return null;
  if (typeof field.value !== "bigint") throw new RangeError("bytes stand where a number belongs");
  return signed(field.value);
}

/** All entries of a list of whole numbers, packed or one by one. */
function integersOf(parts: readonly WireField[], wanted: number, most = MOST_ENTRIES): number[] {
  const result: number[] = [];
  for (const { id, value } of parts) {
    if (id !== wanted) continue;
    if (typeof value !== "bigint" && value.length > 10 * most) throw new RangeError("a list is too long");
    for (const entry of typeof value === "bigint" ? [value] : packedNumbers(value)) result.push(signed(entry));
    if (result.length > most) throw new RangeError("a list is too long");
  }
  return result;
}

function floatsOf(parts: readonly WireField[], wanted: number): number[] {
  const bytes = wholeOf(parts.filter(({ id }) => id === wanted).map(bytesOf));
  if (bytes.length > 4 * MOST_ENTRIES || bytes.length % 4 !== 0) throw new RangeError("a list is too long or cut off");
  return [...numbersOf(bytes, TYPES.float)];
}
