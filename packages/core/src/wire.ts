/**
 * @file Reads the wire format of protocol buffers (protobuf.dev/programming-guides/encoding), no schema: enough to look
 * through an ONNX model that is not trusted. Writes fields of bytes, enough to add a card to one.
 */

import { joinedBytes } from "./concatenate.ts";

/** One field of a message: a number (varint), or bytes (everything else). */
export interface WireField {
  id: number;
  value: bigint | Uint8Array;
  /** The whole field as it stands in the message: number and kind, length, value. */
  raw: Uint8Array;
}

/** A field of bytes, or of text as UTF-8. */
export function encodeField(id: number, content: Uint8Array | string): Uint8Array {
  const value = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return joinedBytes([Uint8Array.of(...varintOf(id * 8 + 2), ...varintOf(value.length)), value]);
}

function varintOf(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** The fields of a message, in order. Throws RangeError where bytes are not one. */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) break;
      const byte = bytes[at++];
      result |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, result);
    }
    throw new RangeError("A number is cut off.");
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError("A field reaches past the end.");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const start = at;
    const key = Number(varint());
    const id = Math.floor(key / 8);
    const kind = key % 8;
    if (id < 1) throw new RangeError("A field has no number.");
    let value: bigint | Uint8Array;
    if (kind === 0) value = varint();
    else if (kind === 1) value = take(8);
    else if (kind === 2) value = take(Number(varint()));
    else if (kind === 5) value = take(4);
    else throw new RangeError(`A field has the unknown kind ${kind}.`);
    yield { id, value, raw: bytes.subarray(start, at) };
  }
}

/** Varints one after the other, as `repeated int64` is packed. Throws RangeError where the last is cut off. */
export function packedNumbers(bytes: Uint8Array): bigint[] {
  const result: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (shift > 63n + 7n) throw new RangeError("A size is cut off.");
    if (byte >= 128) continue;
    result.push(value);
    value = 0n;
    shift = 0n;
  }
  if (shift > 0n) throw new RangeError("A size is cut off.");
  return result;
}
