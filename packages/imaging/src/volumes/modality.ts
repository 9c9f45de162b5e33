/**
 * @file From stored values to meaningful ones: PS3.3, C.11.1 (Modality LUT) and NIfTI's scale. Formulas only; readers
 * say which transform a file asks for.
 */
import type { ModalityTransform, Samples } from "./scan.ts";

/** Stored values as they are. */
export const IDENTITY: ModalityTransform = { kind: "linear", slope: 1, intercept: 0 };

/**
 * The value of one stored sample. Linear: output = slope × stored + intercept (PS3.3, C.11.1.1.2). Table: the first
 * entry for what is at or below the first mapped value, the last for what is beyond the table (C.11.1.1).
 */
export function modalityValue(transform: ModalityTransform, stored: number): number {
  if (transform.kind === "linear") return stored * transform.slope + transform.intercept;
  return transform.table[clampIndex(stored - transform.first, transform.table.length)];
}

/** `modalityValue` of many, as float32; `out` may be given and is returned. Lengths are equal. */
export function applyModality(
  transform: ModalityTransform,
  stored: Samples | Float32Array,
  out = new Float32Array(stored.length),
): Float32Array {
  if (transform.kind === "linear") {
    const { slope, intercept } = transform;
    for (let i = 0; i < stored.length; i++) out[i] = stored[i] * slope + intercept;
  } else {
    const { first, table } = transform;
    for (let i = 0; i < stored.length; i++) out[i] = table[clampIndex(stored[i] - first, table.length)];
  }
  return out;
}

/** Index of a lookup table for a value counted from its first mapped one. NaN takes the first entry. */
export function clampIndex(index: number, length: number): number {
  return index > 0 ? Math.min(Math.floor(index), length - 1) : 0;
}
