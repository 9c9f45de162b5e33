/**
 * @file The first directory of a TIFF in the form that the `tiff` package reads: BigTIFF (version 43, eight-byte offsets)
 * becomes TIFF 6.0, and defaults that the package does not know are written out. Pixels stay where they are: only a
 * directory is put behind them.
 */
import { joinedBytes } from "@hale/core";
import { holds } from "../../raster/bytes.ts";
import { corrupt, unsupported } from "../../raster/limits.ts";

const BITS_PER_SAMPLE = 258;
const ORIENTATION = 274;
const SAMPLES_PER_PIXEL = 277;
const [SHORT, LONG, LONG8, IFD8] = [3, 4, 16, 18];
/** Bytes of a value by its type (TIFF 6.0, section 2; 16 to 18 are BigTIFF's). */
export const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/** Of a directory. Pictures have a few dozen. */
const MOST_ENTRIES = 4096;

export const isBigTiff = (head: Uint8Array) => holds(head, [0x49, 0x49, 43, 0]) || holds(head, [0x4d, 0x4d, 0, 43]);

interface Entry {
  tag: number;
  type: number;
  count: number;
  value: Uint8Array;
}

/**
 * The same picture as a TIFF 6.0 that says its bits and is stored upright, and how it is to be turned; the very bytes
 * where they are such a one. Throws IMAGE_CORRUPT or IMAGE_UNSUPPORTED.
 */
export function classicTiff(bytes: Uint8Array, name: string): { bytes: Uint8Array; orientation: number } {
  const big = isBigTiff(bytes);
  const little = bytes[0] === 0x49;
  const all = readEntries(bytes, big, little, name);
  const turn = all.find(({ tag, type, count }) => tag === ORIENTATION && type === SHORT && count > 0);
  const orientation = turn ? viewOf(turn.value).getUint16(0, little) : 1;
  const saysBits = all.some(({ tag }) => tag === BITS_PER_SAMPLE);
  if (!big && saysBits && orientation === 1) return { bytes, orientation };
  // The package refuses what is not upright: it is turned afterwards.
  const entries = all.filter(({ tag }) => tag !== ORIENTATION);
  if (!saysBits) entries.push(oneBit(entries, little));
  entries.sort((a, b) => a.tag - b.tag);
  const narrow = entries.map((entry) => (big ? narrowed(entry, little, name) : entry));
  return { bytes: withDirectory(bytes, narrow, little), orientation };
}

/** TIFF 6.0, section 8: samples have one bit where nothing is said. */
function oneBit(entries: readonly Entry[], little: boolean): Entry {
  const samples = entries.find(({ tag, type }) => tag === SAMPLES_PER_PIXEL && type === SHORT)?.value;
  const count = samples ? Math.min(16, Math.max(1, viewOf(samples).getUint16(0, little))) : 1;
  const value = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) viewOf(value).setUint16(2 * i, 1, little);
  return { tag: BITS_PER_SAMPLE, type: SHORT, count, value };
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function readEntries(bytes: Uint8Array, big: boolean, little: boolean, name: string): Entry[] {
  const view = viewOf(bytes);
  const outside = () => corrupt(name, "a TIFF tag points outside the file");
  if (bytes.length < 16 && big) throw outside();
  const long = (at: number): number => {
    if (!big) return view.getUint32(at, little);
    const value = view.getBigUint64(at, little);
    if (value > BigInt(bytes.length)) throw outside();
    return Number(value);
  };
  if (big && (view.getUint16(4, little) !== 8 || view.getUint16(6, little) !== 0)) {
    throw unsupported(name, `its BigTIFF offsets have ${view.getUint16(4, little)} bytes`);
  }
  const directory = long(big ? 8 : 4);
  const [head, size, inline] = big ? [8, 20, 8] : [2, 12, 4];
  if (directory + head > bytes.length) throw outside();
  const count = big ? long(directory) : view.getUint16(directory, little);
  if (count > MOST_ENTRIES || directory + head + count * size > bytes.length) throw outside();
  let total = 0;
  return Array.from({ length: count }, (_, i) => {
    const at = directory + head + i * size;
    const [tag, type] = [view.getUint16(at, little), view.getUint16(at + 2, little)];
    const values = long(at + 4);
    const length = (TYPE_BYTES[type] ?? 0) * values;
    total += length;
    const start = length > inline ? long(at + (big ? 12 : 8)) : at + (big ? 12 : 8);
    if (start + length > bytes.length || total > bytes.length) throw outside();
    return { tag, type, count: values, value: bytes.subarray(start, start + length) };
  });
}

/** Eight-byte whole numbers as four-byte ones: a file that is read has less than 4 GB. */
function narrowed(entry: Entry, little: boolean, name: string): Entry {
  if (entry.type < LONG8 || entry.type > IFD8) return entry;
  const value = new Uint8Array(4 * entry.count);
  for (let i = 0; i < entry.count; i++) {
    const wide = viewOf(entry.value).getBigUint64(8 * i, little);
    if (wide > 0xffffffffn) throw corrupt(name, "a BigTIFF tag holds a number beyond the file");
    viewOf(value).setUint32(4 * i, Number(wide), little);
  }
  return { ...entry, type: LONG, value };
}

/** The bytes with another directory behind them, which the header points to. */
function withDirectory(bytes: Uint8Array, entries: readonly Entry[], little: boolean): Uint8Array {
  const start = bytes.length + (bytes.length % 2);
  const directory = new Uint8Array(2 + 12 * entries.length + 4);
  const view = viewOf(directory);
  view.setUint16(0, entries.length, little);
  const values: Uint8Array[] = [];
  let next = start + directory.length;
  for (const [i, { tag, type, count, value }] of entries.entries()) {
    const at = 2 + 12 * i;
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    view.setUint32(at + 4, count, little);
    if (value.length <= 4) directory.set(value, at + 8);
    else {
      view.setUint32(at + 8, next, little);
      const even = new Uint8Array(value.length + (value.length % 2));
      even.set(value);
      values.push(even);
      next += even.length;
    }
  }
  const out = joinedBytes([bytes, new Uint8Array(start - bytes.length), directory, ...values]);
  viewOf(out).setUint16(2, 42, little);
  viewOf(out).setUint32(4, start, little);
  return out;
}
