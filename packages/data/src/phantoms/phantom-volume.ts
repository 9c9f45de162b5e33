/**
 * @file Volumes of phantoms: the slices of one person on top of each other, with a lesion through
 * some of them. For tests and trials of whole volumes; like all phantoms they say nothing about patients.
 */
import { HaleError } from "@hale/core";
import type { LesionKind } from "./lesion.ts";
import { phantom } from "./phantom.ts";
import { hashSeed } from "./random.ts";

export interface PhantomVolumeOptions {
  /** Columns and rows, 32 to 1024. */
  size: number;
  /** Slices, at least 3. */
  slices: number;
  /** A lesion through the middle third of the slices; none gives a healthy head. */
  lesion?: LesionKind;
}

export interface PhantomVolume {
  /** Columns, rows, slices; columns to the Left, rows to Posterior, slices to Superior. */
  size: [number, number, number];
  /** Slice after slice, row-major, 0…1023 above air at 0. */
  data: Int16Array;
  /** 1 inside the lesion. */
  mask: Uint8Array;
}

/**
 * Draws the volume of `seed`. The first and last slices are empty, as scans often begin and end beyond the head.
 * @throws HaleError `OPTION_INVALID` if the size or the number of slices cannot be used.
 */
export function phantomVolume(seed: number, { size, slices, lesion }: PhantomVolumeOptions): PhantomVolume {
  if (!Number.isInteger(slices) || slices < 3 || slices > 1000) {
    throw new HaleError("OPTION_INVALID", `A phantom cannot have ${slices} slices.`, "Use a whole number, 3 to 1000.");
  }
  const area = size * size;
  const data = new Int16Array(area * slices);
  const mask = new Uint8Array(area * slices);
  for (let k = 1; k < slices - 1; k++) {
    const abnormal = lesion !== undefined && 3 * k >= slices && 3 * k < 2 * slices;
    const drawn = phantom(hashSeed(seed, k), { size, lesion: abnormal ? lesion : undefined, person: seed });
    for (let i = 0; i < area; i++) {
      data[k * area + i] = 4 * drawn.image[i];
      mask[k * area + i] = drawn.mask[i] > 0 ? 1 : 0;
    }
  }
  return { size: [size, size, slices], data, mask };
}
