/**
 * @file What can be said of a file in one line: its shape and place, and the least, greatest and mean of its stored
 * values with their SHA-256, so that two readers can be held together without shipping pixels.
 */

import type { ImageFile } from "../formats/image-file.ts";
import type { Samples, Scan } from "../volumes/scan.ts";

/** SHA-256 of bytes, in hexadecimal. */
export type Sha256 = (bytes: Uint8Array) => Promise<string>;

/** Least, greatest and mean value. Null where there is no finite value. */
export interface Statistics {
  min: number | null;
  max: number | null;
  mean: number | null;
}

export interface FileSummary extends Statistics {
  kind: string;
  /** As `ImageFile.shape`. */
  shape: number[];
  /** Millimetres between columns, rows and slices; null where unknown. */
  spacing: (number | null)[] | null;
  /** As `ImageFile.orientation`. */
  orientation: string | null;
  photometric: string | null;
  transferSyntax: string | null;
  /** As `ImageFile.modality` and `.series`. */
  modality: string | null;
  series: number | null;
  /** Of the stored values as little-endian bytes, in the order of the file. */
  sha256: string;
  /** Of the values after the modality transform (rescale), where it changes any; else null. */
  scaled: Statistics | null;
}

/** One line's worth of a file. */
export async function summarise(file: ImageFile, sha256: Sha256): Promise<FileSummary> {
  const { kind, shape, spacing, orientation, photometric, transferSyntax, modality, series, stored, scans } = file;
  return {
    kind,
    shape: [...shape],
    spacing: spacing && [...spacing],
    orientation,
    photometric,
    transferSyntax,
    modality,
    series,
    ...statisticsOf(stored),
    sha256: await sha256(littleEndian(stored)),
    scaled: scaledStatistics(scans),
  };
}

/** Over finite values. */
export function statisticsOf(values: Samples): Statistics {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
  }
  return count === 0 ? { min: null, max: null, mean: null } : { min, max, mean: sum / count };
}

/** The bytes of samples, lowest first. Every machine that hale runs on stores them so; checked all the same. */
function littleEndian(values: Samples): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 || values.BYTES_PER_ELEMENT === 1) return bytes;
  const turned = bytes.slice();
  for (let at = 0; at < turned.length; at += values.BYTES_PER_ELEMENT)
    turned.subarray(at, at + values.BYTES_PER_ELEMENT).reverse();
  return turned;
}

function scaledStatistics(scans: readonly Scan[]): Statistics | null {
  if (
    scans.every(({ modality }) =>
      modality.every((step) => step.kind === "linear" && step.slope === 1 && step.intercept === 0),
    )
  )
    return null;
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const { stored, size, channels, modality } of scans) {
    const perSlice = size[0] * size[1] * channels;
    for (let i = 0; i < stored.length; i++) {
      const step = modality[modality.length === 1 ? 0 : Math.floor(i / perSlice)];
      const value =
        step.kind === "linear"
          ? stored[i] * step.slope + step.intercept
          : step.table[Math.min(Math.max(stored[i] - step.first, 0), step.table.length - 1)];
      if (!Number.isFinite(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      count++;
    }
  }
  return count === 0 ? { min: null, max: null, mean: null } : { min, max, mean: sum / count };
}
