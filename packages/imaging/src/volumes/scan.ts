/**
 * @file A scan: what a medical file (or a DICOM series of files) holds, with its physical meaning. Values stay as they are
 * stored until a detector's own normalisation; what they mean, how they are meant to be seen and where they lie in the
 * patient travel beside them.
 */

/** Stored samples, in the type that holds the file's own without loss. */
export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** From stored values to meaningful ones (PS3.3 C.11.1; NIfTI's scl_slope and scl_inter). */
export type ModalityTransform =
  | { kind: "linear"; slope: number; intercept: number }
  /** Value of stored s: `table[clamp(s - first, 0, table.length - 1)]`. */
  | { kind: "table"; first: number; table: Uint16Array };

/** From meaningful values to [0, 1] for the eye (PS3.3 C.11.2). */
export type VoiTransform =
  | { kind: "window"; shape: "linear" | "linear-exact" | "sigmoid"; center: number; width: number }
  /** Output of value v: `table[clamp(v - first, 0, table.length - 1)] / maximum`. */
  | { kind: "table"; first: number; table: Uint16Array; maximum: number };

/**
 * Where samples lie in the patient: row-major 4 × 4 that takes (column, row, slice, 1), counted from 0 at the centres of
 * samples, to millimetres of DICOM's patient axes: x to the Left, y to Posterior, z to Superior (LPS).
 */
export type Affine = readonly number[];

export interface Scan {
  /** The format that it was read from: "dicom", "nifti", "png". */
  format: string;
  /** A plain picture: what its numbers mean is known to nobody, and all of their range is meant to be seen. */
  picture?: true;
  /** Columns, rows, and slices or frames. */
  size: readonly [number, number, number];
  /** 1 = grey, 3 = RGB (never YBR or palette: readers turn these into RGB). */
  channels: 1 | 3;
  /** Slice after slice, row-major, channels interleaved. Before modality, VOI and inversion; grey stays grey. */
  stored: Samples;
  /** Full range of stored values, inclusive: [0, 4095] for 12 unsigned bits; of the data itself where they are floats. */
  range: readonly [number, number];
  /** One for all slices, or one a slice. */
  modality: readonly ModalityTransform[];
  /** Stored values that are none: one range for all slices, or one a slice (null where it has none). None if left out. */
  padding?: readonly ({ low: number; high: number } | null)[];
  /** Of values after the modality transform: "HU", "BQML"; null when unknown. */
  unit: string | null;
  /** One for all slices, one a slice, or none ([]) where the file does not say. */
  voi: readonly VoiTransform[];
  /** The lowest value is meant to be seen white (MONOCHROME1). */
  whiteIsLow: boolean;
  /** Null where there is no place in a patient, or slices are not a regular stack: radiographs, photographs, cine. */
  affine: Affine | null;
  /** Why there is no affine, where the file tells: goes on after "the scan has no affine:". */
  unplaced?: string;
  /** Millimetres between centres: across columns, rows, slices. Null where unknown. */
  spacing: readonly [number | null, number | null, number | null];
  /** Height of a pixel over its width, where only that is known and no spacing (DICOM's Pixel Aspect Ratio). 1 if left out. */
  pixelAspect?: number;
}
