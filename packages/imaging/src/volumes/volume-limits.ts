/** @file The budgets of NIfTI, NRRD and MetaImage files, and the checks of bytes and shapes that all three share. */
import { corrupt, MAX_FRAMES, MAX_INPUT_BYTES, MAX_PIXELS, tooLarge } from "../raster/limits.ts";
import { INFLATE_LIMITS, type InflateLimits } from "./inflate.ts";

export interface VolumeLimits {
  /** Most bytes of one file as it is given. */
  inputBytes: number;
  /** Most voxels of all time points together. */
  pixels: number;
  /** Most time points or vector components. */
  frames: number;
  inflate: InflateLimits;
}

export const VOLUME_LIMITS: VolumeLimits = {
  inputBytes: MAX_INPUT_BYTES,
  pixels: MAX_PIXELS,
  frames: MAX_FRAMES,
  inflate: INFLATE_LIMITS,
};

/** Refuses a file that is empty or beyond the budget. */
export function checkInput(bytes: Uint8Array, name: string, limits: VolumeLimits): void {
  if (bytes.length === 0) throw corrupt(name, "it is empty");
  if (bytes.length > limits.inputBytes) {
    throw tooLarge(name, `it has ${bytes.length} bytes, and at most ${limits.inputBytes} are accepted`);
  }
}

/** Refuses sizes below 1 or not whole, and products beyond the budgets. `frames` of the voxels' volumes are told apart. */
export function checkShape(shape: readonly number[], frames: number, name: string, limits: VolumeLimits): void {
  // Not `Number.isSafeInteger`: sizes near 2^63 are too large, not damaged.
  if (!shape.every((size) => Number.isInteger(size) && size >= 1)) {
    throw corrupt(name, `it declares ${shape.join(" × ")} voxels`);
  }
  // At most 7 sizes below 2^64: the product is a finite double, so that it needs no more care.
  const voxels = product(shape);
  if (voxels > limits.pixels) {
    throw tooLarge(name, `it declares ${shape.join(" × ")} voxels, and at most ${limits.pixels} are accepted`);
  }
  if (frames > limits.frames) {
    throw tooLarge(name, `it declares ${frames} time points or components, and at most ${limits.frames} are accepted`);
  }
}

export const product = (sizes: readonly number[]) => sizes.reduce((total, size) => total * size, 1);
