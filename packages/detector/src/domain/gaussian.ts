/**
 * @file How far a vector is from what is usual among others: the Mahalanobis distance with the covariance of
 * probabilistic principal component analysis (Tipping and Bishop, 1999), the directions of most variance as they are and
 * one variance for all the rest. So it needs few examples, and what it keeps of them is small.
 */

import { Random } from "@hale/core";

export interface Gaussian {
  mean: Float64Array;
  /** Rows of length 1, [variances.length, mean.length]. */
  directions: Float64Array[];
  /** Along each direction, descending. */
  variances: number[];
  /** Along every other direction. */
  rest: number;
}

/**
 * The Gaussian of at least two rows of one length, with at most `most` directions and at most a quarter as many as rows;
 * no variance is taken to be below `least`.
 */
export function fitGaussian(rows: readonly Float64Array[], most: number, least: number): Gaussian {
  const width = rows[0].length;
  const mean = new Float64Array(width);
  for (const row of rows) for (let i = 0; i < width; i++) mean[i] += row[i] / rows.length;
  const covariance = new Float64Array(width * width);
  for (const row of rows) {
    for (let i = 0; i < width; i++) {
      const a = (row[i] - mean[i]) / (rows.length - 1);
      for (let j = 0; j <= i; j++) covariance[i * width + j] += a * (row[j] - mean[j]);
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) covariance[j * width + i] = covariance[i * width + j];
  let total = 0;
  for (let i = 0; i < width; i++) total += covariance[i * width + i];
  const count = Math.min(most, Math.floor(rows.length / 4), width - 1);
  const found = principal(covariance, width, count);
  let rest = total;
  for (const { variance } of found) rest -= variance;
  return {
    mean,
    directions: found.map(({ direction }) => direction),
    variances: found.map(({ variance }) => Math.max(variance, least)),
    rest: Math.max(rest / (width - count), least),
  };
}

/** Root mean square of the deviations from the mean, each over its standard deviation: about 1 for a row like the others. */
export function distanceFrom({ mean, directions, variances, rest }: Gaussian, row: Float64Array): number {
  const width = mean.length;
  const deviation = row.map((value, i) => value - mean[i]);
  let remaining = 0;
  for (const value of deviation) remaining += value * value;
  let sum = 0;
  for (const [k, direction] of directions.entries()) {
    let along = 0;
    for (let i = 0; i < width; i++) along += direction[i] * deviation[i];
    sum += (along * along) / variances[k];
    remaining -= along * along;
  }
  return Math.sqrt((sum + Math.max(0, remaining) / rest) / width);
}

interface Component {
  variance: number;
  direction: Float64Array;
}

/** Vectors that are iterated beside those that are asked for: they speed up convergence. */
const BESIDE = 4;
/** Multiplications by the matrix: directions that are still mixed then have nearly equal variances, and may be. */
const ITERATIONS = 40;

/**
 * The `count` largest eigenvalues of a symmetric matrix without negative ones, and their vectors, by orthogonal iteration
 * with a last step of Rayleigh and Ritz. A vector without variance may be zero.
 */
function principal(matrix: Float64Array, n: number, count: number): Component[] {
  if (count === 0) return [];
  const kept = Math.min(n, count + BESIDE);
  const random = new Random(1, "domain");
  let vectors: Float64Array[] = Array.from({ length: kept }, () =>
    Float64Array.from({ length: n }, () => random.uniform() - 0.5),
  );
  for (let i = 0; i < ITERATIONS; i++) vectors = orthonormal(vectors.map((vector) => product(matrix, vector)));
  const images = vectors.map((vector) => product(matrix, vector));
  const small = Float64Array.from({ length: kept * kept }, (_, i) =>
    dot(vectors[Math.floor(i / kept)], images[i % kept]),
  );
  const { values, rows } = eigen(small, kept);
  const order = Array.from({ length: kept }, (_, i) => i).sort((i, j) => values[j] - values[i] || i - j);
  return order.slice(0, count).map((k) => {
    const direction = new Float64Array(n);
    for (const [j, vector] of vectors.entries()) {
      for (let i = 0; i < n; i++) direction[i] += rows[k * kept + j] * vector[i];
    }
    return { variance: values[k], direction };
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function product(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0, at = i * n; j < n; j++, at++) sum += matrix[at] * vector[j];
    out[i] = sum;
  }
  return out;
}

/** Gram and Schmidt, twice over, for what rounding leaves; a vector that the others make up becomes zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const given of vectors) {
    const vector = Float64Array.from(given);
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of done) {
        const share = dot(vector, other);
        for (let i = 0; i < vector.length; i++) vector[i] -= share * other[i];
      }
    }
    const length = Math.sqrt(dot(vector, vector));
    done.push(length > 1e-12 * before ? vector.map((value) => value / length) : new Float64Array(vector.length));
  }
  return done;
}

/** Sweeps over all pairs after which the method of Jacobi has long converged. */
const MOST_SWEEPS = 30;

/** All eigenvalues of a small symmetric matrix, which is overwritten, and a row for the vector of each, by Jacobi's method. */
function eigen(a: Float64Array, n: number): { values: Float64Array; rows: Float64Array } {
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  const size = dot(a, a);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = 0; q < p; q++) off += a[p * n + q] ** 2;
    if (off <= 1e-24 * size) break;
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, rows, n, p, q);
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), rows };
}

/** Makes a[p, q] zero by turning rows and columns p and q. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [kp, kq] = [a[k * n + p], a[k * n + q]];
    a[k * n + p] = c * kp - s * kq;
    a[k * n + q] = s * kp + c * kq;
  }
  for (let k = 0; k < n; k++) {
    const [pk, qk] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = c * pk - s * qk;
    a[q * n + k] = s * pk + c * qk;
    const [vp, vq] = [vectors[p * n + k], vectors[q * n + k]];
    vectors[p * n + k] = c * vp - s * vq;
    vectors[q * n + k] = s * vp + c * vq;
  }
}
