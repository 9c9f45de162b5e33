/** @file For tests: scans made in memory. */
import type { Samples, Scan } from "./scan.ts";

/** A grey scan of the given size whose sample at (column, row, slice) is `value`; int16 unless `into` says otherwise. */
export function scanOf(
  size: readonly [number, number, number],
  value: (column: number, row: number, slice: number) => number,
  changes: Partial<Scan> = {},
  into: new (length: number) => Samples = Int16Array,
): Scan {
  const stored = new into(size[0] * size[1] * size[2]);
  for (let k = 0, at = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) for (let i = 0; i < size[0]; i++) stored[at++] = value(i, j, k);
  }
  return {
    format: "nifti",
    size,
    channels: 1,
    stored,
    range: stored instanceof Int16Array ? [-32768, 32767] : [0, 255],
    modality: [],
    unit: null,
    voi: [],
    whiteIsLow: false,
    affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    spacing: [1, 1, 1],
    ...changes,
  };
}
