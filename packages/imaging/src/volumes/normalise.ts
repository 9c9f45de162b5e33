/**
 * @file From stored values of a scan to [0, 1], the one place where it happens: modality transform (PS3.3 C.11.1), then
 * the normalisation that was chosen, then inversion where the lowest value is meant to be white. Sums are in double
 * precision and end as float32. What is chosen travels in a run's settings and a detector's card, so that a scan is
 * scored as it was learnt.
 */
import { HaleError } from "@hale/core";
import { IDENTITY, modalityValue } from "./modality.ts";
import { isPadding, paddingOf, paddingTest } from "./padding.ts";
import type { SlicePlane } from "./planes.ts";
import { otsuThreshold, quantileOf, type Tally, tally, tallyAbove, tallyOfPairs } from "./quantiles.ts";
import type { ModalityTransform, Scan, VoiTransform } from "./scan.ts";
import { voiValue } from "./voi.ts";

/** How values become [0, 1]; plain data, fit for JSON. */
export type Normalisation =
  /** The full range of stored values, as PNG, JPEG and TIFF have it. Modality transform and windows are not looked at. */
  | { kind: "full-scale" }
  /** A window of meaningful values, by the LINEAR function of PS3.3 C.11.2.1.2.1: for CT, in HU. `width` at least 1. */
  | { kind: "window"; center: number; width: number }
  /**
   * The file's own window or table (the first, of each slice), else the full range of its meaningful values. Right for
   * radiographs. Unwise across scanners: what a score means then depends on what a technician set.
   */
  | { kind: "file" }
  /**
   * From the `low`th to the `high`th percentile of the meaningful values, clipped: for MR, whose values have no unit. `per`
   * slice or volume; `foreground` looks only at values above Otsu's threshold of the volume.
   */
  | { kind: "percentile"; low: number; high: number; per: "slice" | "volume"; foreground: boolean };

/** What MR gets unless something else is asked for. */
export const ROBUST: Extract<Normalisation, { kind: "percentile" }> = {
  kind: "percentile",
  low: 0.5,
  high: 99.5,
  per: "volume",
  foreground: false,
};
/** A common window of soft tissue, for CT that brings none of its own. */
const SOFT_TISSUE: Normalisation = { kind: "window", center: 40, width: 400 };

/**
 * A sensible normalisation for scans like this one: pictures their full scale; CT (HU) a window: the one that it brings,
 * as numbers, else soft tissue; radiographs and other DICOM images that lie nowhere in a patient their own; all others
 * robust percentiles of the volume.
 */
export function defaultNormalisation(scan: Scan): Normalisation {
  if (scan.picture) return { kind: "full-scale" };
  if (scan.unit === "HU") {
    const voi = scan.voi[0];
    return voi?.kind === "window" && voi.width >= 1
      ? { kind: "window", center: voi.center, width: voi.width }
      : SOFT_TISSUE;
  }
  return scan.format === "dicom" && scan.affine === null ? { kind: "file" } : ROBUST;
}

/** Throws OPTION_INVALID for numbers that make no normalisation. */
export function checkNormalisation(chosen: Normalisation): void {
  const fault =
    chosen.kind === "window" && !(Number.isFinite(chosen.center) && chosen.width >= 1 && chosen.width < Infinity)
      ? `The window ${chosen.center}, ${chosen.width} has no finite centre or a width below 1`
      : chosen.kind === "percentile" && !(chosen.low >= 0 && chosen.low < chosen.high && chosen.high <= 100)
        ? `The percentiles ${chosen.low} and ${chosen.high} do not ascend within 0 to 100`
        : null;
  if (fault) throw new HaleError("OPTION_INVALID", `${fault}.`, "For example: window:40,400 or percentile:0.5-99.5.");
}

/** A normalised plane. */
export interface NormalisedPlane {
  /** Values in [0, 1], row-major; RGB interleaved. */
  data: Float32Array;
  /** Samples that were NaN or infinite; they are 0, as background. So is padding, which does not count here. */
  notNumbers: number;
}

/** A scan with its normalisation: what is worked out over the whole volume is worked out once. */
export interface Normaliser {
  plane(plane: SlicePlane): NormalisedPlane;
  /** Meaningful values of a plane, NaN for padding; the sign is turned where low values are white, so that more is always brighter. */
  brightness(plane: SlicePlane): Float64Array;
  /** Otsu's threshold of the volume's `brightness`: what is above is foreground. NaN where nothing is a number. */
  foreground(): number;
}

/**
 * The normaliser of a scan. Colour scans take their full scale, whatever is chosen: windows are for grey values (PS3.3
 * C.11.2). An image of one value becomes 0 everywhere. Throws OPTION_INVALID for numbers that make no normalisation.
 */
export function normaliser(scan: Scan, chosen: Normalisation): Normaliser {
  checkNormalisation(chosen);
  const normalisation: Normalisation = scan.channels === 3 ? { kind: "full-scale" } : chosen;
  const { stored, channels, whiteIsLow } = scan;
  const area = scan.size[0] * scan.size[1];
  const whole = once(() => tallyOfScan(scan));
  const bright = once(() => otsuThreshold(whiteIsLow ? negated(whole()) : whole()));
  const perVolume = once(() => percentilesOf(whole(), normalisation, foregroundLimit()));
  const foregroundLimit = () => ({ limit: bright(), whiteIsLow });
  const modalityAt = (voxel: number) => transformOf(scan.modality, Math.floor(voxel / area)) ?? IDENTITY;

  // A range of a table is a walk through the table: once for each transform, not for each pixel.
  const ranges = new Map<ModalityTransform, VoiTransform | null>();
  const fileVoi = (slice: number): VoiTransform | null => {
    const own = transformOf(scan.voi, slice);
    if (own) return own;
    const modality = transformOf(scan.modality, slice) ?? IDENTITY;
    let range = ranges.get(modality);
    if (range === undefined) {
      range = fullRange(scan, modality);
      ranges.set(modality, range);
    }
    return range;
  };

  /** Calls `visit` with each place of the plane and the voxel there. */
  const walk = (plane: SlicePlane, visit: (at: number, voxel: number) => void) => {
    let at = 0;
    for (let y = 0; y < plane.height; y++) {
      let voxel = plane.start + y * plane.rowStep;
      for (let x = 0; x < plane.width; x++, voxel += plane.columnStep) visit(at++, voxel);
    }
  };
  const isPadded = paddingTest(scan);
  const meaningful = (plane: SlicePlane): Float64Array => {
    const values = withPadding(plane);
    if (isPadded) walk(plane, (at, voxel) => isPadded(voxel) && values.fill(Number.NaN, at, at + 1));
    return values;
  };
  const withPadding = (plane: SlicePlane): Float64Array => {
    const values = new Float64Array(plane.width * plane.height);
    const [only = IDENTITY] = scan.modality;
    if (channels === 1 && scan.modality.length < 2 && only.kind === "linear") {
      // The common case, which every voxel of a volume goes through more than once.
      const { slope, intercept } = only;
      for (let y = 0, at = 0; y < plane.height; y++) {
        let voxel = plane.start + y * plane.rowStep;
        for (let x = 0; x < plane.width; x++, voxel += plane.columnStep) {
          values[at++] = stored[voxel] * slope + intercept;
        }
      }
      return values;
    }
    walk(plane, (at, voxel) => {
      // Colour has no modality transform; its brightness is the mean of the three.
      values[at] =
        channels === 1
          ? modalityValue(modalityAt(voxel), stored[voxel])
          : (stored[3 * voxel] + stored[3 * voxel + 1] + stored[3 * voxel + 2]) / 3;
    });
    return values;
  };

  const plane = (where: SlicePlane): NormalisedPlane => {
    const data = new Float32Array(where.width * where.height * channels);
    let notNumbers = 0;
    // All of it is put as NaN below.
    if (isPadded) walk(where, (_, voxel) => isPadded(voxel) && notNumbers--);
    const put = (at: number, value: number, share: number) => {
      if (!Number.isFinite(value)) notNumbers++;
      else data[at] = clipped(whiteIsLow ? 1 - share : share);
    };
    if (normalisation.kind === "full-scale") {
      const [low, high] = scan.range;
      const flat = !(high > low);
      walk(where, (at, voxel) => {
        for (let c = 0; c < channels; c++) {
          const value = isPadded?.(voxel) ? Number.NaN : stored[voxel * channels + c];
          if (flat) put(at * channels + c, value, whiteIsLow ? 1 : 0);
          else put(at * channels + c, value, (value - low) / (high - low));
        }
      });
      return { data, notNumbers };
    }
    const values = meaningful(where);
    if (normalisation.kind === "file") {
      walk(where, (at, voxel) => {
        const voi = fileVoi(Math.floor(voxel / area));
        put(at, values[at], voi === null ? (whiteIsLow ? 1 : 0) : voiValue(voi, values[at]));
      });
      return { data, notNumbers };
    }
    if (normalisation.kind === "window") {
      const voi: VoiTransform = { ...normalisation, kind: "window", shape: "linear" };
      for (let at = 0; at < values.length; at++) put(at, values[at], voiValue(voi, values[at]));
      return { data, notNumbers };
    }
    const [low, high] =
      normalisation.per === "volume" ? perVolume() : percentilesOf(tally(values), normalisation, foregroundLimit());
    const flat = !(high > low);
    for (let at = 0; at < values.length; at++) {
      put(at, values[at], flat ? (whiteIsLow ? 1 : 0) : (values[at] - low) / (high - low));
    }
    return { data, notNumbers };
  };
  return {
    plane,
    brightness: (where) => (whiteIsLow ? meaningful(where).map((value) => -value) : meaningful(where)),
    foreground: bright,
  };
}

/** The one that belongs to a slice, of a list with one for all, one a slice, or none. */
function transformOf<T>(list: readonly T[], slice: number): T | undefined {
  return list.length > 1 ? list[slice] : list[0];
}

const clipped = (share: number) => (share > 0 ? (share < 1 ? share : 1) : 0);

function once<T>(work: () => T): () => T {
  let done: { value: T } | null = null;
  return () => {
    done ??= { value: work() };
    return done.value;
  };
}

/** The full range of meaningful values as a window; null where it is one value. */
function fullRange(scan: Scan, modality: ModalityTransform): VoiTransform | null {
  const ends = scan.range.map((value) => modalityValue(modality, value));
  const values = modality.kind === "table" ? modality.table : ends;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high > low)) return null;
  return { kind: "window", shape: "linear-exact", center: (low + high) / 2, width: high - low };
}

/** All meaningful values of a grey scan, without padding; for colour the means of the three. */
function tallyOfScan(scan: Scan): Tally {
  const { stored, size, channels, modality, padding = [] } = scan;
  const area = size[0] * size[1];
  if (channels === 3) {
    return tally(Float64Array.from({ length: stored.length / 3 }, (_, i) => mean3(stored, 3 * i)));
  }
  if (stored.BYTES_PER_ELEMENT <= 2) {
    // Of each transform, how often each stored value occurs.
    const lowest = stored instanceof Int8Array ? -128 : stored instanceof Int16Array ? -32768 : 0;
    const groups = modality.length > 1 || padding.length > 1 ? size[2] : 1;
    const pairs = function* (): Generator<[number, number]> {
      const counts = new Float64Array(2 ** (8 * stored.BYTES_PER_ELEMENT));
      for (let group = 0; group < groups; group++) {
        counts.fill(0);
        const [first, end] = groups > 1 ? [group * area, (group + 1) * area] : [0, stored.length];
        for (let i = first; i < end; i++) counts[stored[i] - lowest]++;
        const transform = transformOf(modality, group) ?? IDENTITY;
        const none = paddingOf(scan, group);
        for (let k = 0; k < counts.length; k++) {
          if (counts[k] > 0 && !isPadding(none, k + lowest)) yield [modalityValue(transform, k + lowest), counts[k]];
        }
      }
    };
    return tallyOfPairs(pairs());
  }
  const values = new Float64Array(stored.length);
  for (let slice = 0; slice < size[2]; slice++) {
    const transform = transformOf(modality, slice) ?? IDENTITY;
    const none = paddingOf(scan, slice);
    for (let i = slice * area; i < (slice + 1) * area; i++) {
      values[i] = isPadding(none, stored[i]) ? Number.NaN : modalityValue(transform, stored[i]);
    }
  }
  return tally(values);
}

const mean3 = (values: ArrayLike<number>, at: number) => (values[at] + values[at + 1] + values[at + 2]) / 3;

/** The tally of minus the values. */
function negated({ values, counts, total }: Tally): Tally {
  return { values: values.map((value) => -value).reverse(), counts: counts.slice().reverse(), total };
}

function percentilesOf(
  found: Tally,
  chosen: Normalisation,
  { limit, whiteIsLow }: { limit: number; whiteIsLow: boolean },
): [number, number] {
  if (chosen.kind !== "percentile") return [0, 0];
  let seen = found;
  if (chosen.foreground) {
    const above = whiteIsLow ? negated(tallyAbove(negated(found), limit)) : tallyAbove(found, limit);
    // A slice beyond the patient has no foreground: it keeps its own scale rather than none.
    if (above.total > 0) seen = above;
  }
  const [low, high] = [quantileOf(seen, chosen.low / 100), quantileOf(seen, chosen.high / 100)];
  if (high > low || seen.total === 0) return [low, high];
  // Nearly all is one value: what little there is besides it is kept.
  return [seen.values[0], seen.values[seen.values.length - 1]];
}
