/** @file Small scans for tests, stored in any of the 48 orientations, built index by index without `reorient`. */
import type { Affine, Samples, Scan } from "./scan.ts";

const AXIS_OF: Record<string, number> = { L: 0, R: 0, P: 1, A: 1, S: 2, I: 2 };
const FORWARD = "LPS";

/** All 48 orders and directions of three axes. */
export const ALL_CODES: readonly string[] = ["LR", "PA", "SI"]
  .flatMap((x, i, pairs) => pairs.filter((_, j) => j !== i).map((y, _j, rest) => [x, y, rest.find((z) => z !== y)!]))
  .flatMap(([x, y, z]) => [...x].flatMap((a) => [...y].flatMap((b) => [...z].map((c) => a + b + c))));

/** A grey scan stored canonically. Nothing in it is alike in any two directions. */
export function canonicalScan(size: readonly [number, number, number], affine: Affine, stored?: Samples): Scan {
  const [columns, rows, slices] = size;
  const length = columns * rows * slices;
  return {
    format: "nifti",
    size,
    channels: 1,
    stored: stored ?? Int16Array.from({ length }, (_, i) => ((i * 7919) % 6007) - 3000),
    range: [-32768, 32767],
    modality: [{ kind: "linear", slope: 1, intercept: 0 }],
    unit: null,
    voi: [],
    whiteIsLow: false,
    affine,
    spacing: [0, 1, 2].map((c) => Math.hypot(affine[c], affine[4 + c], affine[8 + c])) as [number, number, number],
  };
}

/** The same voxels of a canonical (LPS) scan, stored the way `codes` says. */
export function storedAs(scan: Scan, codes: string): Scan {
  const axes = [...codes].map((letter) => AXIS_OF[letter]);
  const backward = [...codes].map((letter) => !FORWARD.includes(letter));
  const size = axes.map((axis) => scan.size[axis]) as [number, number, number];
  const stored = scan.stored.slice();
  let to = 0;
  for (let k = 0; k < size[2]; k++) {
    for (let j = 0; j < size[1]; j++) {
      for (let i = 0; i < size[0]; i++) {
        const place = [0, 0, 0];
        [i, j, k].forEach((n, axis) => {
          place[axes[axis]] = backward[axis] ? size[axis] - 1 - n : n;
        });
        const from = (place[2] * scan.size[1] + place[1]) * scan.size[0] + place[0];
        for (let c = 0; c < scan.channels; c++) stored[to++] = scan.stored[from * scan.channels + c];
      }
    }
  }
  const a = scan.affine!;
  const affine = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  for (let row = 0; row < 3; row++) {
    affine[4 * row + 3] = a[4 * row + 3];
    axes.forEach((axis, column) => {
      const step = a[4 * row + axis];
      affine[4 * row + column] = backward[column] ? -step : step;
      if (backward[column]) affine[4 * row + 3] += step * (scan.size[axis] - 1);
    });
  }
  const spacing = axes.map((axis) => scan.spacing[axis]) as [number, number, number];
  return { ...scan, size, stored, affine, spacing };
}
