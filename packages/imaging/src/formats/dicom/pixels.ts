/**
 * @file What a data set says of its pixels (PS3.3, C.7.6.3: Image Pixel Module), read once and checked, so that all
 * that comes later can rely on it: sizes multiply without overflow and stay within the budgets.
 */
import type { Padding } from "../../volumes/padding.ts";
import type { DataSet } from "./dataset.ts";
import { type DicomLimits, damaged, noImage, tooBig, unreadable } from "./refuse.ts";
import { DOUBLE_PIXEL_DATA, type Element, FLOAT_PIXEL_DATA, PIXEL_DATA } from "./walk.ts";

export const PHOTOMETRICS = [
  "MONOCHROME1",
  "MONOCHROME2",
  "PALETTE COLOR",
  "RGB",
  "YBR_FULL",
  "YBR_FULL_422",
  "YBR_PARTIAL_422",
  "YBR_ICT",
  "YBR_RCT",
] as const;
/** In the standard, in files, and not read; nothing else that a file says gets into a message. */
const OTHER_PHOTOMETRICS = ["HSV", "ARGB", "CMYK", "YBR_PARTIAL_420", "XYB"];

export type Photometric = (typeof PHOTOMETRICS)[number];

export interface PixelFormat {
  rows: number;
  columns: number;
  frames: number;
  samples: 1 | 3;
  photometric: Photometric;
  /** 1, 8, 16, 32 or 64: bits that a sample takes in the file. */
  allocated: 1 | 8 | 16 | 32 | 64;
  /** Bits that mean something, those up to `highBit`. */
  stored: number;
  highBit: number;
  signed: boolean;
  float: boolean;
  /** Colour by plane rather than by pixel. */
  planar: boolean;
  /** The element with the pixels. */
  element: Element;
}

/** Reads and checks the Image Pixel Module. Throws when it is missing, contradicts itself or exceeds a budget. */
export function pixelFormat(data: DataSet, name: string, limits: DicomLimits): PixelFormat {
  const element = data.element(PIXEL_DATA) ?? data.element(FLOAT_PIXEL_DATA) ?? data.element(DOUBLE_PIXEL_DATA) ?? null;
  const rows = data.uint16(0x00280010);
  const columns = data.uint16(0x00280011);
  if (rows === null && columns === null) throw noImage(name, "there are neither rows nor columns of pixels");
  if (!element) {
    throw data.has(0x00287fe0)
      ? unreadable(name, "its pixels are on a server, not in the file")
      : damaged(name, "its pixel data are missing");
  }
  if (!rows || !columns) throw damaged(name, `it declares ${columns ?? "no"} columns and ${rows ?? "no"} rows`);
  const frames = frameCount(data, name);
  if (frames > limits.frames) throw tooBig(name, `it has ${frames} frames, and at most ${limits.frames} are read`);
  // Rows and columns are below 2^16 and frames below 2^14 here: the product is exact.
  if (rows * columns * frames > limits.pixels) {
    throw tooBig(name, `it has ${columns} × ${rows} × ${frames} pixels, and at most ${limits.pixels} are read`);
  }
  const float = element.tag !== PIXEL_DATA;
  const photometric = photometricOf(data, name);
  const samples = data.uint16(0x00280002) ?? (isGrey(photometric) ? 1 : 3);
  if (samples !== (isGrey(photometric) ? 1 : 3)) {
    throw damaged(name, `it declares ${samples} samples a pixel and ${photometric}`);
  }
  const bits = bitsOf(data, element, name);
  const format: PixelFormat = {
    rows,
    columns,
    frames,
    samples: samples as 1 | 3,
    photometric,
    ...bits,
    float,
    planar: samples === 3 && data.uint16(0x00280006) === 1,
    element,
  };
  const bytes = rows * columns * frames * samples * Math.max(1, bits.allocated / 8);
  if (bytes > limits.inflatedBytes) throw tooBig(name, `its pixels take ${bytes} bytes`);
  if (samples === 3 && bits.allocated !== 8 && bits.allocated !== 16) {
    throw unreadable(name, `its colours have ${bits.allocated} bits a sample`);
  }
  return format;
}

const isGrey = (photometric: Photometric) => photometric.startsWith("MONO") || photometric === "PALETTE COLOR";

/** Number of Frames: absent, empty and 0 mean one (0 is an error that many archives hold). */
function frameCount(data: DataSet, name: string): number {
  const frames = data.number(0x00280008) ?? 1;
  if (!Number.isInteger(frames) || frames < 0) throw damaged(name, "its number of frames is no count");
  return Math.max(1, frames);
}

function photometricOf(data: DataSet, name: string): Photometric {
  const text = data.string(0x00280004)?.toUpperCase() ?? null;
  if (text === null) throw damaged(name, "its photometric interpretation is missing");
  const known = PHOTOMETRICS.find((photometric) => photometric === text);
  if (!known) {
    const named = OTHER_PHOTOMETRICS.find((photometric) => photometric === text);
    throw unreadable(
      name,
      named ? `its photometric interpretation is ${named}` : "its photometric interpretation is unknown",
    );
  }
  return known;
}

function bitsOf(data: DataSet, element: Element, name: string) {
  const allocated = data.uint16(0x00280100);
  if (element.tag !== PIXEL_DATA) {
    // Float and Double Float Pixel Data (PS3.3, C.7.6.24 and C.7.6.25) have no bits stored.
    const wanted = element.tag === FLOAT_PIXEL_DATA ? 32 : 64;
    if (allocated !== null && allocated !== wanted) throw damaged(name, `its floats declare ${allocated} bits`);
    return { allocated: wanted as 32 | 64, stored: wanted, highBit: wanted - 1, signed: true };
  }
  if (allocated === null) throw damaged(name, "its bits allocated are missing");
  if (allocated !== 1 && allocated !== 8 && allocated !== 16 && allocated !== 32) {
    throw unreadable(name, `its samples take ${allocated} bits`);
  }
  const stored = data.uint16(0x00280101) ?? allocated;
  const highBit = data.uint16(0x00280102) ?? stored - 1;
  if (stored < 1 || stored > allocated || highBit < stored - 1 || highBit > allocated - 1) {
    throw damaged(name, `it declares ${stored} bits up to bit ${highBit} in samples of ${allocated} bits`);
  }
  const representation = data.uint16(0x00280103) ?? 0;
  if (representation > 1) throw damaged(name, `its pixel representation is ${representation}`);
  return { allocated: allocated as 1 | 8 | 16 | 32, stored, highBit, signed: representation === 1 && allocated > 1 };
}

const PADDING = { value: 0x00280120, limit: 0x00280121 };
const FLOAT_PADDING = { value: 0x00280122, limit: 0x00280124 };
const DOUBLE_PADDING = { value: 0x00280123, limit: 0x00280125 };

/**
 * Stored values that are padding (C.7.5.1.1.2; C.7.6.24 and C.7.6.25 for floats): from the Pixel Padding Value to the
 * range limit, in whichever order, or the value alone. Null where the file declares none, or none that is a number.
 */
export function paddingOf(data: DataSet, format: PixelFormat): Padding | null {
  if (!isGrey(format.photometric) || format.photometric === "PALETTE COLOR") return null;
  const tags = !format.float ? PADDING : format.allocated === 32 ? FLOAT_PADDING : DOUBLE_PADDING;
  const numberAt = (tag: number): number | null => {
    if (format.float) return (format.allocated === 32 ? data.floats(tag) : data.doubles(tag))?.[0] ?? null;
    // US or SS by the Pixel Representation, whatever the file calls it; some write 32 bits for samples of 32.
    const wide = data.element(tag)?.length === 4 ? data.uint32s(tag)?.[0] : undefined;
    const word = wide ?? data.uint16(tag);
    if (word === null || !format.signed) return word;
    return wide === undefined ? (word << 16) >> 16 : word | 0;
  };
  const value = numberAt(tags.value);
  if (value === null || Number.isNaN(value)) return null;
  const limit = numberAt(tags.limit) ?? value;
  return Number.isNaN(limit)
    ? { low: value, high: value }
    : { low: Math.min(value, limit), high: Math.max(value, limit) };
}
