/**
 * @file Pixels that are not compressed (PS3.5, 8.1 and 8.2) as typed arrays: byte order, bits that are not stored,
 * sign, and colour by plane. What compressed frames decode to passes the same mask and sign.
 */
import type { Samples } from "../../volumes/scan.ts";
import type { PixelFormat } from "./pixels.ts";
import { damaged } from "./refuse.ts";
import type { Element } from "./walk.ts";

/** Samples of the type that holds the format's own, all 0. Length in samples. */
export function emptySamples(format: PixelFormat, length: number): Samples {
  if (format.float) return format.allocated === 32 ? new Float32Array(length) : new Float64Array(length);
  if (format.allocated <= 8) return format.signed ? new Int8Array(length) : new Uint8Array(length);
  if (format.allocated === 16) return format.signed ? new Int16Array(length) : new Uint16Array(length);
  return format.signed ? new Int32Array(length) : new Uint32Array(length);
}

/** All frames of native pixel data, colours interleaved. Refuses data that are shorter than the format needs. */
export function readNative(bytes: Uint8Array, format: PixelFormat, name: string): Samples {
  const { element } = format;
  const count = format.rows * format.columns * format.frames * format.samples;
  if (format.allocated === 1) {
    checkLength(element, Math.ceil(count / 8), name);
    return readBits(bytes.subarray(element.offset, element.offset + element.length), format, count);
  }
  const width = format.allocated / 8;
  checkLength(element, count * width, name);
  const samples = emptySamples(format, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset + element.offset, element.length);
  const little = element.coding.littleEndian;
  if (width === 1) {
    const source = bytes.subarray(element.offset, element.offset + element.length);
    // PS3.5, 8.2 and 7.3: in big-endian OW, two samples of 8 bits share a word whose first byte is the second.
    const swapped = !little && element.vr === "OW";
    if (!swapped) samples.set(source.subarray(0, count));
    else for (let i = 0; i < count; i++) samples[i] = source[i ^ 1] ?? 0;
  } else if (samples instanceof Float32Array) {
    for (let i = 0; i < count; i++) samples[i] = view.getFloat32(4 * i, little);
  } else if (samples instanceof Float64Array) {
    for (let i = 0; i < count; i++) samples[i] = view.getFloat64(8 * i, little);
  } else if (width === 2) {
    for (let i = 0; i < count; i++) samples[i] = view.getUint16(2 * i, little);
  } else {
    for (let i = 0; i < count; i++) samples[i] = view.getUint32(4 * i, little);
  }
  if (!format.float) keepStoredBits(samples, format);
  return format.planar ? interleave(samples, format) : samples;
}

function checkLength(element: Element, needed: number, name: string): void {
  if (element.length < element.declared) {
    throw damaged(name, `its pixel data are cut off: ${element.length} of ${element.declared} bytes are there`);
  }
  if (element.length < needed) {
    throw damaged(name, `its pixel data are cut off: ${element.length} of ${needed} bytes are there`);
  }
}

/** One bit a sample, the lowest first, frames not aligned to bytes (PS3.5, 8.1.1). */
function readBits(source: Uint8Array, format: PixelFormat, count: number): Samples {
  const samples = emptySamples(format, count);
  for (let i = 0; i < count; i++) samples[i] = (source[i >> 3] >> (i & 7)) & 1;
  return samples;
}

/**
 * Keeps the stored bits, in place: those above the high bit and below the lowest may hold overlays (PS3.5, 8.1.2), and
 * the highest stored bit is the sign of signed samples.
 */
export function keepStoredBits(samples: Samples, format: PixelFormat): void {
  const { allocated, stored, highBit, signed } = format;
  if (stored === allocated) return;
  const up = 31 - highBit;
  const down = 32 - stored;
  if (signed) for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] << up) >> down;
  else for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] << up) >>> down;
}

/**
 * The same for samples that were compressed with loss in more bits than are stored: they may have swung a little
 * beyond the stored range, and are set back to its ends rather than wrapped around.
 */
export function clampToStored(samples: Samples, format: PixelFormat): void {
  const low = format.signed ? -(2 ** (format.stored - 1)) : 0;
  const high = low + 2 ** format.stored - 1;
  for (let i = 0; i < samples.length; i++) samples[i] = Math.min(high, Math.max(low, samples[i]));
}

/** Colour by plane to colour by pixel, each frame on its own (PS3.3, C.7.6.3.1.3). */
export function interleave<T extends Samples>(samples: T, format: PixelFormat): T {
  const plane = format.rows * format.columns;
  const out = samples.slice() as T;
  for (let start = 0; start < samples.length; start += 3 * plane) {
    for (let channel = 0; channel < 3; channel++) {
      const from = start + channel * plane;
      for (let i = 0, to = start + channel; i < plane; i++, to += 3) out[to] = samples[from + i];
    }
  }
  return out;
}
