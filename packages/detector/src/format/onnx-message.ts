/**
 * @file Reads an ONNX model that nobody vouches for, and nothing of it that a detector's exporter does not write: fields by
 * number and wire type, each scalar once, counts bounded, no message inside itself. Which operators there are and what they
 * make is left to operators.ts, what it all costs to model-cost.ts.
 */
import { packedNumbers, type WireField, wireFields } from "@hale/core";
import { MAX_MODEL_NODES } from "./model-limits.ts";
import { type Attribute, BOOL, type ElementType, FLOAT, INT32, INT64 } from "./operators.ts";

/** Most inputs, outputs or attributes of a node, and axes of a tensor. */
const MAX_OF_A_NODE = 256;
const MAX_RANK = 8;
const MAX_NAME_BYTES = 512;
/** Whole numbers in a model are sizes, axes and places: all of them fit. */
const MAX_INTEGER = 2 ** 31;
/** Of `ai.onnx`: the one that the exporter writes, whose rules operators.ts follows. */
const OPSET = 20;

/** Wire types: a varint, bytes, four bytes. */
const [VARINT, BYTES, FIXED32] = [0, 2, 5];

/** By field number the wire types that it may have; `many` may stand any number of times. */
type Layout = Readonly<Record<number, { wire: readonly number[]; many?: true }>>;
const number = { wire: [VARINT] };
const bytes = { wire: [BYTES] };
const messages = { wire: [BYTES], many: true } as const;
const numbers = { wire: [VARINT, BYTES], many: true } as const;

const LAYOUTS = {
  // ir_version, producer_name, producer_version, graph, opset_import, metadata_props
  model: { 1: number, 2: bytes, 3: bytes, 7: bytes, 8: messages, 14: messages },
  // domain, version
  "set of operators": { 1: bytes, 2: number },
  // node, name, initializer, input, output
  graph: { 1: messages, 2: bytes, 5: messages, 11: messages, 12: messages },
  // input, output, name, op_type, attribute, domain
  node: { 1: messages, 2: messages, 3: bytes, 4: bytes, 5: messages, 7: bytes },
  // name, f, i, ints, type
  attribute: { 1: bytes, 2: { wire: [FIXED32] }, 3: number, 8: numbers, 20: number },
  // dims, data_type, name, raw_data
  tensor: { 1: numbers, 2: number, 8: bytes, 9: bytes },
  // name, type
  value: { 1: bytes, 2: bytes },
  // tensor_type
  type: { 1: bytes },
  // elem_type, shape
  "tensor type": { 1: number, 2: bytes },
  // dim
  shape: { 1: messages },
  // dim_value, dim_param
  size: { 1: number, 2: bytes },
} as const satisfies Record<string, Layout>;

export interface ModelNode {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes: ReadonlyMap<string, Attribute>;
}

export interface Weights {
  name: string;
  type: ElementType;
  dims: number[];
  /** Little-endian. */
  data: Uint8Array;
}

export interface ModelValue {
  name: string;
  type: number;
  /** Null for a symbolic size. */
  dims: (number | null)[];
}

export interface ReadModel {
  nodes: ModelNode[];
  weights: Weights[];
  inputs: ModelValue[];
  outputs: ModelValue[];
  /** The entries of `metadata_props`, unread. */
  metadata: Uint8Array[];
}

/** What is wrong with a model: ends "its model …". */
export class ModelFault extends Error {}

/** Throws ModelFault with the reason where it is not as a detector's is, RangeError and TypeError where it is no message. */
export function readModel(model: Uint8Array): ReadModel {
  const parts = fields(model, "model");
  const graphs = every(parts, 7);
  if (graphs.length !== 1) throw new ModelFault("has no graph");
  const sets = every(parts, 8).map((set) => fields(set, "set of operators"));
  const domain = sets.length === 1 ? textIn(sets[0], 1) : undefined;
  if (domain !== "" || numberIn(sets[0], 2) !== OPSET)
    throw new ModelFault(`is not written for version ${OPSET} of ONNX's operators alone`);
  const graph = fields(graphs[0], "graph");
  const nodes = every(graph, 1);
  if (nodes.length > MAX_MODEL_NODES) throw new ModelFault(`has ${nodes.length} nodes, more than ${MAX_MODEL_NODES}`);
  const weights = every(graph, 5);
  if (weights.length > 2 * MAX_MODEL_NODES) throw new ModelFault(`has ${weights.length} arrays of weights`);
  const [inputs, outputs] = [11, 12].map((id) => every(graph, id).map(readValue));
  if (inputs.length + outputs.length > MAX_OF_A_NODE) throw new ModelFault("has too many inputs and outputs");
  return {
    nodes: nodes.map(readNode),
    weights: weights.map(readWeights),
    inputs,
    outputs,
    metadata: every(parts, 14),
  };
}

/** The fields of a message of this kind. */
function fields(message: Uint8Array, kind: keyof typeof LAYOUTS): WireField[] {
  const layout: Layout = LAYOUTS[kind];
  const result: WireField[] = [];
  const seen = new Set<number>();
  for (const field of wireFields(message)) {
    const { id, raw } = field;
    const rule = layout[id];
    if (!rule) throw new ModelFault(`has a ${kind} with field ${id}, which detectors do not use`);
    // The lowest bits of a field's first byte are its wire type.
    if (!rule.wire.includes(raw[0] & 7)) throw new ModelFault(`has a ${kind} whose field ${id} is of another kind`);
    // Readers of protobuf take the last of several, others the first.
    if (!rule.many && seen.has(id)) throw new ModelFault(`has a ${kind} with field ${id} twice`);
    seen.add(id);
    result.push(field);
  }
  return result;
}

const every = (parts: readonly WireField[], id: number): Uint8Array[] =>
  parts.filter((part) => part.id === id).map(({ value }) => value as Uint8Array);

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function nameOf(value: Uint8Array): string {
  if (value.length > MAX_NAME_BYTES) throw new ModelFault("has a name that is too long");
  return UTF8.decode(value);
}

function textIn(parts: readonly WireField[], id: number): string {
  const found = parts.find((part) => part.id === id);
  return found ? nameOf(found.value as Uint8Array) : "";
}

function integer(value: bigint): number {
  const result = Number(BigInt.asIntN(64, value));
  if (Math.abs(result) > MAX_INTEGER) throw new ModelFault(`holds the size ${result}`);
  return result;
}

function numberIn(parts: readonly WireField[], id: number): number {
  const found = parts.find((part) => part.id === id);
  return found ? integer(found.value as bigint) : 0;
}

/** A repeated field of whole numbers: each by itself, or packed. */
function numbersIn(parts: readonly WireField[], id: number): number[] {
  const result: number[] = [];
  for (const part of parts) {
    if (part.id !== id) continue;
    const { value } = part;
    if (typeof value !== "bigint" && value.length > 10 * MAX_OF_A_NODE)
      throw new ModelFault("has a list that is too long");
    for (const one of typeof value === "bigint" ? [value] : packedNumbers(value)) result.push(integer(one));
    if (result.length > MAX_OF_A_NODE) throw new ModelFault("has a list that is too long");
  }
  return result;
}

function readNode(message: Uint8Array): ModelNode {
  const parts = fields(message, "node");
  if (parts.length > 2 * MAX_OF_A_NODE) throw new ModelFault("has a node with too many inputs, outputs or attributes");
  const domain = textIn(parts, 7);
  if (domain !== "" && domain !== "ai.onnx") throw new ModelFault(`has an op of ${domain}`);
  const [inputs, outputs] = [1, 2].map((id) => every(parts, id).map(nameOf));
  const attributes = new Map<string, Attribute>();
  for (const entry of every(parts, 5)) {
    const [name, value] = readAttribute(entry);
    if (attributes.has(name)) throw new ModelFault(`has a node with the attribute ${name} twice`);
    attributes.set(name, value);
  }
  return { op: textIn(parts, 4), inputs, outputs, attributes };
}

/** AttributeProto's types, and the field that holds the value of each. */
const [FLOAT_VALUE, INT_VALUE, INT_LIST] = [1, 2, 7];
const FIELD_OF = new Map([
  [FLOAT_VALUE, 2],
  [INT_VALUE, 3],
  [INT_LIST, 8],
]);

function readAttribute(message: Uint8Array): [name: string, value: Attribute] {
  const parts = fields(message, "attribute");
  const name = textIn(parts, 1);
  const type = numberIn(parts, 20);
  const own = FIELD_OF.get(type);
  if (own === undefined || parts.some(({ id }) => id !== own && id !== 1 && id !== 20))
    throw new ModelFault(`has an attribute ${name} of a kind that detectors do not use`);
  if (type === INT_LIST) return [name, numbersIn(parts, own)];
  if (type === INT_VALUE) return [name, numberIn(parts, own)];
  const stored = parts.find(({ id }) => id === own)?.value as Uint8Array | undefined;
  const value = stored ? new DataView(stored.buffer, stored.byteOffset, 4).getFloat32(0, true) : 0;
  if (!Number.isFinite(value)) throw new ModelFault(`has an attribute ${name} that is not a number`);
  return [name, { float: value }];
}

/** Bytes of an element. Browsers' builds lack kernels for double. */
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = { [FLOAT]: 4, [INT32]: 4, [INT64]: 8, [BOOL]: 1 };

function readWeights(message: Uint8Array): Weights {
  const parts = fields(message, "tensor");
  const name = textIn(parts, 8);
  const label = name || "a tensor";
  const type = numberIn(parts, 2);
  if (type !== FLOAT && type !== INT32 && type !== INT64)
    throw new ModelFault(`holds ${label} in a type that detectors do not use`);
  const dims = numbersIn(parts, 1);
  const [data = new Uint8Array(0)] = every(parts, 9);
  const count = dims.reduce((product, size) => product * size, 1);
  if (dims.length > MAX_RANK || dims.some((size) => size < 1) || count * ELEMENT_BYTES[type] !== data.length)
    throw new ModelFault(`holds ${label} with a shape that its data does not fill`);
  // A copy, because views of numbers must begin at a multiple of their width.
  if (type === FLOAT && !allFinite(new Float32Array(new Uint8Array(data).buffer)))
    throw new ModelFault(`holds ${label} with values that are not numbers`);
  return { name, type, dims, data };
}

/** A plain loop: there are millions. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

function readValue(message: Uint8Array): ModelValue {
  const parts = fields(message, "value");
  const [type] = every(parts, 2).map((part) => fields(part, "type"));
  const [tensor] = type ? every(type, 1).map((part) => fields(part, "tensor type")) : [];
  const [shape] = tensor ? every(tensor, 2).map((part) => fields(part, "shape")) : [];
  const name = textIn(parts, 1);
  if (!shape || shape.length > MAX_RANK) throw new ModelFault(`does not say of what shape ${name} is`);
  const dims = every(shape, 1).map((part) => {
    const size = fields(part, "size");
    if (size.length !== 1) throw new ModelFault(`does not say of what shape ${name} is`);
    return size[0].id === 1 ? numberIn(size, 1) : null;
  });
  return { name, type: numberIn(tensor, 1), dims };
}
