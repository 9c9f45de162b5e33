/**
 * @file One door for every file that is read: told by its content, read by its kind's reader, and given in one form. The
 * numbers stay those of the file; `Scan` says what they mean. Plain pictures go through `decodeImage` beneath.
 */
import { HaleError } from "@hale/core";
import { type DicomObject, readDicom } from "../dicom/read.ts";
import { decodeImage } from "../raster/decode.ts";
import { corrupt, MAX_INPUT_BYTES, tooLarge, unsupported } from "../raster/limits.ts";
import { readMetaImage } from "../volumes/metaimage/read.ts";
import { readNifti } from "../volumes/nifti/read.ts";
import { readNrrd } from "../volumes/nrrd/read.ts";
import { axisCodes } from "../volumes/orientation.ts";
import type { Samples, Scan } from "../volumes/scan.ts";
import { type FileKind, kindOf } from "./kind.ts";

export type { FileKind } from "./kind.ts";

export interface ImageFile {
  kind: FileKind;
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
  /** Millimetres between columns, rows and slices of the first scan; null where nothing is known. */
  spacing: readonly (number | null)[] | null;
  /** Axis codes of column, row and slice of the first scan, such as "LPS": where each index grows towards. */
  orientation: string | null;
}

/** A file beside the one that is read, by bare name; null where there is none. */
export type Companion = (name: string) => Promise<Uint8Array | null>;

const alone: Companion = async () => null;

/**
 * Reads a file of any kind. `name` is used in errors, and to find the other half of a pair. Throws a `HaleError`
 * (IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE, FILE_NOT_FOUND for a missing half) and nothing else, for whatever
 * bytes it is given.
 */
export async function readImageFile(bytes: Uint8Array, name: string, companion: Companion = alone): Promise<ImageFile> {
  if (bytes.length === 0) throw corrupt(name, "it is empty");
  if (bytes.length > MAX_INPUT_BYTES) throw tooLarge(name, "it has more than 512 MB");
  const kind = kindOf(bytes);
  switch (kind) {
    case "png":
    case "jpeg":
    case "tiff":
      return readPicture(kind, bytes, name);
    case "dicom":
      return dicomFile(await readDicom(bytes, name));
    case "nifti":
      return readNiftiFile(bytes, name, companion);
    case "nrrd":
      return volumeFile(kind, await readNrrd(bytes, name, dataOf(name, companion)));
    case "metaimage":
      return volumeFile(kind, await readMetaImage(bytes, name, dataOf(name, companion)));
    default: {
      const header = await headerOf(name, companion);
      if (header) return volumeFile("nifti", await readNifti(header, name, bytes));
      throw unsupported(name, "it is none of PNG, JPEG, TIFF, DICOM, NIfTI, NRRD and MetaImage", "Give one of these.");
    }
  }
}

/** A NIfTI file, either half of a pair, or gzip of any of these. */
async function readNiftiFile(bytes: Uint8Array, name: string, companion: Companion): Promise<ImageFile> {
  const header = await headerOf(name, companion);
  if (header) return volumeFile("nifti", await readNifti(header, name, bytes));
  const stem = /^(.*)\.hdr(?:\.gz)?$/i.exec(bareName(name))?.[1];
  const pixels = stem === undefined ? null : ((await companion(`${stem}.img`)) ?? (await companion(`${stem}.img.gz`)));
  return volumeFile("nifti", await readNifti(bytes, name, pixels ?? undefined));
}

/** The header that goes with the pixels of a pair; null where the file is not named like one, or has none beside it. */
async function headerOf(name: string, companion: Companion): Promise<Uint8Array | null> {
  const stem = /^(.*)\.img(?:\.gz)?$/i.exec(bareName(name))?.[1];
  if (stem === undefined) return null;
  const header = (await companion(`${stem}.hdr`)) ?? (await companion(`${stem}.hdr.gz`));
  return header && kindOf(header) === "nifti" ? header : null;
}

const bareName = (name: string) => name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);

function dicomFile({ shape, coded, scan, photometric, transferSyntax }: DicomObject): ImageFile {
  return { kind: "dicom", shape, stored: coded, scans: [scan], photometric, transferSyntax, ...placeOf(scan) };
}

/** Finds the data that a header of text names. The name may be anyone's: it is not repeated in the refusal. */
const dataOf = (name: string, companion: Companion) => async (fileName: string) => {
  const data = await companion(fileName);
  if (data) return data;
  throw new HaleError(
    "FILE_NOT_FOUND",
    `The file that holds the pixels of ${name} is not beside it.`,
    "Put header and data into one folder, under the names that they were written with.",
  );
};

function volumeFile(
  kind: FileKind,
  { shape, stored, scans }: Pick<ImageFile, "shape" | "stored" | "scans">,
): ImageFile {
  return { kind, shape, stored, scans, photometric: null, transferSyntax: null, ...placeOf(scans[0]) };
}

/** Spacing and axis codes of a scan, as `ImageFile` has them. */
function placeOf({ spacing, affine }: Scan): Pick<ImageFile, "spacing" | "orientation"> {
  return {
    spacing: spacing.every((step) => step === null) ? null : spacing,
    orientation: affine && axisCodes(affine),
  };
}

async function readPicture(kind: "png" | "jpeg" | "tiff", bytes: Uint8Array, name: string): Promise<ImageFile> {
  const { width, height, channels, maxValue, data } = await decodeImage(bytes, name);
  const scan: Scan = {
    format: kind,
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
  return {
    kind,
    shape: channels === 1 ? [height, width] : [height, width, channels],
    stored: data,
    scans: [scan],
    photometric: null,
    transferSyntax: null,
    spacing: null,
    orientation: null,
  };
}
