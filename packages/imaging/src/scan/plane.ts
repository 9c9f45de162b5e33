/**
 * @file Flat views of a scan as radiologists hang them, whichever way it is stored: the patient's left on the picture's
 * right, seen from the feet (axial) and from the front (coronal); from the patient's left, face to the picture's left
 * (sagittal). Nothing is interpolated: an oblique scan gives its own, oblique planes.
 */
import { HaleError } from "@hale/errors";
import { type AxisSource, alongSlices, axisSources, strides } from "./orientation.ts";
import { samplesLike } from "./samples.ts";
import type { ModalityTransform, Samples, Scan, VoiTransform } from "./scan.ts";

export type PlaneAxis = "axial" | "coronal" | "sagittal";

/** Where columns, rows, and the plane's number go: rows go down the picture. */
const HANGING: Record<PlaneAxis, string> = { axial: "LPS", coronal: "LIP", sagittal: "PIL" };

export interface Plane {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  channels: 1 | 3;
  /** Stored samples of the scan's own type, row-major, channels interleaved. */
  data: Samples;
  /** Millimetres across columns and rows; null where unknown. */
  spacing: readonly [number | null, number | null];
  /** What the samples of this plane mean. */
  modality: ModalityTransform;
  /** Null where the file does not say. */
  voi: VoiTransform | null;
}

/** How many planes the scan has along `axis`. Throws what `axisSources` throws. */
export function planeCount(scan: Scan, axis: PlaneAxis): number {
  return scan.size[axisSources(scan, HANGING[axis])[2].from];
}

/**
 * Plane `index` along `axis`, counted from 0: axial from the feet up, coronal from the front backward, sagittal from the
 * patient's right to left. Throws OPTION_INVALID beyond the last; IMAGE_UNSUPPORTED for a scan without a place in the
 * patient, and where the plane crosses slices that differ in what their values mean.
 */
export function plane(scan: Scan, axis: PlaneAxis, index: number): Plane {
  const sources = axisSources(scan, HANGING[axis]);
  const [width, height, count] = sources.map(({ from }) => scan.size[from]);
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new HaleError(
      "OPTION_INVALID",
      `There is no ${axis} plane ${index}.`,
      `The scan has ${count}: give 0 to ${count - 1}.`,
    );
  }
  const { channels, stored, spacing } = scan;
  const { start, stride } = strides(scan, sources);
  const data = samplesLike(stored, width * height * channels);
  let to = 0;
  for (let row = 0; row < height; row++) {
    let at = start + index * stride[2] + row * stride[1];
    for (let column = 0; column < width; column++, at += stride[0]) {
      for (let c = 0; c < channels; c++) data[to++] = stored[at + c];
    }
  }
  return {
    width,
    height,
    channels,
    data,
    spacing: [spacing[sources[0].from], spacing[sources[1].from]],
    modality: entryOf(scan.modality, sources[2], index)!,
    voi: entryOf(scan.voi, sources[2], index) ?? null,
  };
}

function entryOf<T>(entries: readonly T[], slices: AxisSource, index: number): T | undefined {
  const ordered = alongSlices(entries, slices);
  return ordered.length > 1 ? ordered[index] : ordered[0];
}
