/** @file From the samples of a regular grid to scans: time points and components apart, colours together. */
import { rangeOf, samplesLike } from "./samples.ts";
import type { Affine, ModalityTransform, Samples, Scan } from "./scan.ts";

export interface Grid {
  format: string;
  size: readonly [number, number, number];
  /** Numbers a voxel, which lie side by side in `stored`. */
  components: number;
  /** Volumes, one after the other. */
  frames: number;
  stored: Samples;
  modality: ModalityTransform;
  affine: Affine | null;
  spacing: Scan["spacing"];
}

/**
 * One scan a volume, all windows of one array. Three components of 8 or 16 unsigned bits are colours; of other types, or
 * when there are two or many, each component is a scan of its own, for which samples are put into a new order.
 */
export function scansOf(grid: Grid): { scans: Scan[]; stored: Samples } {
  const { format, size, components, frames, modality, affine, spacing } = grid;
  const colour = components === 3 && (grid.stored instanceof Uint8Array || grid.stored instanceof Uint16Array);
  const voxels = size[0] * size[1] * size[2];
  const stored = colour || components === 1 ? grid.stored : apart(grid.stored, components, voxels);
  const length = colour ? 3 * voxels : voxels;
  const range = rangeOf(stored);
  const scans = Array.from(
    { length: stored.length / length },
    (_, i): Scan => ({
      format,
      size,
      channels: colour ? 3 : 1,
      stored: stored.subarray(i * length, (i + 1) * length),
      range,
      modality: [colour ? { kind: "linear", slope: 1, intercept: 0 } : modality],
      unit: null,
      voi: [],
      whiteIsLow: false,
      affine,
      spacing,
    }),
  );
  if (scans.length !== frames * (colour ? 1 : components)) throw new Error("Samples do not fit the grid");
  return { scans, stored };
}

function apart(stored: Samples, components: number, voxels: number): Samples {
  const out = samplesLike(stored, stored.length);
  let to = 0;
  for (let first = 0; first < stored.length; first += voxels * components) {
    for (let c = 0; c < components; c++) {
      for (let i = 0; i < voxels; i++) out[to++] = stored[first + i * components + c];
    }
  }
  return out;
}
