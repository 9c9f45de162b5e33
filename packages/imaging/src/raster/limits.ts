/**
 * @file The budgets that every decoder keeps before it allocates, and the refusals that go with them. Decoders of
 * others throw whatever they like; `refuseRawErrors` is the one place where that becomes a typed refusal.
 */
import { HaleError } from "@hale/core";

/** Largest encoded image that is looked at, in bytes (512 MB). */
export const MAX_INPUT_BYTES = 512 * 1024 * 1024;
/** Most pixels (width × height) that an image may declare. */
export const MAX_PIXELS = 2 ** 28;
/** Most bytes that compressed data may inflate to (2 GB). */
export const MAX_INFLATED_BYTES = 2 * 1024 ** 3;
/** Most inflated bytes for each compressed one (NIfTI: once there are more of them than `MAX_INPUT_BYTES`). */
export const MAX_INFLATE_RATIO = 200;
/** Deepest nesting of sequences in a DICOM file. */
export const MAX_NESTING = 64;
/** Most data elements, items and fragments of a DICOM file together. */
export const MAX_ELEMENTS = 1_000_000;
/** Most frames, slices or time points that are told apart in one file. */
export const MAX_FRAMES = 10_000;

export function corrupt(name: string, what: string, cause?: unknown): HaleError {
  return new HaleError(
    "IMAGE_CORRUPT",
    `The image ${name} is damaged: ${what}.`,
    "Export or download it again, or take it out of the data set.",
    { cause },
  );
}

export function unsupported(
  name: string,
  what: string,
  remedy = "Save it as an 8- or 16-bit grey or RGB PNG, TIFF or baseline JPEG.",
): HaleError {
  return new HaleError("IMAGE_UNSUPPORTED", `The image ${name} cannot be read: ${what}.`, remedy);
}

export function tooLarge(name: string, what: string): HaleError {
  return new HaleError("IMAGE_TOO_LARGE", `The image ${name} is too large: ${what}.`, "Scale it down and try again.");
}

/** Refuses sizes that are zero, not whole, or beyond the pixel budget. Sizes in pixels. */
export function checkSize(name: string, width: number, height: number): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw corrupt(name, `it declares ${width} × ${height} pixels`);
  }
  if (width * height > MAX_PIXELS) {
    throw tooLarge(name, `it declares ${width} × ${height} pixels, and at most ${MAX_PIXELS} are accepted`);
  }
}

/** Runs `read`; anything it throws that is not a `HaleError` becomes IMAGE_CORRUPT for `name`. */
export function refuseRawErrors<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof HaleError) throw error;
    const what = error instanceof Error ? error.message.replace(/[.\s]+$/, "") : "its data cannot be decoded";
    throw corrupt(name, what || "its data cannot be decoded", error);
  }
}
