/**
 * @file Stored samples out of a file's bytes: number types, byte order, and the 64-bit integers that JavaScript's numbers
 * hold only in part.
 */
import { corrupt, unsupported } from "../raster/limits.ts";
import type { Samples } from "./scan.ts";

export type SampleType =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "uint64"
  | "int64"
  | "float32"
  | "float64";

export const SAMPLE_BYTES: Record<SampleType, 1 | 2 | 4 | 8> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float32: 4,
  float64: 8,
};

/** Arrays of samples by the name of their type. */
export const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

const RANGES: Partial<Record<SampleType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint32: [0, 4294967295],
  int32: [-2147483648, 2147483647],
};

const HOST_IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The type of an array of samples. */
export function typeOfSamples(samples: Samples): Exclude<SampleType, "uint64" | "int64"> {
  const found = Object.entries(ARRAYS).find(([, array]) => samples instanceof array);
  return found![0] as Exclude<SampleType, "uint64" | "int64">;
}

/** A new array of the same type, all zeros. */
export function samplesLike<T extends Samples>(samples: T, length: number): T {
  return new ARRAYS[typeOfSamples(samples)](length) as T;
}

/**
 * Samples of bytes that hold nothing else. `owned` bytes may be changed and kept; others are copied. 64-bit integers
 * become float64 where every one lies within ±2^53; IMAGE_UNSUPPORTED where not.
 */
export function samplesOf(
  bytes: Uint8Array,
  type: SampleType,
  littleEndian: boolean,
  name: string,
  owned = false,
): Samples {
  const width = SAMPLE_BYTES[type];
  if (bytes.length % width !== 0) throw corrupt(name, "its samples end in the middle of one");
  const keep = owned && bytes.byteOffset % width === 0;
  const mine = keep ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  if (littleEndian !== HOST_IS_LITTLE) swapBytes(mine, width);
  const { buffer, byteOffset } = mine;
  const length = mine.length / width;
  if (type !== "int64" && type !== "uint64") return new ARRAYS[type](buffer, byteOffset, length);
  return fromInt64(new Uint32Array(buffer, byteOffset, 2 * length), type === "int64", name);
}

/** Turns the bytes of each sample round, in place. The array must be aligned to `width`. */
export function swapBytes(bytes: Uint8Array, width: 1 | 2 | 4 | 8): void {
  if (width === 1) return;
  if (width === 2) {
    const words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    for (let i = 0; i < words.length; i++) words[i] = (words[i] << 8) | (words[i] >> 8);
    return;
  }
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let i = 0; i < words.length; i++) {
    const v = words[i];
    words[i] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
  }
  if (width === 4) return;
  for (let i = 0; i < words.length; i += 2) {
    const v = words[i];
    words[i] = words[i + 1];
    words[i + 1] = v;
  }
}

function fromInt64(words: Uint32Array, signed: boolean, name: string): Float64Array {
  const out = new Float64Array(words.length / 2);
  const [low, high] = HOST_IS_LITTLE ? [0, 1] : [1, 0];
  const limit = 2 ** 21;
  for (let i = 0; i < out.length; i++) {
    const top = signed ? words[2 * i + high] | 0 : words[2 * i + high];
    if (top >= limit || top < -limit) {
      throw unsupported(
        name,
        "it holds 64-bit integers beyond ±2^53, which would lose their last digits",
        "Save it with 32-bit integers or 64-bit floats.",
      );
    }
    out[i] = top * 2 ** 32 + words[2 * i + low];
  }
  return out;
}

/**
 * Full range of stored values: of the type for integers, of the data for floats and 64-bit integers. NaN and infinities
 * do not count; [0, 0] where nothing is finite.
 */
export function rangeOf(samples: Samples): readonly [number, number] {
  const fixed = RANGES[typeOfSamples(samples)];
  if (fixed) return fixed;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    if (value < low && value > Number.NEGATIVE_INFINITY) low = value;
    if (value > high && value < Number.POSITIVE_INFINITY) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}
