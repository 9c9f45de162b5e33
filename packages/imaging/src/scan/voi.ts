/** @file From meaningful values to shares of white (PS3.3 C.11.2). */
import type { VoiTransform } from "./scan.ts";

/** The share of white, 0 to 1, that a transform makes of a value. */
export function voiShare(voi: VoiTransform, value: number): number {
  if (voi.kind === "table") {
    const at = Math.min(voi.table.length - 1, Math.max(0, Math.floor(value) - voi.first));
    return voi.table[at] / voi.maximum;
  }
  const { center, width, shape } = voi;
  // C.11.2.1.3.1 and C.11.2.1.3.2.
  if (shape === "sigmoid") return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  const share = shape === "linear" ? (value - (center - 0.5)) / (width - 1) + 0.5 : (value - center) / width + 0.5;
  // C.11.2.1.2.1: a window of width 1 is a step.
  if (shape === "linear" && width <= 1) return value <= center - 0.5 ? 0 : 1;
  return Math.min(1, Math.max(0, share));
}
