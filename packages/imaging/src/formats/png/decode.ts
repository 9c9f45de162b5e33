/**
 * @file PNG pixels to a raster, by fast-png, after png-chunks.ts has checked the skeleton. Alpha is composited over
 * black (a transparent pixel shows nothing, and what hides under it must not reach a score); gamma and colour profiles
 * are ignored; 1-, 2- and 4-bit grey is stretched to 0…255; a palette of greys gives a grey raster; pictures
 * are turned as their eXIf says.
 */
import { joinedBytes } from "@hale/core";
import { decode } from "fast-png";
import { zlibSync } from "fflate";
import { corrupt, refuseRawErrors } from "../../raster/limits.ts";
import { emptyRaster, type Raster } from "../../raster/raster.ts";
import { upright } from "../../raster/turn.ts";
import { inflatePixels, type PngHeader, type PngSkeleton, passesOf, readSkeleton } from "./chunks.ts";
import { PNG_SIGNATURE } from "./signature.ts";

/** Decodes a PNG; throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE naming `name`. */
export function decodePng(bytes: Uint8Array, name: string): Raster {
  return refuseRawErrors(name, () => {
    const skeleton = readSkeleton(bytes, name);
    return upright(decodeStored(skeleton, name), skeleton.orientation);
  });
}

/** As stored. */
function decodeStored(skeleton: PngSkeleton, name: string): Raster {
  const { header } = skeleton;
  // fast-png 8 reads Adam7 rows of less than a byte a pixel wrongly, so those passes go to it one by one.
  const packedPasses = header.interlaced && header.depth < 8;
  const inflated = inflatePixels(skeleton, name, packedPasses);
  const samples = packedPasses
    ? joinPasses(header, inflated)
    : unpack(decode(skeleton.bare).data, header.width, header.height, header);
  if (header.colour === 3) return fromPalette(skeleton, samples, name);
  return header.samples % 2 === 0 ? compositeAlpha(header, samples) : withoutKey(skeleton, samples);
}

type Samples = Uint8Array | Uint8ClampedArray | Uint16Array;

/** One sample per array element; rows of packed bits are padded to whole bytes in the file. */
function unpack(data: Samples, width: number, height: number, header: PngHeader): Samples {
  if (header.depth >= 8) return data;
  const { depth } = header;
  const rowBytes = Math.ceil((width * depth) / 8);
  const out = new Uint8Array(width * height);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      out[y * width + x] = (data[y * rowBytes + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return out;
}

/** Decodes each Adam7 pass as a small picture of its own and puts its pixels in their places. */
function joinPasses(header: PngHeader, inflated: Uint8Array): Uint8Array {
  const out = new Uint8Array(header.width * header.height);
  let at = 0;
  for (const pass of passesOf(header)) {
    const rows = inflated.subarray(at, at + pass.rowBytes * pass.height);
    at += rows.length;
    const pixels = unpack(unfilter(rows, pass.rowBytes - 1, pass.height), pass.width, pass.height, header);
    for (let y = 0; y < pass.height; y++) {
      for (let x = 0; x < pass.width; x++) {
        out[(pass.y + y * pass.yStep) * header.width + pass.x + x * pass.xStep] = pixels[y * pass.width + x];
      }
    }
  }
  return out;
}

/**
 * Undoes the row filters of packed samples. Filters work on whole bytes (9.2 of the standard), so the rows are handed to
 * fast-png as an 8-bit grey picture, `rowBytes` wide, of the packed bytes.
 */
function unfilter(rows: Uint8Array, rowBytes: number, height: number): Samples {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, rowBytes);
  view.setUint32(4, height);
  header[8] = 8;
  const parts = [Uint8Array.from(PNG_SIGNATURE), chunk("IHDR", header), chunk("IDAT", zlibSync(rows, { level: 0 }))];
  return decode(joinedBytes([...parts, chunk("IEND", new Uint8Array(0))])).data;
}

/** A chunk with an empty checksum, for our own fast-png call, which does not look at it. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  new DataView(out.buffer).setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  return out;
}

function fromPalette(skeleton: PngSkeleton, samples: Samples, name: string): Raster {
  const { header, palette, transparency } = skeleton;
  const entries = palette.length / 3;
  const colours = Uint8Array.from(palette, (value, i) => {
    const alpha = transparency?.[Math.floor(i / 3)] ?? 255;
    return Math.round((value * alpha) / 255);
  });
  let grey = true;
  for (let i = 0; i < colours.length; i += 3) grey &&= colours[i] === colours[i + 1] && colours[i] === colours[i + 2];
  const raster = emptyRaster(header.width, header.height, grey ? 1 : 3);
  for (let i = 0; i < samples.length; i++) {
    if (samples[i] >= entries) throw corrupt(name, "a pixel points beyond its palette");
    for (let c = 0; c < raster.channels; c++) raster.data[i * raster.channels + c] = colours[samples[i] * 3 + c];
  }
  return raster;
}

/** Drops an alpha sample by compositing over black: round(value × alpha / full scale). */
function compositeAlpha(header: PngHeader, samples: Samples): Raster {
  const raster = emptyRaster(
    header.width,
    header.height,
    header.samples === 2 ? 1 : 3,
    header.depth === 16 ? 65535 : 255,
  );
  const { channels, maxValue, data } = raster;
  for (let i = 0, at = 0; i < data.length; i += channels, at += header.samples) {
    const alpha = samples[at + channels];
    for (let c = 0; c < channels; c++) data[i + c] = Math.round((samples[at + c] * alpha) / maxValue);
  }
  return raster;
}

/** Grey or RGB without alpha; the one colour that tRNS names as transparent (11.3.1.1) becomes black. */
function withoutKey({ header, transparency }: PngSkeleton, samples: Samples): Raster {
  const raster = emptyRaster(
    header.width,
    header.height,
    header.samples === 1 ? 1 : 3,
    header.depth === 16 ? 65535 : 255,
  );
  const { channels, data } = raster;
  const stretch = header.depth < 8 ? 255 / (2 ** header.depth - 1) : 1;
  for (let i = 0; i < data.length; i++) data[i] = samples[i] * stretch;
  if (!transparency) return raster;
  const key = Array.from({ length: channels }, (_, c) => transparency[2 * c] * 256 + transparency[2 * c + 1]);
  for (let i = 0; i < data.length; i += channels) {
    if (key.every((value, c) => samples[i + c] === value)) data.fill(0, i, i + channels);
  }
  return raster;
}
