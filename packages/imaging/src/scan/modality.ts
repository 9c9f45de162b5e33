/** @file From stored values to meaningful ones (PS3.3 C.11.1). */
import type { ModalityTransform } from "./scan.ts";

/** The meaningful value of a stored one: slope and intercept, or a table whose ends go on for ever. */
export function modalityValue(transform: ModalityTransform, stored: number): number {
  if (transform.kind === "linear") return stored * transform.slope + transform.intercept;
  const { first, table } = transform;
  return Number.isNaN(stored) ? Number.NaN : table[Math.min(table.length - 1, Math.max(0, Math.floor(stored) - first))];
}
