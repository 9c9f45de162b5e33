/**
 * @file Looks through an ONNX model before it is run. A detector's graph is plain: numbers inside the file, no
 * subgraphs (so no loops), no functions, ops of ONNX only, which every build of ONNX Runtime has, and no metadata but the
 * card. What is not on the list is refused, in particular tensors that live in other files (`external_data`), and weights
 * that are not finite.
 */

import { packedNumbers, type WireField, wireFields } from "@hale/core";
import { corrupt } from "./archive.ts";
import { CARD_KEY, METADATA_PROPS, metadataEntry } from "./model-card.ts";

/** Fields of onnx.proto that a detector may use. All others are refused. */
const ALLOWED = {
  // ir_version, producer_name, producer_version, domain, model_version, doc_string, graph, opset_import, metadata_props
  model: [1, 2, 3, 4, 5, 6, 7, 8, 14],
  // node, name, initializer, doc_string, input, output, value_info
  graph: [1, 2, 5, 10, 11, 12, 13],
  // input, output, name, op_type, attribute, doc_string, domain
  node: [1, 2, 3, 4, 5, 6, 7],
  // name, f, i, s, floats, ints, doc_string, type
  attribute: [1, 2, 3, 4, 7, 8, 13, 20],
  // dims, data_type, name, raw_data, doc_string
  tensor: [1, 2, 8, 9, 12],
} as const;
const DOMAINS = ["", "ai.onnx"];
/** Bytes of an element, by ONNX's data type: float, int32, int64, bool. Browsers' builds lack kernels for double. */
const ELEMENT_BYTES = new Map([
  [1, 4],
  [6, 4],
  [7, 8],
  [9, 1],
]);

/** Throws DETECTOR_CORRUPT with the reason unless `model` is a plain ONNX model; `name` is the file, for the error. */
export function checkModel(model: Uint8Array, name: string): void {
  const refuse = (reason: string) => corrupt(name, `its model ${reason}`);
  const fields = (bytes: Uint8Array, kind: keyof typeof ALLOWED): WireField[] => {
    const result = [...wireFields(bytes)];
    const other = result.find(({ id }) => !(ALLOWED[kind] as readonly number[]).includes(id));
    if (other) throw refuse(`has a ${kind} with field ${other.id}, which detectors do not use`);
    return result;
  };
  try {
    const parts = fields(model, "model");
    const graphs = parts.filter(({ id }) => id === 7);
    if (graphs.length !== 1) throw refuse("has no graph");
    const metadata = parts.filter(({ id }) => id === METADATA_PROPS).map((entry) => metadataEntry(bytesOf(entry)));
    const foreign = metadata.find(({ key, odd }) => key !== CARD_KEY || odd);
    if (foreign) throw refuse(`has metadata "${foreign.key.slice(0, 80)}", which detectors do not use`);
    if (metadata.length > 1) throw refuse("has two cards");
    for (const { id, value } of fields(bytesOf(graphs[0]), "graph")) {
      if (id === 1) {
        for (const part of fields(value as Uint8Array, "node")) {
          if (part.id === 5) fields(bytesOf(part), "attribute");
          if (part.id === 7 && !DOMAINS.includes(textOf(part))) throw refuse(`has an op of ${textOf(part)}`);
        }
      }
      if (id === 5) {
        const fault = tensorFault(fields(value as Uint8Array, "tensor"));
        if (fault) throw refuse(fault);
      }
    }
  } catch (cause) {
    if (cause instanceof RangeError || cause instanceof TypeError)
      throw corrupt(name, "its model cannot be read", cause);
    throw cause;
  }
}

function bytesOf({ value }: WireField): Uint8Array {
  if (typeof value === "bigint") throw new RangeError("A number stands where bytes belong.");
  return value;
}

const textOf = (field: WireField) => new TextDecoder().decode(bytesOf(field));

/** What is wrong with a weight tensor, or null. */
function tensorFault(parts: readonly WireField[]): string | null {
  const named = parts.find(({ id }) => id === 8);
  const label = named ? textOf(named) : "a tensor";
  const type = Number(parts.find(({ id }) => id === 2)?.value);
  const width = ELEMENT_BYTES.get(type);
  if (!width) return `holds ${label} in a type that detectors do not use`;
  const raw = parts.filter(({ id }) => id === 9).map(bytesOf);
  const data = raw[0] ?? new Uint8Array(0);
  const count = parts
    .filter(({ id }) => id === 1)
    .flatMap(({ value }) => (typeof value === "bigint" ? [value] : packedNumbers(value)))
    .reduce((product, size) => product * size, 1n);
  if (raw.length > 1 || count * BigInt(width) !== BigInt(data.length))
    return `holds ${label} with a shape that its data does not fill`;
  if (type !== 1) return null;
  // A copy, because views of numbers must begin at a multiple of their width.
  const { buffer } = new Uint8Array(data);
  return allFinite(new Float32Array(buffer)) ? null : `holds ${label} with values that are not numbers`;
}

/** A plain loop: there are millions. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
