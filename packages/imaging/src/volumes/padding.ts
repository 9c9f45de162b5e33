/**
 * @file Samples that are no values: PS3.3, C.7.5.1.1.2 (Pixel Padding Value and Pixel Padding Range Limit). They fill what
 * the image does not reach, and must not shift percentiles, ranges or foreground. Samples of files that have no such
 * element are no values where they are NaN or infinite.
 */
import type { Scan } from "./scan.ts";

/** Stored values from `low` to `high`, both included, are padding. */
export interface Padding {
  low: number;
  high: number;
}

/** That of a slice; null where it has none. */
export const paddingOf = ({ padding = [] }: Pick<Scan, "padding">, slice: number): Padding | null =>
  (padding.length > 1 ? padding[slice] : padding[0]) ?? null;

export const isPadding = (padding: Padding | null, stored: number): boolean =>
  padding !== null && stored >= padding.low && stored <= padding.high;

/** Whether a voxel of the scan is padding; null where none can be. Colours have no padding. */
export function paddingTest(scan: Scan): ((voxel: number) => boolean) | null {
  const { padding = [], stored, size, channels } = scan;
  if (channels === 3 || padding.every((one) => one === null)) return null;
  const area = size[0] * size[1];
  return (voxel) => isPadding(paddingOf(scan, Math.floor(voxel / area)), stored[voxel]);
}
