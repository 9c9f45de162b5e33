/** @file Numbers as pages and terminals show them. What is not a number is "not available", never NaN. */

const NONE = "not available";

/** Three decimals: areas, precisions and overlaps in 0..1. */
export const fixed = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : NONE);

/** Three significant digits: scores, losses and thresholds, whose size depends on the method. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

/** A proportion in percent, one decimal where it says something. */
export function percent(value: number): string {
  return Number.isFinite(value) ? `${Number((100 * value).toFixed(1))} %` : NONE;
}

/** "90.1 to 95.5 %". */
export const percentRange = (low: number, high: number): string => `${percent(low).slice(0, -2)} to ${percent(high)}`;

/** "3 min 20 s". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return NONE;
  if (seconds < 120) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120
    ? `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A word in the number that fits: "1 image", "2 images". */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en-GB")} ${n === 1 ? one : many}`;
