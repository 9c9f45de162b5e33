/**
 * @file Which way a scan lies, and turning it so that all scans lie alike. Canonical is LPS: columns go to the patient's
 * Left, rows to Posterior, slices to Superior. Only whole axes are swapped and turned round; nothing is interpolated, so
 * oblique scans stay oblique and samples stay bit for bit what they were.
 */
import { HaleError } from "@hale/core";
import { multiply, nearestRotation } from "./affine.ts";
import { samplesLike } from "./samples.ts";
import type { Affine, Scan } from "./scan.ts";

/** One new axis: the stored axis it comes from (0 columns, 1 rows, 2 slices), and whether it is turned round. */
export interface AxisSource {
  from: number;
  flip: boolean;
}

const LETTERS = ["LR", "PA", "SI"];

/**
 * Three letters, one each for columns, rows and slices: the direction (of L, R, P, A, S, I) that the index goes to, so
 * far as one axis of the patient fits best. Ties are settled as nibabel's io_orientation does: the index axis that is
 * clearest chooses first, the earlier one where two are alike; then the earlier of L/R, P/A, S/I. The affine is in LPS and
 * must be usable.
 */
export function axisCodes(affine: Affine): string {
  return closestAxes(affine)
    .map(({ axis, sign }) => LETTERS[axis][sign > 0 ? 0 : 1])
    .join("");
}

function closestAxes(affine: Affine): { axis: number; sign: number }[] {
  // Rounded, so that a tie (45 degrees) does not hang on the last bit of a float.
  const r = nearestRotation(affine).map((value) => Math.round(value * 1e9) / 1e9);
  const strength = [0, 1, 2].map((c) => Math.max(...[0, 1, 2].map((row) => Math.abs(r[4 * row + c]))));
  const order = [0, 1, 2].sort((a, b) => strength[b] - strength[a]);
  const found = new Array<{ axis: number; sign: number }>(3);
  const free = new Set([0, 1, 2]);
  for (const column of order) {
    let axis = -1;
    for (const row of free) {
      if (axis < 0 || Math.abs(r[4 * row + column]) > Math.abs(r[4 * axis + column])) axis = row;
    }
    free.delete(axis);
    found[column] = { axis, sign: Math.sign(r[4 * axis + column]) || 1 };
  }
  return found;
}

/**
 * How stored axes become the axes of `codes`, such as "LPS": for each new axis its source. OPTION_INVALID for letters that
 * do not name three axes; IMAGE_UNSUPPORTED for a scan without a place in the patient.
 */
export function axisSources(scan: Pick<Scan, "affine">, codes: string): [AxisSource, AxisSource, AxisSource] {
  const wanted = [...codes].map((letter) => LETTERS.findIndex((pair) => pair.includes(letter)));
  if (codes.length !== 3 || new Set(wanted).size !== 3 || wanted.includes(-1)) {
    throw new HaleError(
      "OPTION_INVALID",
      `${JSON.stringify(codes)} does not name three axes.`,
      'Give one letter each of L or R, A or P, S or I, such as "LPS".',
    );
  }
  if (!scan.affine) {
    throw new HaleError(
      "IMAGE_UNSUPPORTED",
      "The scan does not say how it lies in the patient.",
      "Give one with an orientation, or use its slices as they are stored.",
    );
  }
  const have = closestAxes(scan.affine);
  const [x, y, z] = wanted.map((axis, i): AxisSource => {
    const from = have.findIndex((entry) => entry.axis === axis);
    return { from, flip: LETTERS[axis][have[from].sign > 0 ? 0 : 1] !== codes[i] };
  });
  return [x, y, z];
}

/**
 * The scan with its axes in the order and directions of `codes`: samples, size, spacing and affine, and what is said
 * slice by slice. The same scan where nothing changes. Throws what `axisSources` throws, and IMAGE_UNSUPPORTED where
 * slices become rows or columns and differ in modality or VOI.
 */
export function reorient(scan: Scan, codes = "LPS"): Scan {
  const sources = axisSources(scan, codes);
  if (sources.every(({ from, flip }, i) => from === i && !flip)) return scan;
  const [x, y, z] = sources;
  const { size, spacing } = scan;
  return {
    ...scan,
    size: [size[x.from], size[y.from], size[z.from]],
    stored: permute(scan, sources),
    modality: alongSlices(scan.modality, z),
    voi: alongSlices(scan.voi, z),
    ...(scan.padding && { padding: alongSlices(scan.padding, z) }),
    affine: multiply(scan.affine!, indexMap(size, sources)),
    spacing: [spacing[x.from], spacing[y.from], spacing[z.from]],
  };
}

/** Takes new indices to stored ones. */
function indexMap(size: Scan["size"], sources: readonly AxisSource[]): number[] {
  const out = new Array<number>(16).fill(0);
  out[15] = 1;
  sources.forEach(({ from, flip }, axis) => {
    out[4 * from + axis] = flip ? -1 : 1;
    if (flip) out[4 * from + 3] = size[from] - 1;
  });
  return out;
}

/** Where the first sample of the new order lies, and how far apart neighbours along each new axis are, in samples. */
export function strides({ size, channels }: Pick<Scan, "size" | "channels">, sources: readonly AxisSource[]) {
  const steps = [channels, channels * size[0], channels * size[0] * size[1]];
  let start = 0;
  const stride = sources.map(({ from, flip }) => {
    if (flip) start += steps[from] * (size[from] - 1);
    return flip ? -steps[from] : steps[from];
  });
  return { start, stride };
}

function permute(scan: Scan, sources: readonly AxisSource[]): Scan["stored"] {
  const { stored, channels } = scan;
  const [columns, rows, slices] = sources.map(({ from }) => scan.size[from]);
  const { start, stride } = strides(scan, sources);
  const out = samplesLike(stored, stored.length);
  let to = 0;
  for (let k = 0; k < slices; k++) {
    for (let j = 0; j < rows; j++) {
      let at = start + k * stride[2] + j * stride[1];
      for (let i = 0; i < columns; i++, at += stride[0]) {
        for (let c = 0; c < channels; c++) out[to++] = stored[at + c];
      }
    }
  }
  return out;
}

/** What is said slice by slice, in the new order, of which `slices` is the source of the third axis. */
function alongSlices<T>(entries: readonly T[], slices: AxisSource): readonly T[] {
  if (entries.length < 2) return entries;
  if (slices.from === 2) return slices.flip ? [...entries].reverse() : entries;
  const first = JSON.stringify(entries[0]);
  if (entries.every((entry) => JSON.stringify(entry) === first)) return entries.slice(0, 1);
  throw new HaleError(
    "IMAGE_UNSUPPORTED",
    "The scan's slices differ in what their values mean, and cannot become rows or columns.",
    "Turn its values into meaningful ones first.",
  );
}
