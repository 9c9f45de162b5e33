/** @file Seeds of plain pictures: every kind of PNG that matters, JPEG and TIFF. */

import CRC32 from "crc-32";
import { zlibSync } from "fflate";
import {
  CMYK_JPEG,
  GREY_JPEG,
  PROGRESSIVE_JPEG,
  RGB_JPEG,
} from "../../packages/imaging/src/formats/jpeg/jpeg-fixture.ts";
import { makePng, type PngKind, pixelStream, SAMPLES_OF } from "../../packages/imaging/src/formats/png/png-fixture.ts";
import { DEFLATE_TIFF, LZW_TIFF, makeTiff } from "../../packages/imaging/src/formats/tiff/tiff-fixture.ts";
import { type Field, fieldsAt, type Kind, ramp, type Seed } from "./seed.ts";

/** A PNG's length fields and header. */
function pngFields(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Field[] = [...fieldsAt(16, 4, false, 2), ...fieldsAt(24, 1, false, 5)];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) fields.push({ at, bytes: 4, little: false });
  return fields;
}

/** Makes the checksums of all chunks right again, as far as chunks can be followed: else nothing gets past them. */
function mendPng(bytes: Uint8Array): Uint8Array {
  const mended = bytes.slice();
  const view = new DataView(mended.buffer);
  for (let at = 8; at + 12 <= mended.length; ) {
    const length = view.getUint32(at);
    if (length > mended.length - at - 12) break;
    view.setInt32(at + 8 + length, CRC32.buf(mended.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
  return mended;
}

/** A PNG whose pixel stream is given: what is mutated are the filtered rows, compressed afterwards. */
function sealRows(plain: Uint8Array): (rows: Uint8Array) => Uint8Array {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  const isPixels = (at: number) => String.fromCharCode(...plain.subarray(at + 4, at + 8)) === "IDAT";
  const before: number[] = [...plain.subarray(0, 8)];
  for (let at = 8; at < plain.length && !isPixels(at); at += 12 + view.getUint32(at))
    before.push(...plain.subarray(at, at + 12 + view.getUint32(at)));
  return (rows) => {
    const stream = zlibSync(rows, { level: 1 });
    const out = Uint8Array.from([...before, 0, 0, 0, 0, 73, 68, 65, 84, ...stream, 0, 0, 0, 0, ...END]);
    new DataView(out.buffer).setUint32(before.length, stream.length);
    return mendPng(out);
  };
}
const END = [0, 0, 0, 0, 73, 69, 78, 68, 0, 0, 0, 0];

function pngSeeds(): Seed[] {
  const palette = ramp(12, 256);
  const kinds: PngKind[] = [
    { width: 16, height: 16, depth: 8, colour: 0 },
    { width: 16, height: 9, depth: 1, colour: 0 },
    { width: 9, height: 16, depth: 16, colour: 2 },
    { width: 16, height: 16, depth: 2, colour: 3, palette, interlaced: true },
    { width: 16, height: 16, depth: 8, colour: 3, palette, transparency: [0, 128] },
    { width: 8, height: 8, depth: 16, colour: 4, interlaced: true },
    { width: 8, height: 8, depth: 8, colour: 6 },
    { width: 8, height: 8, depth: 8, colour: 2, transparency: [0, 1, 0, 2, 0, 3] },
  ];
  return kinds.flatMap((kind, i): Seed[] => {
    const top = kind.palette ? 4 : 2 ** kind.depth;
    const samples = ramp(kind.width * kind.height * SAMPLES_OF[kind.colour], top);
    const bytes = makePng(kind, samples);
    const name = `colour ${kind.colour} depth ${kind.depth}`;
    const seeds: Seed[] = [{ kind: "png", name, bytes, codec: false, fields: pngFields(bytes), seal: mendPng }];
    const rows = Uint8Array.from(pixelStream(kind, samples));
    if (i % 3 === 0)
      seeds.push({
        kind: "png",
        name: `${name} rows`,
        bytes: rows,
        codec: false,
        fields: [],
        seal: sealRows(bytes),
      });
    return seeds;
  });
}

/** Lengths of a JPEG's segments, and the numbers of its frame header. */
function jpegFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    fields.push({ at: at + 2, bytes: 2, little: false }, { at: at + 1, bytes: 1, little: false });
    if (bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xc2)
      fields.push(...fieldsAt(at + 4, 1, false), ...fieldsAt(at + 5, 2, false, 2), ...fieldsAt(at + 9, 1, false, 10));
    if (bytes[at + 1] === 0xda) break;
  }
  return fields;
}

/** Every number of a TIFF's first directory. */
function tiffFields(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const directory = view.getUint32(4, true);
  const fields: Field[] = [
    { at: 4, bytes: 4, little: true },
    { at: directory, bytes: 2, little: true },
  ];
  for (let i = 0; i < view.getUint16(directory, true); i++) {
    const at = directory + 2 + 12 * i;
    fields.push(...fieldsAt(at, 2, true, 2), ...fieldsAt(at + 4, 4, true, 2));
  }
  return fields;
}

function tiffSeeds(): Seed[] {
  const size: [number, 3 | 4, number][] = [
    [256, 3, 16],
    [257, 3, 16],
  ];
  const grey = (bits: number, photometric: number): [number, 3 | 4, number][] => [
    ...size,
    [258, 3, bits],
    [262, 3, photometric],
  ];
  const files: [string, Uint8Array][] = [
    ["lzw", LZW_TIFF],
    ["deflate", DEFLATE_TIFF],
    ["8 bits", makeTiff(grey(8, 1), ramp(256, 256))],
    ["16 bits", makeTiff(grey(16, 0), ramp(512, 256))],
    ["1 bit", makeTiff(grey(1, 1), ramp(32, 256))],
    ["predictor", makeTiff([...grey(8, 1), [259, 3, 8], [317, 3, 2]], [...zlibSync(Uint8Array.from(ramp(256, 256)))])],
    ["rgb", makeTiff([...size, [258, 3, 8], [262, 3, 2], [277, 3, 3]], ramp(768, 256))],
    ["orientation", makeTiff([...grey(8, 1), [274, 3, 1], [278, 3, 16]], ramp(256, 256))],
  ];
  return files.map(([name, bytes]) => ({ kind: "tiff", name, bytes, codec: false, fields: tiffFields(bytes) }));
}

export function pictureSeeds(): Seed[] {
  const jpegs: [string, Uint8Array][] = [
    ["grey", GREY_JPEG],
    ["progressive", PROGRESSIVE_JPEG],
    ["rgb", RGB_JPEG],
    ["cmyk", CMYK_JPEG],
  ];
  return [
    ...pngSeeds(),
    ...tiffSeeds(),
    ...jpegs.map(([name, bytes]) => ({ kind: "jpeg" as Kind, name, bytes, codec: true, fields: jpegFields(bytes) })),
  ];
}
