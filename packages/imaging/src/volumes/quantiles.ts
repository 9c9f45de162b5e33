/**
 * @file Exact quantiles of a scan's values, and Otsu's threshold. Samples of at most 16 bits are counted rather than
 * sorted, so that a volume costs one pass; either way gives the same numbers, however the same values are stored.
 */

/** Distinct values in ascending order, and how often each occurs. Never NaN or infinite. */
export interface Tally {
  values: Float64Array;
  counts: Float64Array;
  /** Sum of the counts. */
  total: number;
}

/** Tallies values; those that are no finite numbers are left out. */
export function tally(values: ArrayLike<number>): Tally {
  let kept = 0;
  const ascending = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) ascending[kept++] = values[i];
  return tallyOfSorted(sortedMostlyEqual(ascending.subarray(0, kept)));
}

/**
 * Sorts in place. Volumes are mostly air of one value: what equals the first sample is set apart first, and only the rest,
 * often a fifth, is sorted.
 */
function sortedMostlyEqual(values: Float64Array): Float64Array {
  const common = values[0];
  let others = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== common) values[others++] = values[i];
  const rest = values.subarray(0, others).sort();
  let below = 0;
  while (below < others && rest[below] < common) below++;
  values.copyWithin(values.length - (others - below), below, others);
  values.fill(common, below, values.length - (others - below));
  return values;
}

function tallyOfSorted(ascending: Float64Array): Tally {
  let distinct = 0;
  for (let i = 0; i < ascending.length; i++) if (i === 0 || ascending[i] !== ascending[i - 1]) distinct++;
  const found = { values: new Float64Array(distinct), counts: new Float64Array(distinct), total: ascending.length };
  for (let i = 0, at = -1; i < ascending.length; i++) {
    if (i === 0 || ascending[i] !== ascending[i - 1]) found.values[++at] = ascending[i];
    found.counts[at]++;
  }
  return found;
}

/** A tally from pairs of a value and its count, in any order; values that are no finite numbers are left out. */
export function tallyOfPairs(pairs: Iterable<readonly [value: number, count: number]>): Tally {
  const byValue = new Map<number, number>();
  for (const [value, count] of pairs) {
    // -0 and 0 are one value, as they are when sorted.
    if (Number.isFinite(value) && count > 0) byValue.set(value + 0, (byValue.get(value + 0) ?? 0) + count);
  }
  const values = Float64Array.from(byValue.keys()).sort();
  const counts = values.map((value) => byValue.get(value)!);
  return { values, counts, total: counts.reduce((sum, count) => sum + count, 0) };
}

/** The part of a tally above a value. */
export function tallyAbove({ values, counts }: Tally, limit: number): Tally {
  let first = 0;
  while (first < values.length && !(values[first] > limit)) first++;
  const kept = counts.subarray(first);
  return { values: values.subarray(first), counts: kept, total: kept.reduce((sum, count) => sum + count, 0) };
}

/**
 * Quantile by linear interpolation between order statistics (type 7, the default of R and NumPy); `share` in [0, 1].
 * NaN for an empty tally.
 */
export function quantileOf({ values, counts, total }: Tally, share: number): number {
  if (total === 0) return Number.NaN;
  const position = share * (total - 1);
  const below = Math.floor(position);
  const above = Math.ceil(position);
  let low = Number.NaN;
  for (let i = 0, before = 0; i < values.length; i++) {
    before += counts[i];
    if (Number.isNaN(low) && below < before) low = values[i];
    if (above < before) return low === values[i] ? low : low + (position - below) * (values[i] - low);
  }
  return values[values.length - 1];
}

const BINS = 256;

/**
 * The threshold that parts values into two classes with the largest variance between them, over 256 equal bins from the
 * smallest value to the 99.9th percentile (beyond it a few bright samples would take all bins). A value is of the upper
 * class when it is greater. NaN for an empty tally; for a constant one its value, so that nothing is above.
 * Source: Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9 (1979), equation 18.
 */
export function otsuThreshold(found: Tally): number {
  const { values, counts, total } = found;
  if (total === 0) return Number.NaN;
  const low = values[0];
  const high = quantileOf(found, 0.999);
  // So rare a second value that the percentile does not see it: any value above the first is apart from it.
  if (!(high > low)) return low;
  const step = (high - low) / BINS;
  const bins = new Float64Array(BINS);
  for (let i = 0; i < values.length; i++) bins[Math.min(BINS - 1, Math.floor((values[i] - low) / step))] += counts[i];
  let mean = 0;
  for (let bin = 0; bin < BINS; bin++) mean += (bin * bins[bin]) / total;
  let below = 0;
  let sum = 0;
  let best = -1;
  let [first, last] = [0, 0];
  for (let bin = 0; bin < BINS - 1; bin++) {
    below += bins[bin] / total;
    sum += (bin * bins[bin]) / total;
    if (below === 0 || below >= 1) continue;
    const between = (mean * below - sum) ** 2 / (below * (1 - below));
    if (between > best * (1 + 1e-12)) [best, first, last] = [between, bin, bin];
    // Empty bins between two classes part them equally well: their middle is the threshold.
    else if (between >= best * (1 - 1e-12)) last = bin;
  }
  return low + ((first + last) / 2 + 1) * step;
}
