/**
 * @file Reads the first directory of a TIFF 6.0 file and checks it before the `tiff` package sees it: that package
 * allocates what the tags say, inflates without a limit, and reads planar, tiled-colour and tiled-predictor files
 * wrongly, so all of these are bounded or refused here.
 */
import { Inflate, Unzlib } from "fflate";
import { checkSize, corrupt, unsupported } from "../../raster/limits.ts";
import { TYPE_BYTES } from "./classic.ts";

export interface TiffLayout {
  width: number;
  height: number;
  bits: 1 | 8 | 16;
  samples: 1 | 2 | 3 | 4;
  /** 0 WhiteIsZero, 1 BlackIsZero, 2 RGB, 3 palette. */
  photometric: 0 | 1 | 2 | 3;
}

const TAG = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripCounts: 279,
  planar: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileCounts: 325,
  sampleFormat: 339,
};

/** Whole-number tags of the first directory. Throws IMAGE_CORRUPT when entries point outside the file. */
function readTags(bytes: Uint8Array, name: string): Map<number, number[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const directory = view.getUint32(4, little);
  const entries = view.getUint16(directory, little);
  const tags = new Map<number, number[]>();
  let total = 0;
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * 12;
    const [tag, type, count] = [
      view.getUint16(at, little),
      view.getUint16(at + 2, little),
      view.getUint32(at + 4, little),
    ];
    const size = (TYPE_BYTES[type] ?? 0) * count;
    const start = size > 4 ? view.getUint32(at + 8, little) : at + 8;
    total += size;
    if (start + size > bytes.length || total > bytes.length) throw corrupt(name, "a TIFF tag points outside the file");
    if (type === 3)
      tags.set(
        tag,
        Array.from({ length: count }, (_, k) => view.getUint16(start + 2 * k, little)),
      );
    if (type === 4)
      tags.set(
        tag,
        Array.from({ length: count }, (_, k) => view.getUint32(start + 4 * k, little)),
      );
  }
  return tags;
}

/** The layout of page one; throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE naming `name`. */
export function readLayout(bytes: Uint8Array, name: string): TiffLayout {
  const tags = readTags(bytes, name);
  const first = (tag: number, otherwise: number) => tags.get(tag)?.[0] ?? otherwise;
  const width = first(TAG.width, 0);
  const height = first(TAG.height, 0);
  checkSize(name, width, height);
  const samples = first(TAG.samples, 1);
  const bits = first(TAG.bits, 1);
  const photometric = first(TAG.photometric, -1);
  const tiled = tags.has(TAG.tileWidth) || tags.has(TAG.tileOffsets);
  const refuse = (bad: boolean, what: string) => {
    if (bad) throw unsupported(name, what);
  };
  refuse(photometric < 0 || photometric > 3, "its TIFF colour space is neither grey, RGB nor palette");
  refuse(![1, 8, 16].includes(bits) || (bits === 1 && samples > 1), `it has ${bits}-bit TIFF samples`);
  refuse(
    (tags.get(TAG.bits) ?? []).some((value) => value !== bits),
    "its TIFF samples differ in depth",
  );
  refuse(
    (tags.get(TAG.sampleFormat) ?? []).some((value) => value !== 1),
    "its TIFF samples are signed or floating-point",
  );
  refuse(photometric === 2 ? samples !== 3 && samples !== 4 : samples > 2, `it has ${samples} TIFF samples a pixel`);
  refuse(photometric === 3 && samples !== 1, "its TIFF palette goes with several samples");
  refuse(samples > 1 && first(TAG.planar, 1) !== 1, "its TIFF colour planes are stored apart");
  refuse(first(TAG.fillOrder, 1) !== 1, "its TIFF bits are stored in reverse");
  refuse(
    tiled && (samples > 1 || bits === 1 || first(TAG.predictor, 1) !== 1),
    "its TIFF tiles hold more than plain grey",
  );
  checkParts(bytes, name, tags, tiled, { width, height, bits, samples });
  return { width, height, bits, samples, photometric } as TiffLayout;
}

/** Strips or tiles: as many as the size needs, inside the file, and none that unfolds to more than its share. */
function checkParts(
  bytes: Uint8Array,
  name: string,
  tags: Map<number, number[]>,
  tiled: boolean,
  size: { width: number; height: number; bits: number; samples: number },
): void {
  const { width, height, bits, samples } = size;
  const partWidth = tiled ? (tags.get(TAG.tileWidth)?.[0] ?? 0) : width;
  const partHeight = tiled
    ? (tags.get(TAG.tileHeight)?.[0] ?? 0)
    : Math.min(height, tags.get(TAG.rowsPerStrip)?.[0] || height);
  const offsets = tags.get(tiled ? TAG.tileOffsets : TAG.stripOffsets) ?? [];
  const counts = tags.get(tiled ? TAG.tileCounts : TAG.stripCounts);
  if (partWidth < 1 || partHeight < 1 || partWidth * partHeight > 4 * width * height + 65536) {
    throw corrupt(name, "its TIFF tile size is impossible");
  }
  const needed = Math.ceil(width / partWidth) * Math.ceil(height / partHeight);
  if (offsets.length !== needed || (counts && counts.length !== needed)) {
    throw corrupt(name, "its TIFF pixel data are incomplete");
  }
  if (!counts) throw unsupported(name, "its TIFF strips have no lengths");
  const compression = tags.get(TAG.compression)?.[0] ?? 1;
  if (![1, 5, 8, 32946].includes(compression)) {
    throw unsupported(name, `its TIFF compression ${compression} is not none, LZW or Deflate`);
  }
  const partBytes = Math.ceil((partWidth * samples * bits) / 8) * partHeight;
  for (let i = 0; i < needed; i++) {
    if (offsets[i] + counts[i] > bytes.length) throw corrupt(name, "its TIFF pixel data run past the end of the file");
    const part = bytes.subarray(offsets[i], offsets[i] + counts[i]);
    const inflated =
      compression === 1 ? counts[i] : compression === 5 ? lzwLength(part, partBytes) : deflateLength(part, partBytes);
    if (compression !== 1 && inflated > partBytes) throw corrupt(name, "a TIFF part unfolds to more than its share");
  }
}

/** Bytes that a Deflate part unfolds to; stops counting beyond `cap`. */
function deflateLength(part: Uint8Array, cap: number): number {
  let length = 0;
  const zlib = (part[0] & 15) === 8 && (part[0] * 256 + part[1]) % 31 === 0;
  const inflator = new (zlib ? Unzlib : Inflate)((chunk: Uint8Array) => {
    length += chunk.length;
  });
  for (let at = 0; at < part.length && length <= cap; at += 65536) {
    inflator.push(part.subarray(at, at + 65536), at + 65536 >= part.length);
  }
  return length;
}

/** Bytes that an LZW part (TIFF 6.0, section 13) unfolds to, from code lengths alone; stops counting beyond `cap`. */
function lzwLength(part: Uint8Array, cap: number): number {
  const lengths = new Uint32Array(4097).fill(1, 0, 256);
  let [total, size, bits, previous, window, held] = [0, 258, 9, 0, 0, 0];
  for (let at = 0; at < part.length && total <= cap; ) {
    while (held < bits && at < part.length) {
      window = ((window << 8) | part[at++]) & 0xffffff;
      held += 8;
    }
    if (held < bits) break;
    held -= bits;
    const code = (window >> held) & ((1 << bits) - 1);
    if (code === 257) break;
    if (code === 256) {
      [size, bits, previous] = [258, 9, 0];
      continue;
    }
    const length = code < size ? lengths[code] : previous + 1;
    if (previous > 0 && size < 4096) lengths[size++] = previous + 1;
    if (size === (1 << bits) - 1 && bits < 12) bits++;
    total += length;
    previous = length;
  }
  return total;
}
