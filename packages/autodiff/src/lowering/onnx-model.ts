/**
 * @file The part of the ONNX protobuf schema (onnx.proto) that hale writes, its encoder and its decoder.
 * protobufjs does the work; only field names, numbers and types stand here.
 */
import protobuf from "protobufjs";

const field = (type: string, id: number, rule?: "repeated") => ({ type, id, ...(rule ? { rule } : {}) });
const repeated = (type: string, id: number) => field(type, id, "repeated");

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field("int64", 1),
        producerName: field("string", 2),
        producerVersion: field("string", 3),
        graph: field("GraphProto", 7),
        opsetImport: repeated("OperatorSetIdProto", 8),
        metadataProps: repeated("StringStringEntryProto", 14),
      },
    },
    OperatorSetIdProto: { fields: { domain: field("string", 1), version: field("int64", 2) } },
    StringStringEntryProto: { fields: { key: field("string", 1), value: field("string", 2) } },
    GraphProto: {
      fields: {
        node: repeated("NodeProto", 1),
        name: field("string", 2),
        initializer: repeated("TensorProto", 5),
        input: repeated("ValueInfoProto", 11),
        output: repeated("ValueInfoProto", 12),
      },
    },
    NodeProto: {
      fields: {
        input: repeated("string", 1),
        output: repeated("string", 2),
        name: field("string", 3),
        opType: field("string", 4),
        attribute: repeated("AttributeProto", 5),
        domain: field("string", 7),
      },
    },
    AttributeProto: {
      fields: {
        name: field("string", 1),
        f: field("float", 2),
        i: field("int64", 3),
        s: field("bytes", 4),
        floats: repeated("float", 7),
        ints: repeated("int64", 8),
        type: field("int32", 20),
      },
    },
    TensorProto: {
      fields: {
        dims: repeated("int64", 1),
        dataType: field("int32", 2),
        name: field("string", 8),
        rawData: field("bytes", 9),
      },
    },
    ValueInfoProto: { fields: { name: field("string", 1), type: field("TypeProto", 2) } },
    TypeProto: { fields: { tensorType: field("TensorTypeProto", 1) } },
    TensorTypeProto: { fields: { elemType: field("int32", 1), shape: field("TensorShapeProto", 2) } },
    TensorShapeProto: { fields: { dim: repeated("DimensionProto", 1) } },
    DimensionProto: { fields: { dimValue: field("int64", 1), dimParam: field("string", 2) } },
  },
});
/** For the test that holds `encodeMessage` to protobufjs. */
export const modelType = root.lookupType("ModelProto");
const tensorType = root.lookupType("TensorProto");

/**
 * Encodes by the descriptors themselves. protobufjs's own `encode` is a function that it makes of text at run time, which the
 * policy of a page forbids; the bytes are the same.
 */
export function encodeMessage(
  type: protobuf.Type,
  message: object,
  writer: protobuf.Writer = protobuf.Writer.create(),
): protobuf.Writer {
  const values = message as Record<string, unknown>;
  for (const one of [...type.fieldsArray].sort((a, b) => a.id - b.id)) {
    const { id, name, repeated: many, packed, resolvedType, type: kind } = one.resolve();
    const value = Object.hasOwn(values, name) ? values[name] : null;
    if (value === null || value === undefined) continue;
    // As proto3 has it: what is as good as missing is left out.
    if (!many && !one.hasPresence && isEmpty(value, kind)) continue;
    const all = many ? [...(value as Iterable<unknown>)] : [value];
    const put = (item: unknown) => (writer as unknown as Record<string, (item: unknown) => void>)[kind](item);
    if (many && packed && protobuf.types.packed[kind as "int64"] !== undefined) {
      if (all.length === 0) continue;
      writer.uint32(id * 8 + 2).fork();
      all.forEach(put);
      writer.ldelim();
      continue;
    }
    for (const item of all) {
      if (resolvedType instanceof protobuf.Type) {
        encodeMessage(resolvedType, item as object, writer.uint32(id * 8 + 2).fork()).ldelim();
      } else {
        writer.uint32(id * 8 + protobuf.types.basic[kind as "int64"]);
        put(item);
      }
    }
  }
  return writer;
}

const isEmpty = (value: unknown, kind: string) =>
  (kind === "float" ? Object.is(value, 0) : value === 0) ||
  value === "" ||
  (value instanceof Uint8Array && value.length === 0);

type Message = Parameters<typeof tensorType.toObject>[0];

export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;

/** `ai.onnx` 20 has every op used here and is in every ONNX Runtime since 1.17, as is version 9 of the file's form. */
const OPSET = 20;
const IR_VERSION = 9;
/** Domain of ONNX Runtime's operators on channels in blocks. */
export const BLOCKED = "com.microsoft.nchwc";
/** Domain of ONNX Runtime's other operators of its own. */
export const MICROSOFT = "com.microsoft";

export interface NodeProto {
  opType: string;
  domain: string;
  input: string[];
  output: string[];
  attribute: object[];
}

export interface TensorProto {
  name: string;
  dims: number[];
  dataType: number;
  rawData: Uint8Array;
}

export interface ValueInfo {
  name: string;
  elemType: number;
  /** Sizes; a string names a symbolic one. */
  dims: readonly (number | string)[];
}

export type AttributeValue = number | string | readonly number[] | { float: number } | { floats: readonly number[] };

/** An attribute by ONNX's typing: whole numbers are ints unless wrapped as `{float}` or `{floats}`, or not whole. */
export function attributeProto(name: string, value: AttributeValue): object {
  if (typeof value === "string") return { name, s: new TextEncoder().encode(value), type: 3 };
  if (typeof value === "object" && "float" in value) return { name, f: value.float, type: 1 };
  if (typeof value === "object" && "floats" in value) return { name, floats: value.floats, type: 6 };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { name, i: value, type: 2 } : { name, f: value, type: 1 };
  }
  return { name, ints: [...value], type: 7 };
}

export interface ModelParts {
  name: string;
  nodes: readonly NodeProto[];
  initializers: readonly TensorProto[];
  inputs: readonly ValueInfo[];
  outputs: readonly ValueInfo[];
  metadata?: Readonly<Record<string, string>>;
}

/** Serialises a model. */
export function encodeModel({ name, nodes, initializers, inputs, outputs, metadata = {} }: ModelParts): Uint8Array {
  const valueInfo = ({ name: valueName, elemType, dims }: ValueInfo) => ({
    name: valueName,
    type: {
      tensorType: {
        elemType,
        shape: { dim: dims.map((d) => (typeof d === "string" ? { dimParam: d } : { dimValue: d })) },
      },
    },
  });
  return encodeMessage(modelType, {
    irVersion: IR_VERSION,
    producerName: "hale",
    graph: {
      name,
      node: nodes,
      initializer: initializers,
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
    },
    opsetImport: [...new Set(["", ...nodes.map(({ domain }) => domain)])].map((domain) => ({
      domain,
      version: domain === "" ? OPSET : 1,
    })),
    metadataProps: entriesOf(metadata),
  }).finish();
}

const entriesOf = (metadata: Readonly<Record<string, string>>) =>
  Object.entries(metadata).map(([key, value]) => ({ key, value }));

/** Metadata as fields of a model: behind the bytes of one, they are read as if they had been encoded with it. */
export function encodeMetadata(metadata: Readonly<Record<string, string>>): Uint8Array {
  return encodeMessage(modelType, { metadataProps: entriesOf(metadata) }).finish();
}

/** What is read back of a model. */
export interface StoredModel {
  initializers: TensorProto[];
  /** Of two entries with one key the first. */
  metadata: Record<string, string>;
}

/** Reads weights and metadata of a serialised model; their bytes are views of the given. Throws for what is no model. */
export function decodeModel(bytes: Uint8Array): StoredModel {
  const { graph, metadataProps } = modelType.decode(bytes) as unknown as {
    graph?: { initializer?: Message[] };
    metadataProps?: { key: string; value: string }[];
  };
  const plain = (tensor: Message) => tensorType.toObject(tensor, { longs: Number, arrays: true, defaults: true });
  return {
    initializers: (graph?.initializer ?? []).map((tensor) => plain(tensor) as TensorProto),
    metadata: Object.fromEntries((metadataProps ?? []).map(({ key, value }) => [key, value]).reverse()),
  };
}
