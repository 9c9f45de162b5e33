/** @file Pictures as networks have them, laid out in rows in one PNG file. */

import { writeAtomic } from "@hale/core/node";
import { encodePng, gridOf, type Raster, rasterOf } from "@hale/imaging";
import type { ImageShape } from "@hale/methods";

/** Writes pictures [C, S, S] in [-1, 1], `columns` a row. */
export async function writeSheet(
  path: string,
  pictures: readonly Float32Array[],
  shape: ImageShape,
  columns: number,
): Promise<void> {
  await writeAtomic(path, encodePng(gridOf(rasters(pictures, shape), columns)));
}

/** Writes each of the first pictures with the second that belongs to it on its right, `columns` such pairs a row. */
export async function writePairs(
  path: string,
  pairs: readonly (readonly [Float32Array, Float32Array])[],
  shape: ImageShape,
  columns: number,
): Promise<void> {
  // Pictures of a pair touch, so that nobody has to count which belong together.
  const tiles = pairs.map((pair) => gridOf(rasters(pair, shape), 2, 0));
  await writeAtomic(path, encodePng(gridOf(tiles, columns, PAIR_GAP)));
}

/** Pixels between two pairs. */
const PAIR_GAP = 6;

function rasters(pictures: readonly Float32Array[], { size, channels }: ImageShape): Raster[] {
  return pictures.map((data) => rasterOf({ data, width: size, height: size, channels }));
}
