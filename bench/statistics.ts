/** @file The little statistics that the benchmarks need. */

/** Middle value; the mean of the two middle ones where the count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
