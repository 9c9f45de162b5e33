/**
 * @file Kernel inception distance (KID; Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018):
 * the unbiased squared maximum mean discrepancy of two sets of features with the kernel (x·y / d + 1)³. Often reported
 * times 1000. Unlike the Fréchet distance it is unbiased at any number of images, which is why it suits small sets.
 *
 * Kernel values are worked out once a pair and summed at once; nothing of size n x m is kept. 1000 against 1000 rows of
 * 2048 numbers take about six seconds.
 */

import type { Interval } from "../bootstrap.ts";
import { requireFraction, unsupported } from "../checks.ts";
import { LEAST_CLUSTERS } from "../clusters.ts";
import { normalQuantile } from "../normal.ts";
import { type Random, seededRandom } from "../random.ts";
import { mean, standardDeviation } from "../summary.ts";
import { type Features, requireFeatures, requireSameDimension } from "./nearest.ts";

export interface KernelDistanceOptions {
  generated: Features;
  real: Features;
  /** Also the mean over `count` (default 100) random subsets of `size` rows of either set. */
  subsets?: { size: number; count?: number; seed: number };
  level?: number;
}

/** KID as usually reported. Each subset is drawn without replacement; the subsets overlap. */
export interface SubsetDistances {
  size: number;
  count: number;
  seed: number;
  mean: number;
  /** Of the subsets' estimates: the scatter of KID at that size, not the standard error of the mean. */
  standardDeviation: number;
}

export interface KernelDistance {
  /** Of the whole sets. Unbiased, so it is negative about half of the time where the distributions are equal. */
  distance: Interval;
  /** Jackknife; null without an interval. */
  standardError: number | null;
  level: number;
  generated: number;
  real: number;
  subsets: SubsetDistances | null;
}

/** Sums of kernel values over the pairs of one set, or of two. */
interface PairSums {
  /** Per row of the first set, over all its pairs. */
  rows: Float64Array;
  /** Per row of the second set; of one set, the same array as `rows`. */
  columns: Float64Array;
  /** Per subset, over the pairs in it. */
  subsets: Float64Array;
}

/** Per subset its rows, ascending. */
type Subsets = Uint32Array[];

/**
 * KID of two sets of at least two rows each, with an interval by the delete-one jackknife over the images of both sets.
 *
 * Why the jackknife. The bootstrap draws rows twice, and such a pair brings k(x, x), which the unbiased estimate leaves
 * out on purpose: each resample is too high by about (mean k(x, x) - mean k(x, x')) / n of either set, which for small
 * sets exceeds the distance itself. The scatter over subsets is about sets of another size. Leaving images out repeats
 * none and is exact in the row sums. Where the distributions differ, the estimate is nearly a sum over images, and the
 * interval estimate ± z standard errors covers as it says. Where they are equal, the estimate is a quadratic form and
 * skewed, but then the jackknife's variance is about twice too large (Efron and Stein, Annals of Statistics 1981: it is
 * never too small on average), and the interval errs on the safe side. In simulations with 10 to 100 rows, 95 %
 * intervals covered in 97 to 99 % where the distributions were equal or nearly so and in 92 to 97 % where they
 * differed; nearly all that failed lay below the truth. Under 10 rows of either set there is no interval. The bounds are not cut
 * off at 0.
 *
 * Images count as independent: give one a patient, or read the interval as too narrow.
 *
 * The subsets' mean has the same expectation as the estimate of the whole sets and more noise; it is there to be
 * compared with published figures.
 *
 * Refuses fewer than two rows, different dimensions and numbers that are not finite, with STATISTIC_UNSUPPORTED.
 */
export function kernelDistance({ generated, real, subsets, level = 0.95 }: KernelDistanceOptions): KernelDistance {
  requireFraction("confidence level", level);
  const n = requireFeatures("generated", generated, 2);
  const m = requireFeatures("real", real, 2);
  requireSameDimension(generated, real);
  const drawn = subsets ? drawSubsets(subsets, n, m) : { generated: [], real: [] };

  const first = pairsWithin(generated, n, drawn.generated);
  const second = pairsWithin(real, m, drawn.real);
  const cross = pairsBetween(generated, n, real, m, drawn);

  // The rows' sums hold each pair of one set twice.
  const totals = { first: total(first.rows), second: total(second.rows), cross: total(cross.rows) };
  const estimate = discrepancy(totals, n, m);
  const sizes = { generated: n, real: m, level };
  const listed = subsets ? summarise(subsets, { first, second, cross }) : null;
  if (Math.min(n, m) < LEAST_CLUSTERS) {
    const reason = `${n} generated and ${m} real rows are too few for an interval; at least ${LEAST_CLUSTERS} of each are needed.`;
    return {
      distance: { estimate, low: null, high: null, reason },
      standardError: null,
      ...sizes,
      subsets: listed,
    };
  }
  const withoutGenerated = first.rows.map((sum, i) =>
    discrepancy({ ...totals, first: totals.first - 2 * sum, cross: totals.cross - cross.rows[i] }, n - 1, m),
  );
  const withoutReal = second.rows.map((sum, j) =>
    discrepancy({ ...totals, second: totals.second - 2 * sum, cross: totals.cross - cross.columns[j] }, n, m - 1),
  );
  const standardError = Math.sqrt(jackknifeVariance(withoutGenerated) + jackknifeVariance(withoutReal));
  const reach = normalQuantile(1 - (1 - level) / 2) * standardError;
  return {
    distance: { estimate, low: estimate - reach, high: estimate + reach, reason: null },
    standardError,
    ...sizes,
    subsets: listed,
  };
}

/** MMD² from sums over ordered pairs of different rows of either set, and over the pairs between them. */
function discrepancy(sums: { first: number; second: number; cross: number }, n: number, m: number): number {
  return sums.first / (n * (n - 1)) + sums.second / (m * (m - 1)) - (2 * sums.cross) / (n * m);
}

/** (n - 1) / n times the sum of squared deviations of the n estimates that each lack one row. */
function jackknifeVariance(estimates: Float64Array): number {
  return ((estimates.length - 1) ** 2 / estimates.length) * standardDeviation(estimates) ** 2;
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Kernel sums over the pairs of different rows. */
function pairsWithin(set: Features, rows: number, subsets: Subsets): PairSums {
  const sums = new Float64Array(rows);
  const inSubsets = new Float64Array(subsets.length);
  const member = membership(subsets, rows);
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      values[j] = kernel(set, i, set, j);
      sums[i] += values[j];
      sums[j] += values[j];
    }
    subsets.forEach((chosen, s) => {
      if (!member[s][i]) return;
      for (let c = 0; chosen[c] < i; c++) inSubsets[s] += 2 * values[chosen[c]];
    });
  }
  return { rows: sums, columns: sums, subsets: inSubsets };
}

/** Kernel sums over the pairs of a row of `a` and a row of `b`. */
function pairsBetween(
  a: Features,
  n: number,
  b: Features,
  m: number,
  subsets: { generated: Subsets; real: Subsets },
): PairSums {
  const rows = new Float64Array(n);
  const columns = new Float64Array(m);
  const inSubsets = new Float64Array(subsets.real.length);
  const member = membership(subsets.generated, n);
  const values = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      values[j] = kernel(a, i, b, j);
      rows[i] += values[j];
      columns[j] += values[j];
    }
    subsets.real.forEach((chosen, s) => {
      if (!member[s][i]) return;
      for (let c = 0; c < chosen.length; c++) inSubsets[s] += values[chosen[c]];
    });
  }
  return { rows, columns, subsets: inSubsets };
}

/** (x·y / d + 1)³ for row i of `a` and row j of `b`. Four sums, so that no addition waits for the one before. */
function kernel(a: Features, i: number, b: Features, j: number): number {
  const { dimension, values } = a;
  const others = b.values;
  const whole = dimension - (dimension % 4);
  const from = i * dimension;
  const to = j * dimension;
  let [one, two, three, four] = [0, 0, 0, 0];
  for (let c = 0; c < whole; c += 4) {
    one += values[from + c] * others[to + c];
    two += values[from + c + 1] * others[to + c + 1];
    three += values[from + c + 2] * others[to + c + 2];
    four += values[from + c + 3] * others[to + c + 3];
  }
  for (let c = whole; c < dimension; c++) one += values[from + c] * others[to + c];
  return ((one + two + three + four) / dimension + 1) ** 3;
}

function drawSubsets(
  { size, count = 100, seed }: NonNullable<KernelDistanceOptions["subsets"]>,
  n: number,
  m: number,
): { generated: Subsets; real: Subsets } {
  if (!(Number.isInteger(size) && size >= 2 && size <= Math.min(n, m))) {
    throw unsupported(`A subset of ${size} rows.`, `Give a whole number from 2 to ${Math.min(n, m)}.`);
  }
  if (!(Number.isInteger(count) && count >= 2)) {
    throw unsupported(`${count} subsets.`, "Give a whole number, at least 2.");
  }
  const random = seededRandom(seed);
  const draw = (rows: number) => Array.from({ length: count }, () => drawRows(random, rows, size));
  return { generated: draw(n), real: draw(m) };
}

/** `size` different rows of `rows`, ascending: the first steps of a Fisher-Yates shuffle. */
function drawRows(random: Random, rows: number, size: number): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  for (let i = 0; i < size; i++) {
    const other = i + Math.floor(random() * (rows - i));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order.slice(0, size).sort();
}

function membership(subsets: Subsets, rows: number): Uint8Array[] {
  return subsets.map((chosen) => {
    const member = new Uint8Array(rows);
    for (const row of chosen) member[row] = 1;
    return member;
  });
}

function summarise(
  { size, count = 100, seed }: NonNullable<KernelDistanceOptions["subsets"]>,
  sums: { first: PairSums; second: PairSums; cross: PairSums },
): SubsetDistances {
  const distances = Float64Array.from({ length: count }, (_, s) =>
    discrepancy(
      { first: sums.first.subsets[s], second: sums.second.subsets[s], cross: sums.cross.subsets[s] },
      size,
      size,
    ),
  );
  return { size, count, seed, mean: mean(distances), standardDeviation: standardDeviation(distances) };
}
