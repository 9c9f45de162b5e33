/**
 * @file From meaningful values to what the eye is shown: PS3.3, C.11.2 (VOI LUT). Windows give [0, 1], so that the
 * standard's y_min is 0 and its y_max is 1.
 */
import { clampIndex } from "./modality.ts";
import type { VoiTransform } from "./scan.ts";

/**
 * The shown brightness of one value, in [0, 1].
 *
 * - LINEAR (C.11.2.1.2.1), with c the centre and w ≥ 1 the width: 0 for x ≤ c - 0.5 - (w - 1) / 2, 1 for
 *   x > c - 0.5 + (w - 1) / 2, else (x - (c - 0.5)) / (w - 1) + 0.5.
 * - LINEAR_EXACT (C.11.2.1.3.2), w > 0: 0 for x ≤ c - w / 2, 1 for x > c + w / 2, else (x - c) / w + 0.5.
 * - SIGMOID (C.11.2.1.3.1), w > 0: 1 / (1 + exp(-4 (x - c) / w)).
 * - Table (C.11.2.1.1): the entry of x, ends repeated, by the largest value of the table's bits.
 */
export function voiValue(transform: VoiTransform, x: number): number {
  if (transform.kind === "table") {
    return transform.table[clampIndex(x - transform.first, transform.table.length)] / transform.maximum;
  }
  const { shape, center, width } = transform;
  if (shape === "sigmoid") return 1 / (1 + Math.exp((-4 * (x - center)) / width));
  if (shape === "linear-exact") {
    if (x <= center - width / 2) return 0;
    return x > center + width / 2 ? 1 : (x - center) / width + 0.5;
  }
  if (x <= center - 0.5 - (width - 1) / 2) return 0;
  return x > center - 0.5 + (width - 1) / 2 ? 1 : (x - (center - 0.5)) / (width - 1) + 0.5;
}

/** `voiValue` of many, as float32; `out` may be given, may be `values` itself, and is returned. Lengths are equal. */
export function applyVoi(
  transform: VoiTransform,
  values: Float32Array,
  out = new Float32Array(values.length),
): Float32Array {
  for (let i = 0; i < values.length; i++) out[i] = voiValue(transform, values[i]);
  return out;
}

/** True when the window's width is one that its function can divide by (C.11.2.1.2.1 and C.11.2.1.3). */
export function isWindow(shape: "linear" | "linear-exact" | "sigmoid", center: number, width: number): boolean {
  const plain = Number.isFinite(center) && Number.isFinite(width) && Math.abs(center) < 1e30 && width < 1e30;
  return plain && (shape === "linear" ? width >= 1 : width > 1e-30);
}
