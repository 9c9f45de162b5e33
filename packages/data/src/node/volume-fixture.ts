/** @file Small volumes for tests: a textured box of 8 × 8 × 4 voxels, and masks that mark a block of it. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ScanInput, writeNifti } from "@hale/imaging";

const SIZE = [8, 8, 4] as const;
/** Voxels of 1 × 1 × 2 mm, stored from right to left, front to back, bottom to top. */
export const AFFINE = [-1, 0, 0, 10, 0, -1, 0, 20, 0, 0, 2, -5, 0, 0, 0, 1];
export const INPUT = {
  normalisation: { kind: "window", center: 50, width: 100 },
  slices: { axis: "axial", unit: "share", from: 0, to: 1 },
  leastForeground: 0,
  crop: null,
  square: true,
} satisfies ScanInput;

export interface VolumeOptions {
  affine?: readonly number[] | null;
  /** Value of the voxel at x, y, z. */
  at?: (x: number, y: number, z: number) => number;
}

/** Marks slices 1 and 2, off the middle. */
export const marked = (x: number, y: number, z: number) => (x < 3 && y < 2 && (z === 1 || z === 2) ? 1 : 0);

let seed = 0;
/** A volume as the bytes of a NIfTI file; without `at` no two are alike. */
function volumeBytes({ affine = AFFINE, at }: VolumeOptions = {}): Uint8Array {
  seed++;
  const own = seed;
  const value = at ?? ((x: number, y: number, z: number) => 20 + ((x * 7 + y * 3 + z * 11 + own * 13) % 60));
  const [columns, rows, slices] = SIZE;
  const data = new Int16Array(columns * rows * slices);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(i % columns, Math.floor(i / columns) % rows, Math.floor(i / (columns * rows)));
  }
  return writeNifti({ size: [...SIZE], data, affine: affine && [...affine] });
}

/** Writes a data set: `files` by their paths, and a manifest of the columns path, label, split, patient and mask. */
export async function writeVolumes(
  root: string,
  files: Record<string, VolumeOptions | string>,
  lines: readonly string[],
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), typeof content === "string" ? content : volumeBytes(content));
  }
  await writeFile(join(root, "split.csv"), `path,label,split,patient,mask\n${lines.join("\n")}\n`);
}
