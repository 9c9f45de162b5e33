import fc from "fast-check";
import { expect, test } from "vitest";
import { exactProportion } from "../proportion.ts";
import { type Random, seededRandom } from "../random.ts";
import { mean, standardDeviation } from "../summary.ts";
import { deviate, refusal } from "../test-support.ts";
import type { Features } from "./nearest.ts";
import { precisionRecall } from "./precision-recall.ts";

function normals(random: Random, rows: number, dimension: number, { centre = 0, scale = 1 } = {}): Features {
  const values = Float64Array.from({ length: rows * dimension }, () => centre + scale * deviate(random));
  return { values, dimension };
}

const rowsOf = ({ values, dimension }: Features) =>
  Array.from({ length: values.length / dimension }, (_, i) =>
    Array.from(values.slice(i * dimension, (i + 1) * dimension)),
  );

const squared = (a: number[], b: number[]) => a.reduce((sum, x, c) => sum + (x - b[c]) ** 2, 0);

/** The definitions, by sorting. */
function naive(generated: number[][], real: number[][], k: number) {
  const radii = (rows: number[][]) =>
    rows.map(
      (x, i) =>
        rows
          .toSpliced(i, 1)
          .map((y) => squared(x, y))
          .sort((a, b) => a - b)[k - 1],
    );
  const [R, G] = [radii(real), radii(generated)];
  const counts = generated.map((y) => real.filter((x, i) => squared(x, y) <= R[i]).length);
  return {
    precision: counts.filter((balls) => balls > 0).length / generated.length,
    recall: real.filter((x) => generated.some((y, j) => squared(x, y) <= G[j])).length / real.length,
    density: counts.reduce((a, b) => a + b) / (k * generated.length),
    coverage: real.filter((x, i) => generated.some((y) => squared(x, y) <= R[i])).length / real.length,
    counts,
    radii: R,
  };
}

/** Small whole numbers, so that equal rows and points on the border abound. */
const tied = fc
  .array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 2 }), { minLength: 5, maxLength: 25 })
  .map((rows): Features => ({ values: Float32Array.from(rows.flat()), dimension: 2 }));

test("all four and their intervals are those of the definitions", () => {
  fc.assert(
    fc.property(tied, tied, fc.integer({ min: 1, max: 4 }), (generated, real, k) => {
      const [y, x] = [rowsOf(generated), rowsOf(real)];
      const expected = naive(y, x, k);
      const result = precisionRecall({ generated, real, k });
      const { precision, recall, density, coverage } = result;
      expect(precision.value).toBeCloseTo(expected.precision, 12);
      expect(recall.value).toBeCloseTo(expected.recall, 12);
      expect(density.estimate).toBeCloseTo(expected.density, 12);
      expect(coverage.estimate).toBeCloseTo(expected.coverage, 12);
      expect(precision).toEqual(exactProportion(precision.successes, y.length));

      // Coverage of the same balls without each generated row in turn.
      const without = y.map((_, j) => {
        const rest = y.toSpliced(j, 1);
        return x.filter((row, i) => rest.some((other) => squared(row, other) <= expected.radii[i])).length / x.length;
      });
      const variance =
        ((y.length - 1) / y.length) * without.reduce((sum, value) => sum + (value - mean(without)) ** 2, 0);
      if (y.length < 10 || variance < 1e-20) expect(coverage).toMatchObject({ low: null, high: null });
      else {
        const reach = 1.959963984540054 * Math.sqrt(variance);
        expect(coverage.low).toBeCloseTo(Math.max(0, expected.coverage - reach), 9);
        expect(coverage.high).toBeCloseTo(Math.min(1, expected.coverage + reach), 9);
      }
      if (y.length < 10 || standardDeviation(expected.counts) === 0) expect(density.reason).not.toBeNull();
      else {
        const relative = standardDeviation(expected.counts) / Math.sqrt(y.length) / mean(expected.counts);
        expect(density.high! / density.estimate).toBeCloseTo(Math.exp(1.959963984540054 * relative), 9);
        expect(density.low! * density.high!).toBeCloseTo(density.estimate ** 2, 9);
      }
    }),
  );
});

test("a tight subset has precision 1 and low recall, a superset the reverse", () => {
  const random = seededRandom(1);
  const real = normals(random, 300, 4);
  const tight = normals(random, 300, 4, { scale: 0.2 });
  const wide = normals(random, 300, 4, { scale: 4 });
  const subset = precisionRecall({ generated: tight, real });
  expect(subset.precision.value).toBe(1);
  expect(subset.recall.value).toBeLessThan(0.1);
  expect(subset.coverage.estimate).toBeLessThan(0.4);
  expect(subset.density.estimate).toBeGreaterThan(1.1);
  const superset = precisionRecall({ generated: wide, real });
  expect(superset.precision.value).toBeLessThan(0.1);
  expect(superset.recall.value).toBeGreaterThan(0.95);
  // Exchanging the sets exchanges precision and recall.
  const back = precisionRecall({ generated: real, real: tight });
  expect([back.precision, back.recall]).toEqual([subset.recall, subset.precision]);
});

test("copies of the real rows have precision, recall and coverage 1; far rows 0 without a false interval", () => {
  const real = normals(seededRandom(2), 40, 3);
  const same = precisionRecall({ generated: real, real });
  expect([same.precision.value, same.recall.value, same.coverage.estimate]).toEqual([1, 1, 1]);
  const far = precisionRecall({ generated: normals(seededRandom(3), 40, 3, { centre: 100 }), real });
  expect([far.precision.value, far.recall.value]).toEqual([0, 0]);
  expect(far.precision.high).toBeCloseTo(1 - 0.025 ** (1 / 40), 10);
  for (const figure of [far.density, far.coverage]) {
    expect(figure).toMatchObject({ estimate: 0, low: null, high: null });
    expect(figure.reason).toContain("scatter");
  }
});

test("for equal distributions precision equals recall, density is 1 and coverage its closed form", () => {
  const random = seededRandom(4);
  const [n, m, k, draws] = [30, 40, 3, 300];
  const results = Array.from({ length: draws }, () =>
    precisionRecall({ generated: normals(random, m, 4), real: normals(random, n, 4), k }),
  );
  const squareResults = Array.from({ length: draws }, () =>
    precisionRecall({ generated: normals(random, n, 4), real: normals(random, n, 4), k }),
  );
  const close = (values: number[], expected: number) =>
    expect(Math.abs(mean(values) - expected)).toBeLessThan((3.5 * standardDeviation(values)) / Math.sqrt(draws));
  // A generated row is as likely as any other to be among the k nearest of n: k / n, for n balls, over k.
  close(
    results.map(({ density }) => density.estimate),
    1,
  );
  close(
    results.map(({ coverage }) => coverage.estimate),
    1 - (29 * 28 * 27) / (69 * 68 * 67),
  );
  close(
    squareResults.map(({ precision, recall }) => precision.value - recall.value),
    0,
  );
});

test("95 % intervals cover the figure that other samples of the generator have on average, about as often", () => {
  const random = seededRandom(5);
  const figures = ["precision", "density", "coverage"] as const;
  const covered = { precision: 0, density: 0, coverage: 0 };
  const figureOf = (figure: { estimate: number } | { value: number }) =>
    "value" in figure ? figure.value : figure.estimate;
  const [sets, draws] = [6, 80];
  for (let set = 0; set < sets; set++) {
    const real = normals(random, 50, 4);
    const sample = () => precisionRecall({ generated: normals(random, 50, 4, { centre: 0.5 }), real });
    const results = Array.from({ length: draws }, sample);
    for (const figure of figures) {
      const truth = mean(results.map((result) => figureOf(result[figure])));
      for (const result of results) {
        const { low, high } = result[figure];
        if (low! <= truth && truth <= high!) covered[figure]++;
      }
    }
  }
  for (const figure of figures) {
    expect(covered[figure] / (sets * draws), figure).toBeGreaterThan(0.91);
    expect(covered[figure] / (sets * draws), figure).toBeLessThan(0.995);
  }
});

test("what has no neighbours is refused", () => {
  const good = normals(seededRandom(6), 12, 3);
  const bad: Features[] = [
    normals(seededRandom(7), 1, 3),
    normals(seededRandom(7), 3, 3),
    normals(seededRandom(7), 12, 2),
    { values: new Float32Array(0), dimension: 3 },
    { values: new Float32Array(37), dimension: 3 },
    { values: new Float32Array(36).fill(Number.NaN), dimension: 3 },
  ];
  for (const set of bad) {
    expect(refusal(() => precisionRecall({ generated: set, real: good }))).toBe("STATISTIC_UNSUPPORTED");
    expect(refusal(() => precisionRecall({ generated: good, real: set }))).toBe("STATISTIC_UNSUPPORTED");
  }
  for (const k of [0, 12, 1.5, Number.NaN]) {
    expect(refusal(() => precisionRecall({ generated: good, real: good, k }))).toBe("STATISTIC_UNSUPPORTED");
  }
  expect(refusal(() => precisionRecall({ generated: good, real: good, level: 0 }))).toBe("STATISTIC_UNSUPPORTED");
});
