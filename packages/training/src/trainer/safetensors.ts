/**
 * @file The safetensors format: 8 bytes of header length, a JSON header, raw little-endian data. Float32 only. Reading
 * checks everything that the header claims, so that a damaged file is refused and never becomes a wrong weight.
 */
import { type NamedArray, sizeOf } from "@hale/autodiff";
import { HaleError } from "@hale/errors";

/** Largest header accepted, in bytes. */
export const MAX_HEADER = 16 * 1024 * 1024;

/** Serialises arrays in the order of the map. */
export function encodeSafetensors(arrays: ReadonlyMap<string, NamedArray>): Uint8Array {
  const header: Record<string, { dtype: "F32"; shape: readonly number[]; data_offsets: [number, number] }> = {};
  let offset = 0;
  for (const [name, { shape, data }] of arrays) {
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  // Data begins at a multiple of 8; spaces are allowed behind the JSON.
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(new TextEncoder().encode(json).length / 8) * 8));
  const bytes = new Uint8Array(8 + text.length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  let at = 8 + text.length;
  for (const { data } of arrays.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** Reads arrays. `name` stands in errors. Throws CHECKPOINT_CORRUPT with the reason. */
export function decodeSafetensors(bytes: Uint8Array, name: string): Map<string, NamedArray> {
  const corrupt = (reason: string) =>
    new HaleError("CHECKPOINT_CORRUPT", `${name} is damaged: ${reason}.`, "Use an earlier checkpoint.");
  if (bytes.length < 8) throw corrupt("it is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER || length > bytes.length - 8) throw corrupt("its header reaches past the end");
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw corrupt("its header is not JSON");
  }
  const start = 8 + length;
  const available = bytes.length - start;
  const arrays = new Map<string, NamedArray>();
  let expected = 0;
  for (const [key, entry] of Object.entries(header)) {
    if (key === "__metadata__") continue;
    const { dtype, shape, data_offsets: offsets } = entry ?? {};
    if (dtype !== "F32") throw corrupt(`${key} has the type ${dtype}, not F32`);
    const sound = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 0);
    if (!sound || !Array.isArray(offsets)) throw corrupt(`${key} has no proper shape or place`);
    const [from, to] = offsets;
    if (from !== expected || to - from !== sizeOf(shape) * 4 || to > available)
      throw corrupt(`${key} does not fit its place`);
    expected = to;
    // A copy, aligned and of its own; a Node Buffer's own slice() would be a view.
    const data = new Float32Array(Uint8Array.prototype.slice.call(bytes, start + from, start + to).buffer);
    if (!data.every(Number.isFinite)) throw corrupt(`${key} holds values that are not numbers`);
    arrays.set(key, { shape, data });
  }
  if (expected !== available) throw corrupt("it holds more or less data than it says");
  return arrays;
}
