/** @file Pictures as networks have them, laid out in rows in one PNG file. */
import { encodePng, gridOf, rasterOf } from "@hale/imaging";
import type { ImageShape } from "../methods/method.ts";
import { writeAtomic } from "./atomic.ts";

/** Writes pictures [C, S, S] in [-1, 1], `columns` a row. */
export async function writeSheet(
  path: string,
  pictures: readonly Float32Array[],
  { size, channels }: ImageShape,
  columns: number,
): Promise<void> {
  const tiles = pictures.map((data) => rasterOf({ data, width: size, height: size, channels }));
  await writeAtomic(path, encodePng(gridOf(tiles, columns)));
}

/** Each of the first pictures with that of the second that belongs to it on its right. */
export function sideBySide(left: readonly Float32Array[], right: readonly Float32Array[]): Float32Array[] {
  return left.flatMap((picture, i) => [picture, right[i]]);
}
