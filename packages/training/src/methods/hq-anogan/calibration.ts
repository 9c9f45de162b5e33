/**
 * @file What the score needs of held-out normals: the statistics of their offsets, and each score's mean and deviation.
 */
import type { NamedArray } from "@hale/autodiff";
import { SCORES } from "./scores.ts";

/** Share of the mean variance in each variance: a few images tell little of each of many numbers. */
const SHRINKAGE = 0.1;

interface Styles {
  count: number;
  width: number;
  /** First and last of those that the scores look at. */
  range: readonly [number, number];
}

/** State from what was observed of each normal: the offsets [L, d] and every score but the prior, which this makes. */
export function settle(
  observed: Readonly<Record<string, readonly Float32Array[]>>,
  styles: Styles,
): Map<string, NamedArray> {
  const { mean, variance } = momentsOf(observed.offsets);
  const values: Record<string, number[]> = {
    ...Object.fromEntries(SCORES.map((name) => [name, observed[name].map(([value]) => value)])),
    prior: observed.offsets.map((offsets) => priorScore(offsets, mean, variance, styles)),
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

function momentsOf(rows: readonly Float32Array[]): { mean: Float32Array; variance: Float32Array } {
  const size = rows[0].length;
  const mean = new Float32Array(size);
  const variance = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const [average, deviation] = moments(rows.map((row) => row[i]));
    mean[i] = average;
    variance[i] = deviation ** 2;
  }
  const typical = variance.reduce((total, v) => total + v, 0) / size;
  return { mean, variance: variance.map((v) => (1 - SHRINKAGE) * v + SHRINKAGE * typical + 1e-8) };
}

/** As `scoreParts` has it. */
function priorScore(
  offsets: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  { width, range }: Styles,
): number {
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
export function meanAndDeviation(values: readonly number[]): [number, number] {
  const [average, deviation] = moments(values);
  return [average, deviation > ALIKE * Math.abs(average) ? deviation : 1];
}
