/** @file How scans become pictures, in words: `axial:0.2-0.8`, `window:40,400`. Reading them is left to @hale/data. */
import type { Normalisation } from "./normalise.ts";
import type { SliceSelection } from "./slices.ts";

/** The slices of an axis: `axial`, `axial:0.2-0.8` (shares of the stack), `axial:40-120` (numbers, both included). */
export function formatSlices({ axis, unit, from, to }: SliceSelection): string {
  if (unit === "share" && from === 0 && to === 1) return axis;
  // A point says that it is a share.
  const number = (value: number) => (unit === "share" && Number.isInteger(value) ? `${value}.0` : String(value));
  return `${axis}:${number(from)}-${number(to)}`;
}

/** `full-scale`, `file`, `window:<centre>,<width>`, `percentile:<low>-<high>/<slice or volume>`, with `/foreground` behind. */
export function formatNormalisation(chosen: Normalisation): string {
  switch (chosen.kind) {
    case "window":
      return `window:${chosen.center},${chosen.width}`;
    case "percentile":
      return `percentile:${chosen.low}-${chosen.high}/${chosen.per}${chosen.foreground ? "/foreground" : ""}`;
    default:
      return chosen.kind;
  }
}
