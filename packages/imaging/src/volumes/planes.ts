/**
 * @file Slices of a scan, whichever way it is stored: for each axis of the patient, where in the stored samples each
 * slice lies, seen as radiologists look at it. The same patient gives the same slices in the same order, however the file
 * is oriented. Nothing is interpolated: an oblique scan is cut along its own axes, each named by
 * the patient axis nearest to it.
 */
import { HaleError } from "@hale/core";
import { axisSources, strides } from "./orientation.ts";
import type { Scan } from "./scan.ts";

/** `stored`: as the file has its slices or frames. */
export type SliceAxis = "axial" | "coronal" | "sagittal" | "stored";
export const SLICE_AXES: readonly SliceAxis[] = ["axial", "coronal", "sagittal", "stored"];

/** A slice as voxels of the scan: column x of row y is voxel `start + x columnStep + y rowStep`. */
export interface SlicePlane {
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
  /** Height of a pixel over its width, where the spacing is unknown. */
  pixelAspect: number;
  /** Slice `index`, 0 to count - 1. Throws OPTION_INVALID for another. */
  plane(index: number): SlicePlane;
}

/**
 * By axis, where columns, rows and slices go: axial slices from below upwards, coronal ones from front to back, sagittal ones from right
 * to left. The patient's left is at the right of the picture (in sagittal slices the front is at the left), and up is up.
 */
const VIEWS = { axial: "LPS", coronal: "LIP", sagittal: "PIL" } as const;

const AS_STORED = [0, 1, 2].map((from) => ({ from, flip: false }));

/**
 * The slices of a scan along an axis. A single image is always taken as stored. Throws IMAGE_UNSUPPORTED for another axis
 * than `stored` where it is not known how the scan lies in the patient. `name` is the file, for errors.
 */
export function stackOf(scan: Scan, axis: SliceAxis, name = "The scan"): Stack {
  const seen = scan.size[2] === 1 ? "stored" : axis;
  if (seen !== "stored" && scan.affine === null) {
    throw new HaleError(
      "IMAGE_UNSUPPORTED",
      scan.unplaced === undefined
        ? `${name} does not say how it lies in the patient, so it has no ${axis} slices.`
        : `${name} has no ${axis} slices, because ${scan.unplaced}.`,
      "Ask for slices as they are stored.",
      { setting: "slices" },
    );
  }
  const sources = seen === "stored" ? AS_STORED : axisSources(scan, VIEWS[seen]);
  const { start, stride: step } = strides({ size: scan.size, channels: 1 }, sources);
  const [width, height, count] = sources.map(({ from }) => scan.size[from]);
  const [across, down, along] = sources.map(({ from }) => scan.spacing[from]);
  return {
    axis: seen,
    count,
    width,
    height,
    spacing: [across, down, along],
    pixelAspect: seen === "stored" ? (scan.pixelAspect ?? 1) : 1,
    plane(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new HaleError(
          "OPTION_INVALID",
          `${name} has ${count} ${seen} slices, and none with the number ${index}.`,
          "Slices are counted from 0.",
        );
      }
      return { start: start + index * step[2], columnStep: step[0], rowStep: step[1], width, height };
    },
  };
}
