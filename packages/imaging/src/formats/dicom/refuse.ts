/**
 * @file How a DICOM file is refused, and the budgets it is held to. The sentences name the file and the fault, never
 * what an element about the patient holds.
 */
import { HaleError } from "@hale/core";
import {
  MAX_ELEMENTS,
  MAX_FRAMES,
  MAX_INFLATE_RATIO,
  MAX_INFLATED_BYTES,
  MAX_INPUT_BYTES,
  MAX_NESTING,
  MAX_PIXELS,
} from "../../raster/limits.ts";

/** Budgets of one file. Tests give smaller ones. */
export interface DicomLimits {
  /** Bytes of the file. */
  inputBytes: number;
  /** Bytes that a deflated data set, and decoded pixels, may take. */
  inflatedBytes: number;
  /** Inflated bytes for one deflated byte. */
  inflateRatio: number;
  /** Sequences within sequences. */
  nesting: number;
  /** Data elements, items and fragments. */
  elements: number;
  frames: number;
  /** Columns × rows × frames. */
  pixels: number;
}

export const DICOM_LIMITS: DicomLimits = {
  inputBytes: MAX_INPUT_BYTES,
  inflatedBytes: MAX_INFLATED_BYTES,
  inflateRatio: MAX_INFLATE_RATIO,
  nesting: MAX_NESTING,
  elements: MAX_ELEMENTS,
  frames: MAX_FRAMES,
  pixels: MAX_PIXELS,
};

export function damaged(name: string, what: string, cause?: unknown): HaleError {
  return new HaleError(
    "IMAGE_CORRUPT",
    `The DICOM file ${name} is damaged: ${what}.`,
    "Export it again from its archive, or leave it out.",
    { cause },
  );
}

export function unreadable(name: string, what: string): HaleError {
  return new HaleError(
    "IMAGE_UNSUPPORTED",
    `The DICOM file ${name} cannot be read: ${what}.`,
    "Have the archive export it as Explicit VR Little Endian, or leave it out.",
  );
}

export function noImage(name: string, what: string): HaleError {
  return new HaleError("IMAGE_UNSUPPORTED", `The DICOM file ${name} holds no image: ${what}.`, "Leave it out.");
}

export function tooBig(name: string, what: string): HaleError {
  return new HaleError(
    "IMAGE_TOO_LARGE",
    `The DICOM file ${name} is too large: ${what}.`,
    "Export fewer or smaller frames in one file.",
  );
}

/** Turns whatever a reader or codec throws into a refusal that names the file. */
export function refusalOf(name: string, error: unknown): HaleError {
  if (error instanceof HaleError) return error;
  if (error instanceof RangeError && /allocation|array length|buffer/i.test(error.message)) {
    return tooBig(name, "it needs more memory than there is");
  }
  return damaged(name, "its parts contradict each other", error);
}
