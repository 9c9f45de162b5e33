/**
 * @file Colour as RGB: palettes (PS3.3, C.7.6.3.1.5 and C.7.9.2 for segmented ones) and YBR (C.7.6.3.1.2). Scans hold
 * grey or RGB, never anything else.
 */
import type { Samples } from "../../volumes/scan.ts";
import type { DataSet } from "./dataset.ts";
import type { PixelFormat } from "./pixels.ts";
import { damaged, tooBig } from "./refuse.ts";
import type { Element } from "./walk.ts";

/** Entries of a palette at most; segmented ones are bounded by it while they unfold. */
const MAX_ENTRIES = 65536;

/** RGB of palette indices; those before the first mapped value or behind the last take the nearest entry. */
export function applyPalette(
  indices: Samples,
  data: DataSet,
  format: PixelFormat,
  name: string,
): Uint8Array | Uint16Array {
  const tables = [0, 1, 2].map((channel) => readTable(data, channel, format, name));
  const bits = Math.max(...tables.map((table) => table.bits));
  const rgb = bits === 8 ? new Uint8Array(3 * indices.length) : new Uint16Array(3 * indices.length);
  for (let channel = 0; channel < 3; channel++) {
    const { first, entries } = tables[channel];
    const last = entries.length - 1;
    for (let i = 0, to = channel; i < indices.length; i++, to += 3) {
      const at = indices[i] - first;
      rgb[to] = entries[at < 0 ? 0 : at > last ? last : at];
    }
  }
  return rgb;
}

function readTable(data: DataSet, channel: number, format: PixelFormat, name: string) {
  const descriptor = data.words(0x00281101 + channel);
  if (!descriptor || descriptor.length < 3) throw damaged(name, "its palette has no descriptor");
  const count = descriptor[0] || MAX_ENTRIES;
  const first = format.signed ? (descriptor[1] << 16) >> 16 : descriptor[1];
  const bits = descriptor[2];
  if (bits !== 8 && bits !== 16) throw damaged(name, `its palette declares ${bits} bits an entry`);
  const plain = data.element(0x00281201 + channel);
  const entries = plain?.length
    ? unpackEntries(data, 0x00281201 + channel, count, bits, name)
    : unfoldSegments(data, 0x00281221 + channel, count, bits, name);
  return { first, bits, entries };
}

/** Entries of 8 bits lie two in a word, or, as many write them, one in a word. */
function unpackEntries(data: DataSet, tag: number, count: number, bits: number, name: string): Uint16Array {
  const element = data.element(tag) as Element;
  if (bits === 8 && element.length < 2 * count) {
    const bytes = data.bytes(tag) as Uint8Array;
    if (bytes.length < count) throw damaged(name, `its palette holds ${bytes.length} of ${count} entries`);
    const swapped = !element.coding.littleEndian && element.vr === "OW";
    return Uint16Array.from({ length: count }, (_, i) => bytes[swapped ? i ^ 1 : i] ?? 0);
  }
  const words = data.words(tag) ?? new Uint16Array(0);
  if (words.length < count) throw damaged(name, `its palette holds ${words.length} of ${count} entries`);
  const entries = words.slice(0, count);
  // One entry of 8 bits in a word: in its lower byte, or in both, or (wrongly) in its upper byte.
  if (bits === 8 && entries.some((entry) => entry > 255)) return entries.map((entry) => entry >> 8);
  return entries;
}

/** Segmented palettes (C.7.9.2): discrete runs (0), lines to a value (1), and segments used again (2). */
function unfoldSegments(data: DataSet, tag: number, count: number, bits: number, name: string): Uint16Array {
  const source = bits === 8 ? data.bytes(tag) : data.words(tag);
  if (!source?.length) throw damaged(name, "its palette is missing");
  const entries = new Uint16Array(count);
  let length = 0;
  const put = (value: number) => {
    if (length >= count) throw tooBig(name, `its segmented palette has more than ${count} entries`);
    entries[length++] = value;
  };
  const cut = () => damaged(name, "its segmented palette breaks off");
  /** Reads the segment at `at` and returns where the next begins. */
  const segment = (at: number): number => {
    if (at + 2 > source.length) throw cut();
    const [kind, size] = [source[at], source[at + 1]];
    if (kind === 0) {
      if (at + 2 + size > source.length) throw cut();
      for (let i = 0; i < size; i++) put(source[at + 2 + i]);
      return at + 2 + size;
    }
    if (kind === 1) {
      if (at + 3 > source.length || length === 0) throw cut();
      const from = entries[length - 1];
      const to = source[at + 2];
      for (let i = 1; i <= size; i++) put(Math.round(from + ((to - from) * i) / size));
      return at + 3;
    }
    throw damaged(name, "its segmented palette holds a segment of unknown kind");
  };
  for (let at = 0; at + 2 <= source.length && length < count; ) {
    if (source[at] !== 2) {
      at = segment(at);
      continue;
    }
    // Number of segments, then their offset in bytes: its least significant part first.
    const extra = bits === 8 ? 4 : 2;
    if (at + 2 + extra > source.length) throw cut();
    let offset = 0;
    for (let i = extra - 1; i >= 0; i--) offset = offset * (bits === 8 ? 256 : 65536) + source[at + 2 + i];
    let from = bits === 8 ? offset : offset / 2;
    if (!Number.isInteger(from) || from >= at) throw damaged(name, "its segmented palette points outside itself");
    for (let i = 0; i < source[at + 1]; i++) from = segment(from);
    at += 2 + extra;
  }
  if (length < count) throw damaged(name, `its segmented palette holds ${length} of ${count} entries`);
  return entries;
}

/**
 * YBR to RGB, in place, of interleaved samples with full range. PS3.3, C.7.6.3.1.2: Y = 0.2990 R + 0.5870 G + 0.1140 B,
 * CB = -0.1687 R - 0.3313 G + 0.5000 B + 128, CR = 0.5000 R - 0.4187 G - 0.0813 B + 128, here solved for R, G and B.
 * `maximum` is 2^bits - 1.
 */
export function ybrFullToRgb(samples: Uint8Array | Uint16Array, maximum: number): void {
  const half = (maximum + 1) / 2;
  const clamp = (value: number) => (value <= 0 ? 0 : value >= maximum ? maximum : Math.floor(value + 0.5));
  for (let i = 0; i + 2 < samples.length; i += 3) {
    const y = samples[i];
    const b = samples[i + 1] - half;
    const r = samples[i + 2] - half;
    samples[i] = clamp(y + 1.402 * r);
    samples[i + 1] = clamp(y - (0.114 * 1.772 * b + 0.299 * 1.402 * r) / 0.587);
    samples[i + 2] = clamp(y + 1.772 * b);
  }
}

/**
 * The same for YBR_PARTIAL (retired; PS3.3-2017, C.7.6.3.1.2, after ITU-R BT.601): Y between 16 and 235, CB and CR
 * between 16 and 240 of 256, scaled up to the full range first.
 */
export function ybrPartialToRgb(samples: Uint8Array | Uint16Array, maximum: number): void {
  const unit = (maximum + 1) / 256;
  const clamp = (value: number) => (value <= 0 ? 0 : value >= maximum ? maximum : Math.floor(value + 0.5));
  for (let i = 0; i + 2 < samples.length; i += 3) {
    const y = ((samples[i] - 16 * unit) * 255) / 219;
    const b = ((samples[i + 1] - 128 * unit) * 255) / 224;
    const r = ((samples[i + 2] - 128 * unit) * 255) / 224;
    samples[i] = clamp(y + 1.402 * r);
    samples[i + 1] = clamp(y - (0.114 * 1.772 * b + 0.299 * 1.402 * r) / 0.587);
    samples[i + 2] = clamp(y + 1.772 * b);
  }
}

/**
 * Y1 Y2 CB CR for each two pixels of a row (C.7.6.3.1.2, YBR_FULL_422) to a Y CB CR for each; CB and CR repeated. Of the
 * last pair of an odd row the first pixel is taken.
 */
export function spread422(bytes: Uint8Array, columns: number, rows: number): Uint8Array {
  const out = new Uint8Array(3 * columns * rows);
  for (let y = 0, from = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x += 2, from += 4) {
      for (let i = 0; i < Math.min(2, columns - x); i++, to += 3) {
        out[to] = bytes[from + i];
        out[to + 1] = bytes[from + 2];
        out[to + 2] = bytes[from + 3];
      }
    }
  }
  return out;
}
