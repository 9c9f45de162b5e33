/**
 * @file Slices of a scan, whichever way it is stored: for each axis of the patient, where in the stored samples each
 * slice lies, seen as radiologists look at it. The same patient gives the same slices in the same order, however the file
 * is oriented. Nothing is interpolated: an oblique scan is cut along its own axes, each named by the patient axis nearest to it.
 */
import { HaleError } from "@hale/errors";
import type { Affine, Scan } from "./scan.ts";

/** `stored`: as the file has its slices or frames. */
export type SliceAxis = "axial" | "coronal" | "sagittal" | "stored";
export const SLICE_AXES: readonly SliceAxis[] = ["axial", "coronal", "sagittal", "stored"];

/** A slice as voxels of the scan: column x of row y is voxel `start + x columnStep + y rowStep`. */
export interface Plane {
  start: number;
  columnStep: number;
  rowStep: number;
  /** Pixels. */
  width: number;
  height: number;
}

/** All slices along one axis. */
export interface Stack {
  axis: SliceAxis;
  /** Number of slices. */
  count: number;
  /** Of each slice, in pixels. */
  width: number;
  height: number;
  /** Millimetres between columns, rows and slices; null where unknown. */
  spacing: readonly [number | null, number | null, number | null];
  /** Slice `index`, 0 to count - 1. Throws OPTION_INVALID for another. */
  plane(index: number): Plane;
}

/**
 * By axis, the patient axes (0 Left, 1 Posterior, 2 Superior) of columns, rows and slices, and whether they go the other
 * way: axial slices from below upwards, seen from the feet; coronal ones from front to back, seen from the front; sagittal ones from
 * right to left, seen from the left. The patient's left is at the right of the picture, and up is up.
 */
const VIEWS = {
  axial: { axes: [0, 1, 2], turned: [false, false, false] },
  coronal: { axes: [0, 2, 1], turned: [false, true, false] },
  sagittal: { axes: [1, 2, 0], turned: [false, true, false] },
} as const;

/**
 * The slices of a scan along an axis. A single image is always taken as stored. Throws IMAGE_UNSUPPORTED for another axis
 * than `stored` where it is not known how the scan lies in the patient. `name` is the file, for errors.
 */
export function stackOf(scan: Scan, axis: SliceAxis, name = "The scan"): Stack {
  const [columns, rows, slices] = scan.size;
  const steps = [1, columns, columns * rows];
  let order: readonly number[] = [0, 1, 2];
  let turned: readonly boolean[] = [false, false, false];
  const seen = slices === 1 ? "stored" : axis;
  if (seen !== "stored") {
    if (scan.affine === null) {
      throw new HaleError(
        "IMAGE_UNSUPPORTED",
        `${name} does not say how it lies in the patient, so it has no ${axis} slices.`,
        "Use --slices stored.",
      );
    }
    const nearest = nearestAxes(scan.affine);
    const view = VIEWS[seen];
    order = view.axes.map((patientAxis) => nearest.findIndex(({ axis: its }) => its === patientAxis));
    turned = order.map((stored, i) => nearest[stored].backwards !== view.turned[i]);
  }
  const [width, height, count] = order.map((stored) => scan.size[stored]);
  const step = order.map((stored, i) => (turned[i] ? -steps[stored] : steps[stored]));
  const first = order.reduce((sum, stored, i) => sum + (turned[i] ? steps[stored] * (scan.size[stored] - 1) : 0), 0);
  const [across, down, along] = order.map((stored) => scan.spacing[stored]);
  return {
    axis: seen,
    count,
    width,
    height,
    spacing: [across, down, along],
    plane(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new HaleError(
          "OPTION_INVALID",
          `${name} has ${count} ${seen} slices, and none with the number ${index}.`,
          "Slices are counted from 0.",
        );
      }
      return { start: first + index * step[2], columnStep: step[0], rowStep: step[1], width, height };
    },
  };
}

/**
 * Of each stored axis (columns, rows, slices) the patient axis that it runs along most nearly, each taken once, and
 * whether it runs backwards: of all six ways to pair them the one with the largest sum of cosines.
 */
export function nearestAxes(affine: Affine): { axis: number; backwards: boolean }[] {
  const length = [0, 1, 2].map((column) => Math.hypot(affine[column], affine[4 + column], affine[8 + column]) || 1);
  const cosine = (stored: number, axis: number) => affine[4 * axis + stored] / length[stored];
  let best: readonly number[] = PAIRINGS[0];
  let most = -1;
  for (const pairing of PAIRINGS) {
    const sum = pairing.reduce<number>((total, axis, stored) => total + Math.abs(cosine(stored, axis)), 0);
    if (sum > most + 1e-9) [best, most] = [pairing, sum];
  }
  return best.map((axis, stored) => ({ axis, backwards: cosine(stored, axis) < 0 }));
}

const PAIRINGS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;
