/**
 * @file The safetensors format: 8 bytes of header length, a JSON header, raw little-endian data. Float32 only. Reading
 * checks everything that the header claims, so that a damaged file is refused and never becomes a wrong weight.
 */
import { type NamedArray, sizeOf } from "@hale/autodiff";
import { HaleError } from "@hale/core";

/** Largest header accepted, in bytes. */
export const MAX_HEADER = 16 * 1024 * 1024;

/** The one name that the format keeps for notes. */
const METADATA = "__metadata__";

/** Serialises arrays in the order of the map. */
export function encodeSafetensors(arrays: ReadonlyMap<string, NamedArray>): Uint8Array {
  const entries: string[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of arrays) {
    if (name === METADATA) throw new RangeError(`${METADATA} is no name for an array.`);
    const entry = { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] };
    // Not through an object, which would put names like "1" first and lose "__proto__".
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset += data.byteLength;
  }
  // Data begins at a multiple of 8; spaces are allowed behind the JSON.
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const text = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  text.set(json);
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
  let header: unknown;
  try {
    // The decoder would drop a byte order mark, which the format does not allow.
    header =
      bytes[8] === 0x7b && JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    header = null;
  }
  if (typeof header !== "object" || header === null) throw corrupt("its header is not JSON");
  const start = 8 + length;
  const available = bytes.length - start;
  const places = Object.entries(header)
    .filter(([key]) => key !== METADATA)
    .map(([key, entry]) => {
      const { dtype, shape, data_offsets: place } = (entry ?? {}) as Record<string, unknown>;
      if (dtype !== "F32") throw corrupt(`${key} has the type ${dtype}, not F32`);
      if (!isSizes(shape) || !isSizes(place) || place.length !== 2)
        throw corrupt(`${key} has no proper shape or place`);
      return { key, shape, from: place[0], to: place[1] };
    })
    .sort((a, b) => a.from - b.from || a.to - b.to);
  const arrays = new Map<string, NamedArray>();
  let expected = 0;
  for (const { key, shape, from, to } of places) {
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

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
