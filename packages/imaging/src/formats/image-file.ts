/** @file The one form in which files of every format are given. The numbers stay those of the file; `Scan` says what they mean. */
import { unsupported } from "../raster/limits.ts";
import type { FullScale, Raster } from "../raster/raster.ts";
import { axisCodes } from "../volumes/orientation.ts";
import type { Samples, Scan } from "../volumes/scan.ts";

export interface ImageFile {
  /** `Reader.kind`. */
  kind: string;
  /**
   * Of `stored`, as each kind counts: rows and columns, with frames before them and samples a pixel behind where there is
   * more than one (PNG, JPEG, TIFF, DICOM); first axis fastest (NIfTI, NRRD, MetaImage), where colours are no axis.
   */
  shape: readonly number[];
  /** As in the file, before rescale; indices where there is a palette in a DICOM file. */
  stored: Samples;
  scans: readonly Scan[];
  /** DICOM's Photometric Interpretation as the file has it; null for other kinds. */
  photometric: string | null;
  /** DICOM's transfer syntax UID; null for other kinds. */
  transferSyntax: string | null;
  /** DICOM's Modality, such as "CT", and Series Number; null for other kinds, and where the file does not say. */
  modality: string | null;
  series: number | null;
  /** Millimetres between columns, rows and slices of the first scan; null where nothing is known. */
  spacing: readonly (number | null)[] | null;
  /** Axis codes of column, row and slice of the first scan, such as "LPS": where each index grows towards. */
  orientation: string | null;
}

/** A file of scans; spacing and orientation are those of the first. */
export function scanFile(
  kind: string,
  { shape, stored, scans }: Pick<ImageFile, "shape" | "stored" | "scans">,
  {
    photometric = null,
    transferSyntax = null,
    modality = null,
    series = null,
  }: Partial<Pick<ImageFile, "photometric" | "transferSyntax" | "modality" | "series">> = {},
): ImageFile {
  const [{ spacing, affine }] = scans;
  return {
    kind,
    shape,
    stored,
    scans,
    photometric,
    transferSyntax,
    modality,
    series,
    spacing: spacing.every((step) => step === null) ? null : spacing,
    orientation: affine && axisCodes(affine),
  };
}

/** A file of one plain picture. */
export function pictureFile(kind: string, { width, height, channels, maxValue, data }: Raster): ImageFile {
  const scan: Scan = {
    format: kind,
    picture: true,
    size: [width, height, 1],
    channels,
    stored: data,
    range: [0, maxValue],
    modality: [{ kind: "linear", slope: 1, intercept: 0 }],
    unit: null,
    voi: [],
    whiteIsLow: false,
    affine: null,
    spacing: [null, null, null],
  };
  const shape = channels === 1 ? [height, width] : [height, width, channels];
  return scanFile(kind, { shape, stored: data, scans: [scan] });
}

/** The raster that `pictureFile` made a scan of; null for a scan whose values mean something. */
export function pictureOf({ picture, size: [width, height], channels, range, stored }: Scan): Raster | null {
  if (!picture) return null;
  return { width, height, channels, maxValue: range[1] as FullScale, data: stored as Raster["data"] };
}

/** The one scan of a file. Throws IMAGE_UNSUPPORTED, naming `name`, where there are several, such as a time series. */
export function oneScan({ scans }: Pick<ImageFile, "scans">, name: string): Scan {
  if (scans.length === 1) return scans[0];
  throw unsupported(
    name,
    `it holds ${scans.length} scans, such as time points`,
    "Give one scan a file: take the others out, or average them first.",
  );
}
