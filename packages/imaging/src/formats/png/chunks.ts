/**
 * @file Reads the skeleton of a PNG (ISO/IEC 15948) before anything is decoded: lengths, header, palette, and how many
 * bytes the pixels may inflate to. fast-png trusts all of these, so a file that lies is refused here. Chunks that decide
 * neither pixels nor how they are turned (text, profiles, gamma) are dropped unread. Pixels are left to png-decode.ts.
 */
import { joinedBytes } from "@hale/core";
import CRC32 from "crc-32";
import { Unzlib } from "fflate";
import { checkSize, corrupt, unsupported } from "../../raster/limits.ts";
import { exifOrientation } from "../exif.ts";

export interface PngHeader {
  width: number;
  height: number;
  depth: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha. */
  colour: 0 | 2 | 3 | 4 | 6;
  interlaced: boolean;
  /** Samples per pixel as stored: 1, 2, 3 or 4. */
  samples: number;
}

export interface PngSkeleton {
  header: PngHeader;
  /** The file with only IHDR, IDAT and IEND: stored samples without palette or transparency. */
  bare: Uint8Array;
  /** The IDAT payloads in order. */
  compressed: Uint8Array[];
  /** Data of PLTE, RGB triples; empty unless the image is indexed. */
  palette: Uint8Array;
  /** Data of tRNS where present. */
  transparency: Uint8Array | null;
  /** Of eXIf; 1 where it says nothing. */
  orientation: number;
}

/** One pass of pixels: the whole image, or one of the seven Adam7 passes (8.2 of the standard). */
export interface PngPass {
  x: number;
  y: number;
  xStep: number;
  yStep: number;
  width: number;
  height: number;
  /** Filter byte and packed samples of one row. */
  rowBytes: number;
}

const DEPTHS: Record<number, number[]> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const SAMPLES: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PIXEL_CHUNKS = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
/** Palette and transparency are applied by png-decode.ts: fast-png refuses a lawful tRNS in a very small image. */
const GIVEN_ON = new Set(["IHDR", "IDAT", "IEND"]);
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** Splits a PNG; throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE naming `name`. */
export function readSkeleton(bytes: Uint8Array, name: string): PngSkeleton {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const compressed: Uint8Array[] = [];
  let header: PngHeader | null = null;
  let transparency: Uint8Array | null = null;
  let palette: Uint8Array = new Uint8Array(0);
  let orientation: number | null = null;
  let ended = false;
  for (let at = 8; !ended; ) {
    if (at + 12 > bytes.length) throw corrupt(name, "it ends before its last chunk");
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (length > bytes.length - at - 12) throw corrupt(name, "a chunk runs past the end of the file");
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (!header && type !== "IHDR") throw corrupt(name, "its header is missing");
    if (type === "IHDR") {
      if (header) throw corrupt(name, "it has two headers");
      header = readHeader(data, name);
    } else if (type === "PLTE") {
      if (length === 0 || length % 3 !== 0 || length > 768 || palette.length > 0) {
        throw corrupt(name, "its palette is malformed");
      }
      palette = data;
    } else if (type === "tRNS") {
      transparency = data;
    } else if (type === "IDAT") {
      compressed.push(data);
    } else if (type === "eXIf") {
      orientation ??= exifOrientation(data);
    } else if (type === "IEND") {
      ended = true;
    } else if ((bytes[at + 4] & 0x20) === 0) {
      throw unsupported(name, `it needs the unknown PNG chunk ${JSON.stringify(type)}`);
    }
    if (PIXEL_CHUNKS.has(type)) {
      if (CRC32.buf(bytes.subarray(at + 4, at + 8 + length)) !== view.getInt32(at + 8 + length)) {
        throw corrupt(name, `the checksum of its ${type} chunk is wrong`);
      }
      if (GIVEN_ON.has(type)) kept.push(bytes.subarray(at, at + 12 + length));
    }
    at += 12 + length;
  }
  if (!header) throw corrupt(name, "its header is missing");
  if (compressed.length === 0) throw corrupt(name, "it has no pixel data (IDAT)");
  if (header.colour === 3 && palette.length === 0) throw corrupt(name, "its palette is missing");
  checkTransparency(header, transparency, palette.length / 3, name);
  return { header, bare: joinedBytes(kept), compressed, palette, transparency, orientation: orientation ?? 1 };
}

function readHeader(data: Uint8Array, name: string): PngHeader {
  if (data.length !== 13) throw corrupt(name, "its header has the wrong length");
  const view = new DataView(data.buffer, data.byteOffset, 13);
  const [depth, colour, compression, filter, interlace] = data.subarray(8);
  checkSize(name, view.getUint32(0), view.getUint32(4));
  if (!DEPTHS[colour]?.includes(depth)) throw corrupt(name, `colour type ${colour} with ${depth} bits does not exist`);
  if (compression !== 0 || filter !== 0 || interlace > 1) throw unsupported(name, "its PNG method bytes are unknown");
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth as PngHeader["depth"],
    colour: colour as PngHeader["colour"],
    interlaced: interlace === 1,
    samples: SAMPLES[colour],
  };
}

function checkTransparency(header: PngHeader, data: Uint8Array | null, paletteEntries: number, name: string): void {
  if (!data) return;
  const expected = header.colour === 0 ? data.length === 2 : header.colour === 2 ? data.length === 6 : false;
  if (!expected && !(header.colour === 3 && data.length <= paletteEntries)) {
    throw corrupt(name, "its transparency chunk does not fit its colour type");
  }
}

/** The passes that hold pixels, in file order. */
export function passesOf(header: PngHeader): PngPass[] {
  const steps = header.interlaced ? ADAM7 : [[0, 0, 1, 1]];
  return steps
    .map(([x, y, xStep, yStep]) => {
      const width = Math.ceil((header.width - x) / xStep);
      const height = Math.ceil((header.height - y) / yStep);
      return {
        x,
        y,
        xStep,
        yStep,
        width,
        height,
        rowBytes: 1 + Math.ceil((width * header.samples * header.depth) / 8),
      };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/**
 * Inflates the pixel stream against the exact size that the header implies; a stream of any other length is refused
 * while it is read, so a bomb never unfolds. With `keep` the bytes are returned, else only counted (empty result).
 */
export function inflatePixels(skeleton: PngSkeleton, name: string, keep: boolean): Uint8Array {
  const expected = passesOf(skeleton.header).reduce((sum, pass) => sum + pass.rowBytes * pass.height, 0);
  const out = new Uint8Array(keep ? expected : 0);
  let size = 0;
  const inflator = new Unzlib((chunk) => {
    if (size + chunk.length > expected) throw corrupt(name, "its pixel data are longer than its header says");
    if (keep) out.set(chunk, size);
    size += chunk.length;
  });
  for (const part of skeleton.compressed) {
    for (let at = 0; at < part.length; at += 65536) inflator.push(part.subarray(at, at + 65536), false);
  }
  inflator.push(new Uint8Array(0), true);
  if (size !== expected) throw corrupt(name, "its pixel data are shorter than its header says");
  return out;
}
