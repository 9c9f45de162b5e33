import fc from "fast-check";
import { expect, test } from "vitest";
import { type Random, seededRandom } from "../random.ts";
import { mean, standardDeviation } from "../summary.ts";
import { deviate, refusal } from "../test-support.ts";
import { kernelDistance } from "./kernel-distance.ts";
import type { Features } from "./nearest.ts";

/** Rows of independent normal variables with variance 1 and these means. */
function normals(random: Random, rows: number, means: readonly number[]): Features {
  const dimension = means.length;
  return {
    values: Float64Array.from({ length: rows * dimension }, (_, i) => means[i % dimension] + deviate(random)),
    dimension,
  };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, c) => sum + x * b[c], 0);

const rowsOf = ({ values, dimension }: Features) =>
  Array.from({ length: values.length / dimension }, (_, i) =>
    Array.from(values.slice(i * dimension, (i + 1) * dimension)),
  );

/** The definition, pair by pair. */
function naive(generated: number[][], real: number[][]): number {
  const average = (a: number[][], b: number[][]) => {
    const values = a.flatMap((x, i) =>
      b.flatMap((y, j) => (a === b && i === j ? [] : [(dot(x, y) / x.length + 1) ** 3])),
    );
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return average(generated, generated) + average(real, real) - 2 * average(generated, real);
}

/**
 * The MMD² of N(mu, I) and N(nu, I). With s = x·y, m = mu·nu, A = |mu|², B = |nu|²: E s = m, E s² = m² + A + B + d, and,
 * since s given y is N(mu·y, |y|²), E s³ = m³ + 3mA + 3m(B + d + 2).
 */
function truth(mu: readonly number[], nu: readonly number[]): number {
  const d = mu.length;
  const kernel = (a: readonly number[], b: readonly number[]) => {
    const [m, A, B] = [dot(a, b), dot(a, a), dot(b, b)];
    const cube = m ** 3 + 3 * m * A + 3 * m * (B + d + 2);
    return cube / d ** 3 + (3 * (m * m + A + B + d)) / d ** 2 + (3 * m) / d + 1;
  };
  return kernel(mu, mu) + kernel(nu, nu) - 2 * kernel(mu, nu);
}

const sets = fc
  .record({
    dimension: fc.integer({ min: 1, max: 9 }),
    n: fc.integer({ min: 2, max: 14 }),
    m: fc.integer({ min: 2, max: 14 }),
    seed: fc.integer(),
  })
  .map(({ dimension, n, m, seed }) => {
    const random = seededRandom(seed);
    const means = Array.from({ length: dimension }, () => deviate(random));
    return {
      generated: normals(random, n, means),
      real: normals(random, m, new Array<number>(dimension).fill(0)),
      n,
      m,
    };
  });

test("estimate and jackknife are those of the definition with each row left out in turn", () => {
  fc.assert(
    fc.property(sets, ({ generated, real, n, m }) => {
      const { distance, standardError } = kernelDistance({ generated, real });
      const [x, y] = [rowsOf(generated), rowsOf(real)];
      const scale = 1 + Math.abs(naive(x, x.concat(y)));
      expect(Math.abs(distance.estimate - naive(x, y)) / scale).toBeLessThan(1e-10);
      if (Math.min(n, m) < 10) {
        expect(standardError).toBeNull();
        expect(distance).toMatchObject({ low: null, high: null });
        expect(distance.reason).toContain("too few");
        return;
      }
      const variance = (estimates: number[]) =>
        ((estimates.length - 1) / estimates.length) *
        estimates.reduce((sum, value) => sum + (value - mean(estimates)) ** 2, 0);
      const expected = Math.sqrt(
        variance(x.map((_, i) => naive(x.toSpliced(i, 1), y))) + variance(y.map((_, j) => naive(x, y.toSpliced(j, 1)))),
      );
      expect(standardError! / expected).toBeCloseTo(1, 6);
      expect(distance.high! - distance.estimate).toBeCloseTo(1.959963984540054 * standardError!, 9);
    }),
    { numRuns: 50 },
  );
});

test("float32 features give what the same numbers in float64 give, and exchanging the sets changes nothing", () => {
  const random = seededRandom(1);
  const single = (set: Features): Features => ({ ...set, values: Float32Array.from(set.values) });
  const [a, b] = [single(normals(random, 20, [0, 0, 0])), single(normals(random, 30, [1, 0, 0]))];
  const double = (set: Features): Features => ({ ...set, values: Float64Array.from(set.values) });
  const one = kernelDistance({ generated: a, real: b });
  expect(kernelDistance({ generated: double(a), real: double(b) })).toEqual(one);
  const back = kernelDistance({ generated: b, real: a });
  expect(back.distance.estimate).toBeCloseTo(one.distance.estimate, 10);
  expect(back.standardError).toBeCloseTo(one.standardError!, 10);
});

test.each([
  ["equal distributions", 0, 0, [0.97, 1]],
  ["a small shift", 0.5, 0.3, [0.94, 1]],
  ["a large shift", 0.5, 1, [0.91, 0.99]],
] as const)(
  "%s: the mean over samples is the value from moments, and intervals cover it as often as they say",
  (_, base, shift, range) => {
    const random = seededRandom(7);
    const mu = new Array<number>(8).fill(base);
    const nu = mu.map((value, c) => (c < 2 ? value + shift : value));
    const expected = truth(mu, nu);
    const estimates: number[] = [];
    let covered = 0;
    for (let draw = 0; draw < 200; draw++) {
      const { distance } = kernelDistance({ generated: normals(random, 40, nu), real: normals(random, 30, mu) });
      estimates.push(distance.estimate);
      if (distance.low! <= expected && expected <= distance.high!) covered++;
    }
    const error = standardDeviation(estimates) / Math.sqrt(estimates.length);
    expect(Math.abs(mean(estimates) - expected)).toBeLessThan(3 * error);
    if (shift === 0) {
      const negative = estimates.filter((value) => value < 0).length / estimates.length;
      expect(negative).toBeGreaterThan(0.35);
      expect(negative).toBeLessThan(0.75);
    } else expect(expected).toBeGreaterThan(5 * error);
    expect(covered / estimates.length).toBeGreaterThan(range[0]);
    expect(covered / estimates.length).toBeLessThanOrEqual(range[1]);
  },
);

test("the plain bootstrap is biased by the pairs of a row with itself, which is why it is not used", () => {
  const random = seededRandom(8);
  const zeros = new Array<number>(64).fill(0);
  const [generated, real] = [normals(random, 30, zeros), normals(random, 30, zeros)];
  const draw = (rows: number[][]) => rows.map(() => rows[Math.floor(random() * rows.length)]);
  const [x, y] = [rowsOf(generated), rowsOf(real)];
  const resampled = Array.from({ length: 100 }, () => naive(draw(x), draw(y)));
  const { distance, standardError } = kernelDistance({ generated, real });
  // E k(x, x) = E (chi²/64 + 1)³, about 8.4, against E k(x, x') of about 1.05: about 7.3 / 30 of either set.
  expect(mean(resampled) - distance.estimate).toBeGreaterThan(0.4);
  expect(mean(resampled) - distance.estimate).toBeGreaterThan(5 * standardError!);
});

test("the mean over subsets is the mean of naive distances of subsets, near the whole sets' by seed", () => {
  const random = seededRandom(9);
  const [generated, real] = [normals(random, 60, [0.5, 0, 0, 0]), normals(random, 50, [0, 0, 0, 0])];
  const at = (size: number, count: number, seed = 1) =>
    kernelDistance({ generated, real, subsets: { size, count, seed } }).subsets!;
  const whole = kernelDistance({ generated, real }).distance.estimate;
  const many = at(20, 2000);
  expect(Math.abs(many.mean - whole)).toBeLessThan((4 * many.standardDeviation) / Math.sqrt(2000));
  expect(at(20, 50)).toEqual(at(20, 50));
  expect(at(20, 50).mean).not.toBe(at(20, 50, 2).mean);
  expect(kernelDistance({ generated, real, subsets: { size: 10, seed: 1 } }).subsets!.count).toBe(100);
  expect(kernelDistance({ generated, real }).subsets).toBeNull();

  // Subsets as large as the sets are the sets.
  const equal = { values: generated.values.slice(0, 200), dimension: 4 };
  const all = kernelDistance({ generated: equal, real, subsets: { size: 50, count: 3, seed: 1 } });
  expect(all.subsets!.mean).toBeCloseTo(all.distance.estimate, 10);
  expect(all.subsets!.standardDeviation).toBeCloseTo(0, 10);

  // Of two rows from three there are nine pairs of subsets; each subset's distance must be one of theirs.
  const [x, y] = [rowsOf(generated).slice(0, 3), rowsOf(real).slice(0, 3)];
  const pairs = x.flatMap((_, i) => y.map((__, j) => naive(x.toSpliced(i, 1), y.toSpliced(j, 1))));
  const tiny = (rows: number[][]): Features => ({ values: Float64Array.from(rows.flat()), dimension: 4 });
  const two = kernelDistance({ generated: tiny(x), real: tiny(y), subsets: { size: 2, count: 3000, seed: 1 } })
    .subsets!;
  expect(Math.abs(two.mean - mean(pairs))).toBeLessThan((4 * two.standardDeviation) / Math.sqrt(3000));
  const spread = Math.sqrt(pairs.reduce((sum, value) => sum + (value - mean(pairs)) ** 2, 0) / pairs.length);
  expect(two.standardDeviation / spread).toBeCloseTo(1, 1);
});

test("what has no distance is refused", () => {
  const random = seededRandom(10);
  const good = normals(random, 12, [0, 0, 0]);
  const bad: Features[] = [
    normals(random, 1, [0, 0, 0]),
    normals(random, 12, [0, 0]),
    { values: new Float32Array(10), dimension: 3 },
    { values: Float32Array.of(1, 2, 3, 4, Number.NaN, 6), dimension: 3 },
  ];
  for (const set of bad) {
    expect(refusal(() => kernelDistance({ generated: set, real: good }))).toBe("STATISTIC_UNSUPPORTED");
    expect(refusal(() => kernelDistance({ generated: good, real: set }))).toBe("STATISTIC_UNSUPPORTED");
  }
  const sets = { generated: good, real: good };
  for (const subsets of [{ size: 13 }, { size: 1 }, { size: 2.5 }, { size: 5, count: 1 }]) {
    expect(refusal(() => kernelDistance({ ...sets, subsets: { seed: 1, ...subsets } }))).toBe("STATISTIC_UNSUPPORTED");
  }
  expect(refusal(() => kernelDistance({ ...sets, level: 95 }))).toBe("STATISTIC_UNSUPPORTED");
});
