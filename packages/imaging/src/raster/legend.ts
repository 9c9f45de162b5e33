/**
 * @file A strip below a picture that says, in its pixels, what its colours mean and what it is for: pictures go where no
 * attribute is shown. Its letters are drawn here, five by seven, so that they are the same everywhere.
 */
import { legendBar } from "./overlay.ts";
import { emptyRaster, type Raster } from "./raster.ts";

/** Rows of five bits, the leftmost the highest. */
const LETTERS: Record<string, readonly number[]> = {
  A: [14, 17, 17, 31, 17, 17, 17],
  C: [14, 17, 16, 16, 16, 17, 14],
  D: [30, 17, 17, 17, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31],
  F: [31, 16, 16, 30, 16, 16, 16],
  G: [14, 17, 16, 23, 17, 17, 14],
  H: [17, 17, 17, 31, 17, 17, 17],
  I: [14, 4, 4, 4, 4, 4, 14],
  L: [16, 16, 16, 16, 16, 16, 31],
  N: [17, 25, 21, 19, 17, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  R: [30, 17, 17, 30, 20, 18, 17],
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  U: [17, 17, 17, 17, 17, 17, 14],
  Y: [17, 17, 10, 4, 4, 4, 4],
  "0": [14, 17, 19, 21, 25, 17, 14],
  "1": [4, 12, 4, 4, 4, 4, 14],
  "2": [14, 17, 1, 6, 8, 16, 31],
  "3": [14, 17, 1, 6, 1, 17, 14],
  "4": [2, 6, 10, 18, 31, 2, 2],
  "5": [31, 16, 30, 1, 1, 17, 14],
  "6": [14, 16, 16, 30, 17, 17, 14],
  "7": [31, 1, 2, 4, 8, 8, 8],
  "8": [14, 17, 17, 14, 17, 17, 14],
  "9": [14, 17, 17, 15, 1, 1, 14],
  ".": [0, 0, 0, 0, 0, 12, 12],
  "+": [0, 4, 4, 31, 4, 4, 0],
  "-": [0, 0, 0, 31, 0, 0, 0],
};
const [ACROSS, DOWN] = [6, 9];
const NOTICE = ["RESEARCH USE ONLY", "NOT FOR DIAGNOSIS"];
/** Pixels of a picture's width for each size of letters. */
const PIXELS_PER_SIZE = 256;
const LEAST_WIDTH = ACROSS * Math.max(...NOTICE.map((line) => line.length)) + 2;

/**
 * The 8-bit RGB picture with a strip below it: the colour scale from 0 to `maximum`, and that it is for research only. A
 * picture that is too narrow for the words gets black at its right. The pixels of the picture stay where they are.
 */
export function withLegend(picture: Raster, maximum: number): Raster {
  const width = Math.max(picture.width, LEAST_WIDTH);
  const size = Math.max(1, Math.floor(width / PIXELS_PER_SIZE));
  const bar = legendBar(width, 6 * size);
  const strip = bar.height + (NOTICE.length + 1) * DOWN * size + 2 * size;
  const out = emptyRaster(width, picture.height + strip, 3);
  for (let y = 0; y < picture.height; y++) {
    const row = picture.data.subarray(3 * y * picture.width, 3 * (y + 1) * picture.width);
    out.data.set(row, 3 * y * width);
  }
  out.data.set(bar.data, 3 * picture.height * width);
  const line = (k: number) => picture.height + bar.height + size * (2 + k * DOWN);
  const most = String(Number(maximum.toPrecision(3))).toUpperCase();
  write(out, "0", size, line(0), size);
  write(out, most, width - size * (1 + ACROSS * most.length), line(0), size);
  for (const [k, text] of NOTICE.entries()) write(out, text, size, line(k + 1), size);
  return out;
}

/** White letters of which the first one's corner is at (left, top). */
function write(raster: Raster, text: string, left: number, top: number, size: number): void {
  for (const [i, letter] of [...text].entries()) {
    for (const [y, bits] of (LETTERS[letter] ?? []).entries()) {
      for (let x = 0; x < 5; x++) {
        if (!(bits & (16 >> x))) continue;
        for (let dy = 0; dy < size; dy++) {
          const at = (top + y * size + dy) * raster.width + left + (i * ACROSS + x) * size;
          raster.data.fill(255, 3 * at, 3 * (at + size));
        }
      }
    }
  }
}
