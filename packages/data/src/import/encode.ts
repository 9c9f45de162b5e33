/**
 * @file A scan as it lies in an imported data set: grey ones as NIfTI with their stored integers (floats, where some are padding), colours as PNG. Only
 * samples, scale and geometry go in; nothing of a header that says who, when or where.
 */
import { emptyRaster, type ModalityTransform, paddingTest, type Raster, type Samples, type Scan } from "@hale/imaging";

/** What is written of a grey scan: as a `NiftiVolume` has it. */
export interface GreyVolume {
  size: Scan["size"];
  data: Samples;
  affine: Scan["affine"];
  spacing: Scan["spacing"];
  /** Meaning of a stored value s: s × slope + intercept. */
  slope: number;
  intercept: number;
}

export interface ImportedVolume extends GreyVolume {
  /** Low values were white (MONOCHROME1), and were turned round. */
  inverted: boolean;
  /** Full range of `data`. */
  range: readonly [number, number];
  /** Meaningful values that are shown black and white; missing where the scan has no one window. */
  window?: readonly [number, number];
}

/** What is written of a grey scan: stored values where one scale holds for all of them, meaningful ones elsewhere. */
export function greyVolume(scan: Scan): ImportedVolume {
  const volume = withoutPadding(scan, scaledVolume(scan));
  const window = windowOf(scan, volume);
  return window ? { ...volume, window } : volume;
}

/** NIfTI has no padding value: NaN says the same, in floats that hold the integers exactly. The range stays. */
function withoutPadding(scan: Scan, volume: ImportedVolume): ImportedVolume {
  const isPadded = paddingTest(scan);
  if (!isPadded || !scan.stored.some((_: number, voxel: number) => isPadded(voxel))) return volume;
  const wide = scan.stored.BYTES_PER_ELEMENT > 2 && !(scan.stored instanceof Float32Array);
  const data = wide ? Float64Array.from(volume.data) : Float32Array.from(volume.data);
  for (let voxel = 0; voxel < data.length; voxel++) if (isPadded(voxel)) data[voxel] = Number.NaN;
  return { ...volume, data };
}

/**
 * The ends of a window that all slices share. A linear one (C.11.2.1.2.1) rises over width - 1 about center - 0.5, an
 * exact one (C.11.2.1.3.2) over its width about its center; a sigmoid has no ends.
 */
function windowOf(
  { voi, whiteIsLow, modality }: Scan,
  { range, slope, intercept }: ImportedVolume,
): [number, number] | null {
  const [first, ...others] = voi;
  if (first?.kind !== "window" || first.shape === "sigmoid") return null;
  const same = others.every(
    (other) => other.kind === "window" && other.center === first.center && other.width === first.width,
  );
  const exact = first.shape === "linear-exact";
  const [center, width] = exact ? [first.center, first.width] : [first.center - 0.5, first.width - 1];
  if (!same || !(width > 0) || (whiteIsLow && !uniform(modality))) return null;
  const ends: [number, number] = [center - width / 2, center + width / 2];
  if (!whiteIsLow) return ends;
  // What was turned round about the middle of the full range takes its window along.
  const turn = slope * (range[0] + range[1]) + 2 * intercept;
  return [turn - ends[1], turn - ends[0]];
}

function scaledVolume(scan: Scan): ImportedVolume {
  const { size, affine, spacing, whiteIsLow } = scan;
  const frame = { size, affine, spacing, inverted: whiteIsLow };
  const modality = uniform(scan.modality);
  if (modality?.kind === "linear") {
    const { slope, intercept } = modality;
    const data = whiteIsLow ? turned(scan.stored, scan.range) : scan.stored;
    return { ...frame, data, range: scan.range, slope, intercept };
  }
  if (modality?.kind === "table") {
    const data = looked(scan.stored, modality);
    const range = extremes(modality.table);
    return { ...frame, data: whiteIsLow ? turned(data, range) : data, range, slope: 1, intercept: 0 };
  }
  const data = applied(scan);
  return { ...frame, data, range: extremes(data), slope: 1, intercept: 0 };
}

const IDENTITY: ModalityTransform = { kind: "linear", slope: 1, intercept: 0 };

/** The one transform of all slices, or null where they differ. */
function uniform(modality: readonly ModalityTransform[]): ModalityTransform | null {
  const [first = IDENTITY, ...others] = modality;
  const same = (other: ModalityTransform) =>
    other === first ||
    (other.kind === "linear" &&
      first.kind === "linear" &&
      other.slope === first.slope &&
      other.intercept === first.intercept);
  return others.every(same) ? first : null;
}

/** Low for high within the full range, so that the same scale still holds; strays are held to the range. */
function turned<T extends Samples>(stored: T, [low, high]: readonly [number, number]): T {
  const data = stored.slice() as T;
  for (let i = 0; i < data.length; i++) data[i] = Math.min(high, Math.max(low, low + high - data[i]));
  return data;
}

function looked(stored: Samples, { first, table }: Extract<ModalityTransform, { kind: "table" }>): Uint16Array {
  const data = new Uint16Array(stored.length);
  for (let i = 0; i < data.length; i++) data[i] = table[Math.min(table.length - 1, Math.max(0, stored[i] - first))];
  return data;
}

function extremes(values: Samples): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Meaningful values where every slice has a transform of its own (PET): floats wide enough for the stored integers. */
function applied({ stored, size, modality, range, whiteIsLow }: Scan): Float32Array | Float64Array {
  const wide = stored.BYTES_PER_ELEMENT > 2;
  const data = wide ? new Float64Array(stored.length) : new Float32Array(stored.length);
  const plane = size[0] * size[1];
  for (let slice = 0; slice < size[2]; slice++) {
    const transform = modality[slice] ?? modality[0];
    const part = stored.subarray(slice * plane, (slice + 1) * plane) as Samples;
    const values = transform.kind === "table" ? looked(part, transform) : part;
    const { slope, intercept } = transform.kind === "linear" ? transform : { slope: 1, intercept: 0 };
    const [low, high] = transform.kind === "table" ? extremes(transform.table) : range;
    for (let i = 0; i < plane; i++) {
      const value = whiteIsLow ? low + high - values[i] : values[i];
      data[slice * plane + i] = value * slope + intercept;
    }
  }
  return data;
}

/** Each frame of a colour scan as a raster; 8 bits where they suffice, else stretched to 16. */
export function colourFrames(scan: Scan): Raster[] {
  const [width, height, frames] = scan.size;
  const length = width * height * 3;
  const [, high] = scan.range;
  const full = high <= 255 ? 255 : 65535;
  return Array.from({ length: frames }, (_, frame) => {
    const raster = emptyRaster(width, height, 3, full);
    const part = scan.stored.subarray(frame * length, (frame + 1) * length);
    for (let i = 0; i < length; i++) raster.data[i] = Math.round((part[i] * full) / high);
    return raster;
  });
}
