/** @file Pictures as networks have them, laid out in rows in one PNG. */
import { encodePng, gridOf, type Raster, rasterOf } from "@hale/imaging";
import type { ImageShape } from "@hale/methods";

/** Pictures [C, S, S] in [-1, 1], `columns` a row. */
export const sheetPng = (pictures: readonly Float32Array[], shape: ImageShape, columns: number): Uint8Array =>
  encodePng(gridOf(rasters(pictures, shape), columns));

/** Each of the first pictures with the second that belongs to it on its right, `columns` such pairs a row. */
export function pairsPng(
  pairs: readonly (readonly [Float32Array, Float32Array])[],
  shape: ImageShape,
  columns: number,
): Uint8Array {
  // Pictures of a pair touch, so that nobody has to count which belong together.
  const tiles = pairs.map((pair) => gridOf(rasters(pair, shape), 2, 0));
  return encodePng(gridOf(tiles, columns, PAIR_GAP));
}

/** Pixels between two pairs. */
const PAIR_GAP = 6;

function rasters(pictures: readonly Float32Array[], { size, channels }: ImageShape): Raster[] {
  return pictures.map((data) => rasterOf({ data, width: size, height: size, channels }));
}
