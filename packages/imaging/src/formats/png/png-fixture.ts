/**
 * @file Makes PNG bytes of every kind from samples, for tests: any depth and colour type, Adam7 or not, all five row
 * filters in turn. It is written from the standard (ISO/IEC 15948) alone and shares no code with the decoder.
 */
import CRC32 from "crc-32";
import { zlibSync } from "fflate";

export interface PngKind {
  width: number;
  height: number;
  depth: 1 | 2 | 4 | 8 | 16;
  colour: 0 | 2 | 3 | 4 | 6;
  interlaced?: boolean;
  palette?: number[];
  transparency?: number[];
}

export const SAMPLES_OF = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

export function chunk(type: string, data: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setInt32(8 + data.length, CRC32.buf(out.subarray(4, 8 + data.length)));
  return out;
}

export function header(kind: PngKind): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, kind.width);
  view.setUint32(4, kind.height);
  data.set([kind.depth, kind.colour, 0, 0, kind.interlaced ? 1 : 0], 8);
  return chunk("IHDR", data);
}

export function assemble(chunks: Uint8Array[]): Uint8Array {
  return Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, ...chunks.flatMap((part) => [...part])]);
}

/** `samples`: row-major, interleaved, each in 0 … 2^depth - 1. */
export function makePng(kind: PngKind, samples: number[]): Uint8Array {
  const parts = [header(kind)];
  if (kind.palette) parts.push(chunk("PLTE", kind.palette));
  if (kind.transparency) parts.push(chunk("tRNS", kind.transparency));
  const stream = zlibSync(Uint8Array.from(pixelStream(kind, samples)));
  const middle = stream.length >> 1;
  parts.push(chunk("IDAT", stream.subarray(0, middle)), chunk("IDAT", stream.subarray(middle)));
  return assemble([...parts, chunk("IEND", [])]);
}

/** The filtered rows, before compression. */
export function pixelStream(kind: PngKind, samples: number[]): number[] {
  const perPixel = SAMPLES_OF[kind.colour];
  const sets = kind.interlaced
    ? range(0, 7, 1).map((pass) => adam7(kind, pass))
    : [{ xs: range(0, kind.width, 1), ys: range(0, kind.height, 1) }];
  const stream: number[] = [];
  for (const { xs, ys } of sets) {
    let above: number[] = [];
    ys.forEach((y, row) => {
      if (xs.length === 0) return;
      const line = pack(
        xs.flatMap((x) => samples.slice((y * kind.width + x) * perPixel, (y * kind.width + x + 1) * perPixel)),
        kind.depth,
      );
      const filter = row % 5;
      stream.push(filter, ...applyFilter(filter, line, above, Math.max(1, (perPixel * kind.depth) >> 3)));
      above = line;
    });
  }
  return stream;
}

const range = (from: number, to: number, step: number) =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);

function adam7(kind: PngKind, pass: number): { xs: number[]; ys: number[] } {
  const [x0, dx] = [
    [0, 8],
    [4, 8],
    [0, 4],
    [2, 4],
    [0, 2],
    [1, 2],
    [0, 1],
  ][pass];
  const [y0, dy] = [
    [0, 8],
    [0, 8],
    [4, 8],
    [0, 4],
    [2, 4],
    [0, 2],
    [1, 2],
  ][pass];
  return { xs: range(x0, kind.width, dx), ys: range(y0, kind.height, dy) };
}

function pack(samples: number[], depth: number): number[] {
  if (depth === 16) return samples.flatMap((sample) => [sample >> 8, sample & 255]);
  if (depth === 8) return samples;
  const perByte = 8 / depth;
  return range(0, samples.length, perByte).map((start) =>
    range(0, perByte, 1).reduce((byte, k) => byte | ((samples[start + k] ?? 0) << (8 - depth * (k + 1))), 0),
  );
}

function applyFilter(filter: number, line: number[], above: number[], back: number): number[] {
  return line.map((value, i) => {
    const [a, b, c] = [line[i - back] ?? 0, above[i] ?? 0, above[i - back] ?? 0];
    const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
    const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    return (value - [0, a, b, (a + b) >> 1, paeth][filter]) & 255;
  });
}
