/**
 * @file JPEG by libjpeg-turbo compiled to WebAssembly: the same bytes give the same pixels in Node and in every
 * browser, which a browser's own decoder does not promise. Baseline, extended and progressive, 8 bits, grey or
 * YCbCr/RGB. Pictures are turned as their EXIF says; colour profiles are ignored. The header is read here first, so that limits hold
 * before anything is allocated. `#jpeg-codec` is the JavaScript around it: in the clone that of its package, built a copy
 * that asks nothing of Node, so that any bundler takes it (scripts/build.ts).
 */

import { HaleError } from "@hale/core";
import factory, { type JpegCodec, type JpegDecoder } from "#jpeg-codec";
import { holds } from "../../raster/bytes.ts";
import { checkSize, corrupt, unsupported } from "../../raster/limits.ts";
import type { Raster } from "../../raster/raster.ts";
import { upright } from "../../raster/turn.ts";
import { withLessFilling } from "../end-marker.ts";
import { exifOrientation } from "../exif.ts";
import { type WasmFile, wasmBytes } from "../wasm-file.ts";
import { jpegWasm } from "./wasm-source.ts";

/** Scans of one progressive file; more are an attack on the clock (libjpeg-turbo's own fuzzers stop there too). */
const MAX_SCANS = 500;
/** The module forgets a little memory on every refused file; after so many it is loaded afresh. */
const MAX_FAILURES = 64;

/** Of which file `loaded` was made. */
let source: WasmFile | null = null;
let loaded: Promise<JpegCodec> | null = null;
let decoder: JpegDecoder | null = null;
let failures = 0;

interface JpegHeader {
  width: number;
  height: number;
  channels: 1 | 3;
  /** Of EXIF; 1 where it says nothing. */
  orientation: number;
}

/** Decodes a JPEG; throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE naming `name`. */
export async function decodeJpeg(bytes: Uint8Array, name: string): Promise<Raster> {
  const header = readHeader(bytes, name);
  return upright(await decodeStored(bytes, header, name), header.orientation);
}

/** As stored. */
async function decodeStored(bytes: Uint8Array, header: JpegHeader, name: string): Promise<Raster> {
  try {
    return await decodeOnce(bytes, header);
  } catch (cause) {
    if (cause instanceof HaleError) throw cause;
    for (const less of withLessFilling(bytes)) {
      const raster = await decodeOnce(less, header).catch(() => null);
      if (raster) return raster;
    }
    throw corrupt(name, "its JPEG data break off or contradict themselves", cause);
  }
}

/** Throws whatever the codec throws, after which that decoder is not used again. */
async function decodeOnce(bytes: Uint8Array, header: JpegHeader): Promise<Raster> {
  const codec = await load();
  decoder ??= new codec.JPEGDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const { width, height, componentCount } = decoder.getFrameInfo();
    const data = new Uint8Array(decoder.getDecodedBuffer());
    if (width !== header.width || height !== header.height || componentCount !== header.channels) {
      throw new Error("The frame differs from the header.");
    }
    return { width, height, channels: header.channels, maxValue: 255, data };
  } catch (cause) {
    // C++ exceptions arrive as bare numbers, and the decoder is not to be trusted afterwards.
    const damaged = typeof cause !== "number";
    if (damaged || ++failures >= MAX_FAILURES) {
      failures = 0;
      loaded = null;
    } else {
      decoder?.delete();
    }
    decoder = null;
    throw cause;
  }
}

function load(): Promise<JpegCodec> {
  if (source !== jpegWasm()) {
    source = jpegWasm();
    loaded = null;
    decoder = null;
  }
  const silent = { print: () => {}, printErr: () => {} };
  const options = source === null ? silent : wasmBytes(source).then((wasmBinary) => ({ ...silent, wasmBinary }));
  loaded ??= Promise.resolve(options)
    .then(factory)
    .catch((cause: unknown) => {
      loaded = null;
      throw new HaleError(
        "FILE_NOT_FOUND",
        "The JPEG decoder (libjpegturbowasm_decode.wasm) could not be loaded.",
        "Import @hale/imaging/node in Node; in a page, call setJpegWasm with the address of its self-hosted copy.",
        { cause },
      );
    });
  return loaded;
}

const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];

/** Walks the markers (ITU-T T.81, B.1) to the frame header and checks what it declares. */
function readHeader(bytes: Uint8Array, name: string): JpegHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  let orientation: number | null = null;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) throw corrupt(name, "a JPEG marker is missing");
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) break;
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      if (length < 8) break;
      if (marker > 0xc2) throw unsupported(name, `its JPEG process (SOF${marker - 0xc0}) is not in use for pictures`);
      if (bytes[at + 4] !== 8) throw unsupported(name, `it has ${bytes[at + 4]}-bit JPEG samples`);
      const channels = bytes[at + 9];
      if (channels !== 1 && channels !== 3) throw unsupported(name, `it has ${channels} JPEG components (CMYK?)`);
      const size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
      checkSize(name, size.width, size.height);
      countScans(bytes, name);
      return { ...size, channels, orientation: orientation ?? 1 };
    }
    if (marker === 0xda || marker === 0xd9) break;
    const segment = bytes.subarray(at + 4, at + 2 + length);
    // The first EXIF block counts (APP1, "Exif" and two zeros).
    if (marker === 0xe1 && orientation === null && holds(segment, EXIF)) {
      orientation = exifOrientation(segment.subarray(EXIF.length));
    }
    at += 2 + length;
  }
  throw corrupt(name, "its JPEG frame header is missing");
}

function countScans(bytes: Uint8Array, name: string): void {
  let scans = 0;
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xda && ++scans > MAX_SCANS)
      throw unsupported(name, `it has more than ${MAX_SCANS} JPEG scans`);
  }
}
