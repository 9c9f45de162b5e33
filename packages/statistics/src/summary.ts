/**
 * @file Mean, spread, quantiles and histogram bins: the descriptive numbers that evaluation and reports show.
 */

import { requireOrderable, unsupported } from "./checks.ts";

/** Counts per bin; `edges` has one entry more than `counts`. A value on an inner edge belongs to the bin above it. */
export interface Histogram {
  edges: number[];
  counts: number[];
}

/** Arithmetic mean. Refuses an empty list. */
export function mean(values: ArrayLike<number>): number {
  requireValues(values, 1);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Sample standard deviation (divisor n - 1). Refuses fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  requireValues(values, 2);
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Quantile by linear interpolation between order statistics (type 7, the default of R and NumPy). `p` in [0, 1]. */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), p);
}

/** `quantile` of values already in ascending order. */
export function quantileOfSorted(ascending: ArrayLike<number>, p: number): number {
  requireValues(ascending, 1);
  if (!(p >= 0 && p <= 1)) throw unsupported(`The quantile ${p} is not a fraction.`, "Give a number from 0 to 1.");
  const position = p * (ascending.length - 1);
  const below = Math.floor(position);
  const low = ascending[below];
  const high = ascending[Math.ceil(position)];
  return low === high ? low : low + (position - below) * (high - low);
}

/** Equal bins over `range` (default: smallest to largest value). Values outside the range are not counted. */
export function histogram(values: ArrayLike<number>, bins: number, range?: readonly [number, number]): Histogram {
  requireValues(values, 1);
  if (!(Number.isInteger(bins) && bins > 0)) throw unsupported(`${bins} bins.`, "Give a whole number above 0.");
  let [low, high] = range ?? [Infinity, -Infinity];
  for (let i = 0; !range && i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  // All values equal: a bin of some width around them, as NumPy does.
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  if (!(low < high && Number.isFinite(high - low))) {
    throw unsupported(`The range ${low} to ${high} cannot be binned.`, "Give a finite range that rises.");
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + ((high - low) * i) / bins));
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low || values[i] > high) continue;
    counts[Math.min(bins - 1, Math.floor(((values[i] - low) / (high - low)) * bins))]++;
  }
  return { edges, counts };
}

function requireValues(values: ArrayLike<number>, least: number): void {
  if (values.length < least) {
    throw unsupported(`There are ${values.length} values.`, `Give at least ${least}.`);
  }
  requireOrderable(values);
}
