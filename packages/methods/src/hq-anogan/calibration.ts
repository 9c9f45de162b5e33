/**
 * @file What the score needs of held-out normals: the statistics of their offsets, and each score's mean and deviation.
 */
import type { NamedArray } from "@hale/autodiff";
import { SCORES } from "./scores.ts";

/** Share of the mean variance in each variance: a few images tell little of each of many numbers. */
const SHRINKAGE = 0.1;

/** Normals from which on each is held to the statistics of the others: one other has no variance. */
const LEAST_LEFT_OUT = 3;

interface Styles {
  count: number;
  width: number;
  /** First and last of those that the scores look at. */
  range: readonly [number, number];
}

/**
 * State from what was observed of each normal: the offsets [L, d] and every score but the prior, which this makes. The prior's
 * mean and deviation are those of normals held to the statistics of the *others*: an image is nearer to a mean that it is
 * part of than any new one will be.
 */
export function settle(
  observed: Readonly<Record<string, readonly Float32Array[]>>,
  styles: Styles,
): Map<string, NamedArray> {
  const all = momentsOf(observed.offsets);
  const { mean, variance } = priorOf(all);
  const leftOut = all.count >= LEAST_LEFT_OUT;
  const values: Record<string, number[]> = {
    ...Object.fromEntries(SCORES.map((name) => [name, observed[name].map(([value]) => value)])),
    prior: observed.offsets.map((offsets) =>
      priorScore(offsets, leftOut ? priorOf(without(all, offsets)) : { mean, variance }, styles),
    ),
  };
  const shape = [styles.count, styles.width];
  return new Map<string, NamedArray>([
    ["calibration/priorMean", { shape, data: mean }],
    ["calibration/priorVariance", { shape, data: variance }],
    ...SCORES.map((name): [string, NamedArray] => [
      `calibration/${name}`,
      { shape: [2], data: Float32Array.from(meanAndDeviation(values[name])) },
    ]),
  ]);
}

/** Of each of the offsets' numbers: its mean, and the sum of squared differences from it. */
interface Moments {
  count: number;
  mean: Float64Array;
  squares: Float64Array;
}

function momentsOf(rows: readonly Float32Array[]): Moments {
  const [count, size] = [rows.length, rows[0].length];
  const mean = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) mean[i] += row[i] / count;
  const squares = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) squares[i] += (row[i] - mean[i]) ** 2;
  return { count, mean, squares };
}

/** Moments of all rows but one of them (Welford's update, backwards). */
function without({ count, mean, squares }: Moments, row: Float32Array): Moments {
  return {
    count: count - 1,
    mean: mean.map((average, i) => average - (row[i] - average) / (count - 1)),
    squares: squares.map((sum, i) => Math.max(0, sum - ((row[i] - mean[i]) ** 2 * count) / (count - 1))),
  };
}

interface Statistics {
  mean: Float32Array;
  variance: Float32Array;
}

function priorOf({ count, mean, squares }: Moments): Statistics {
  const typical = squares.reduce((total, sum) => total + sum / count, 0) / squares.length;
  const variance = Float32Array.from(squares, (sum) => ((1 - SHRINKAGE) * sum) / count + SHRINKAGE * typical + 1e-8);
  return { mean: Float32Array.from(mean), variance };
}

/** As `scoreParts` has it. */
function priorScore(offsets: Float32Array, { mean, variance }: Statistics, { width, range }: Styles): number {
  const [first, last] = range;
  let total = 0;
  for (let style = first; style <= last; style++) {
    let squares = 0;
    for (let i = style * width; i < (style + 1) * width; i++) squares += (offsets[i] - mean[i]) ** 2 / variance[i];
    total += Math.sqrt(squares / width + 1e-12);
  }
  return total / (last - first + 1);
}

function moments(values: readonly number[]): [mean: number, deviation: number] {
  const average = values.reduce((total, v) => total + v, 0) / values.length;
  const variance = values.reduce((total, v) => total + (v - average) ** 2, 0) / values.length;
  return [average, Math.sqrt(variance)];
}

/** Values closer together than this share of their mean are alike but for rounding. */
const ALIKE = 1e-5;

/** Mean and deviation, the latter 1 where all values are alike: two normals, say, are equally far from their mean. */
function meanAndDeviation(values: readonly number[]): [number, number] {
  const [average, deviation] = moments(values);
  return [average, deviation > ALIKE * Math.abs(average) ? deviation : 1];
}
