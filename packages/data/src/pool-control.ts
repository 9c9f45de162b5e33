/**
 * @file What the unlabelled pool gives to whoever uses it: a linear model that tells train normals from the pool by how images are
 * brightened, sharpened and laid out. A method that learns from the pool has to do better than this.
 *
 * Ridge logistic regression on eight statistics of the whole image and twenty scores of principal components, all settings
 * fixed beforehand. Labels are never seen: the pool counts as one class, whatever is in it.
 */
import { mean, quantileOfSorted, standardDeviation } from "@hale/statistics";
import { Matrix, solve } from "ml-matrix";
import { dot, meanImage, principalAxes } from "./principal-axes.ts";

/** Components whose scores are among the inputs; fewer where there are fewer images. */
const COMPONENTS = 20;
/** Half of this times the squared length of the weights is added to the sum of the losses; inputs have deviation 1. */
const RIDGE = 1;
/** Newton's steps; it stops earlier where nothing moves any more. */
const STEPS = 50;

export interface PoolControlInput {
  /** Prepared grey images of one square size, in [-1, 1]. */
  trainNormals: readonly Float32Array[];
  pool: readonly Float32Array[];
  /** To be scored. */
  images: readonly Float32Array[];
}

/** For each image how much more it is like the pool than like train normals (log-odds). Needs an image of either kind. */
export function poolScores({ trainNormals, pool, images }: PoolControlInput): Float64Array {
  const learnt = [...trainNormals, ...pool];
  const average = meanImage(trainNormals);
  const { mean: middle, axes } = principalAxes(learnt, COMPONENTS);
  const inputsOf = (image: Float32Array): number[] => {
    const rest = Float64Array.from(image, (value, i) => value - middle[i]);
    return [...globalStatistics(image, average), ...axes.map((axis) => dot(rest, axis))];
  };
  const rows = learnt.map(inputsOf);
  const columns = rows[0].map((_, j) => rows.map((row) => row[j]));
  const means = columns.map((column) => mean(column));
  // What is the same in all images tells nothing.
  const factors = columns.map((column) => {
    const deviation = standardDeviation(column);
    return deviation > 1e-9 ? 1 / deviation : 0;
  });
  const standard = (row: readonly number[]) => row.map((value, j) => (value - means[j]) * factors[j]);
  const targets = learnt.map((_, i) => (i < trainNormals.length ? 0 : 1));
  const weights = ridgeLogistic(rows.map(standard), targets, RIDGE);
  return Float64Array.from(images, (image) => weights[0] + dot(standard(inputsOf(image)), weights.slice(1)));
}

/**
 * Eight numbers of a square image: mean, deviation, the 5th, 50th and 95th percentile, mean size of first and of second differences
 * (sharpness, grain), and the mean distance from an average image.
 */
export function globalStatistics(image: Float32Array, average: ArrayLike<number>): number[] {
  const side = Math.sqrt(image.length);
  const sorted = Float64Array.from(image).sort();
  let [first, second] = [0, 0];
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const at = y * side + x;
      first += Math.abs(image[at + 1] - image[at]) + Math.abs(image[at + side] - image[at]);
      second += Math.abs(4 * image[at] - image[at - 1] - image[at + 1] - image[at - side] - image[at + side]);
    }
  }
  const inner = (side - 2) ** 2;
  let away = 0;
  for (let i = 0; i < image.length; i++) away += Math.abs(image[i] - average[i]) / image.length;
  const percentiles = [0.05, 0.5, 0.95].map((p) => quantileOfSorted(sorted, p));
  return [mean(image), standardDeviation(image), ...percentiles, first / (2 * inner), second / inner, away];
}

/**
 * Intercept and weights that minimise Σ log(1 + exp(-±f)) + ridge/2 · |weights|², by Newton's method, whose step is halved
 * while it does not descend. The intercept is free. The ridge keeps weights finite where the classes can be told apart exactly.
 */
export function ridgeLogistic(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  ridge: number,
): number[] {
  const width = rows[0].length + 1;
  const inputs = rows.map((row) => [1, ...row]);
  const cost = (weights: readonly number[]) => {
    let total = 0;
    inputs.forEach((row, i) => {
      const value = dot(row, weights) * (targets[i] === 1 ? -1 : 1);
      total += Math.max(0, value) + Math.log1p(Math.exp(-Math.abs(value)));
    });
    return total + (ridge / 2) * dot(weights.slice(1), weights.slice(1));
  };
  let weights = new Array<number>(width).fill(0);
  let least = cost(weights);
  for (let step = 0; step < STEPS; step++) {
    const gradient = weights.map((weight, j) => (j === 0 ? 0 : ridge * weight));
    // A little on the intercept too, where one class is hardly there.
    const curvature = Matrix.eye(width).mul(ridge);
    curvature.set(0, 0, 1e-9);
    inputs.forEach((row, i) => {
      const share = 1 / (1 + Math.exp(-dot(row, weights)));
      for (let j = 0; j < width; j++) {
        gradient[j] += (share - targets[i]) * row[j];
        const scaled = share * (1 - share) * row[j];
        for (let k = 0; k < width; k++) curvature.set(j, k, curvature.get(j, k) + scaled * row[k]);
      }
    });
    const direction = solve(curvature, Matrix.columnVector(gradient)).to1DArray();
    let next = weights;
    let reached = least;
    for (let length = 1; length > 1e-6 && reached >= least; length /= 2) {
      next = weights.map((weight, j) => weight - length * direction[j]);
      reached = cost(next);
    }
    if (!(reached < least)) break;
    const gained = least - reached;
    [weights, least] = [next, reached];
    if (gained < 1e-12 * (1 + least)) break;
  }
  return weights;
}
