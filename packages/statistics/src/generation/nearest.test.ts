import fc from "fast-check";
import { expect, test } from "vitest";
import { type Random, seededRandom } from "../random.ts";
import { auroc } from "../ranking.ts";
import { deviate, refusal } from "../test-support.ts";
import { type Features, memorisation, nearestRows, squaredDistance } from "./nearest.ts";

function normals(random: Random, rows: number, dimension: number): Features {
  return { values: Float64Array.from({ length: rows * dimension }, () => deviate(random)), dimension };
}

/** The first `rows` rows. */
const head = ({ values, dimension }: Features, rows: number): Features => ({
  values: values.slice(0, rows * dimension),
  dimension,
});

const join = (a: Features, b: Features): Features => ({
  values: Float64Array.from([...a.values, ...b.values]),
  dimension: a.dimension,
});

/** Small whole numbers, so that equal distances and equal rows abound. */
const tied = (dimension: number) =>
  fc
    .array(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: dimension, maxLength: dimension }), {
      minLength: 1,
      maxLength: 12,
    })
    .map((rows): Features => ({ values: Float32Array.from(rows.flat()), dimension }));

test("the nearest row is that of the naive search, the first where several are equally near", () => {
  fc.assert(
    fc.property(tied(3), tied(3), (queries, references) => {
      const { index, distance } = nearestRows(queries, references);
      for (let i = 0; i < index.length; i++) {
        const distances = Array.from({ length: references.values.length / 3 }, (_, j) =>
          Math.hypot(...[0, 1, 2].map((c) => queries.values[3 * i + c] - references.values[3 * j + c])),
        );
        expect(distance[i]).toBeCloseTo(Math.min(...distances), 12);
        expect(index[i]).toBe(distances.findIndex((other) => Math.abs(other - distance[i]) < 1e-9));
      }
    }),
  );
});

test("long rows have the distances of the plain sum, and a bound stops it only above the bound", () => {
  const a = normals(seededRandom(1), 2, 77);
  const plain = Array.from(a.values.slice(0, 77)).reduce((sum, value, c) => sum + (value - a.values[77 + c]) ** 2, 0);
  expect(squaredDistance(a, 0, a, 1)).toBeCloseTo(plain, 10);
  expect(squaredDistance(a, 0, a, 1, plain + 1e-9)).toBeCloseTo(plain, 10);
  expect(squaredDistance(a, 0, a, 1, 1)).toBeGreaterThan(1);
  expect(squaredDistance(a, 0, a, 1, 1)).toBeLessThan(plain);
});

test("copies of training rows have distance 0, their own rows and a superiority of 1 with an honest interval", () => {
  const random = seededRandom(2);
  const training = normals(random, 60, 8);
  const heldOut = normals(random, 40, 8);
  const result = memorisation({ generated: head(training, 50), training, heldOut, seed: 1 });
  expect(Array.from(result.generated.index)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(result.generated.distance.every((distance) => distance === 0)).toBe(true);
  expect(result.pValues.every((p) => p === 1 / 41)).toBe(true);
  expect(result.nearerThanAll).toBe(50);
  // 40 independent pairs, all won: Clopper and Pearson's lower bound is 0.025^(1 / 40).
  expect(result.superiority).toMatchObject({ estimate: 1, high: 1, reason: null });
  expect(result.superiority.low).toBeCloseTo(0.025 ** (1 / 40), 10);
});

test("a few copies among many samples hardly move the superiority and do show in the samples nearer than all", () => {
  const random = seededRandom(3);
  const training = normals(random, 100, 8);
  const [heldOut, others] = [normals(random, 200, 8), normals(random, 190, 8)];
  const result = memorisation({ generated: join(head(training, 10), others), training, heldOut, seed: 1 });
  expect(Math.abs(result.superiority.estimate - 0.525)).toBeLessThan(0.06);
  expect(result.nearerThanAll).toBeGreaterThanOrEqual(10);
  expect(result.nearerThanAllExpected).toBeCloseTo(200 / 201, 12);
  expect(Array.from(result.pValues.slice(0, 10)).every((p) => p === 1 / 201)).toBe(true);
});

test("the probability of so many samples nearer than all is their share among all orders of samples and held-out images", () => {
  const column = (values: number[]): Features => ({ values: Float32Array.from(values), dimension: 1 });
  const ranks = [1, 2, 3, 4, 5, 6, 7];
  const orders = Array.from({ length: 2 ** 7 }, (_, bits) => ranks.filter((rank) => (bits >> (rank - 1)) & 1))
    .filter((chosen) => chosen.length === 4)
    .map((chosen) => {
      const heldOut = column(ranks.filter((rank) => !chosen.includes(rank)));
      return memorisation({ generated: column(chosen), training: column([0]), heldOut, seed: 1, resamples: 2 });
    });
  expect(orders).toHaveLength(35);
  for (const { nearerThanAll, nearerThanAllChance } of orders) {
    const asMany = orders.filter((other) => other.nearerThanAll >= nearerThanAll);
    expect(nearerThanAllChance).toBeCloseTo(asMany.length / 35, 12);
  }
});

test("the superiority is the share of pairs in which the sample is nearer, ties counting a half", () => {
  fc.assert(
    fc.property(tied(2), tied(2), tied(2), (generated, training, heldOut) => {
      const result = memorisation({ generated, training, heldOut, seed: 1, resamples: 20 });
      const near = Array.from(result.generated.distance);
      const real = Array.from(result.heldOut.distance);
      const wins = near.flatMap((a) => real.map((b): number => (a < b ? 1 : a === b ? 0.5 : 0)));
      expect(result.superiority.estimate).toBeCloseTo(wins.reduce((a, b) => a + b) / wins.length, 12);
      expect(result.superiority.estimate).toBeCloseTo(
        auroc(
          [...real, ...near].map((d) => -d),
          [...real.map(() => 0), ...near.map(() => 1)],
        ),
        12,
      );
      result.pValues.forEach((p, i) => {
        expect(p).toBeCloseTo((1 + real.filter((b) => b <= near[i]).length) / (real.length + 1), 12);
      });
    }),
  );
});

test("without memorising it is 0.5 on average, and 95 % intervals cover the truth about as often", () => {
  const random = seededRandom(4);
  const draws = 200;
  let covered = 0;
  let sum = 0;
  for (let draw = 0; draw < draws; draw++) {
    const [training, generated, heldOut] = [normals(random, 30, 4), normals(random, 60, 4), normals(random, 40, 4)];
    const { estimate, low, high } = memorisation({
      generated,
      training,
      heldOut,
      seed: draw,
      resamples: 300,
    }).superiority;
    sum += estimate / draws;
    if (low! <= 0.5 && 0.5 <= high!) covered++;
  }
  expect(Math.abs(sum - 0.5)).toBeLessThan(0.015); // Standard deviation of one: about 0.06.
  expect(Math.abs(covered / draws - 0.95)).toBeLessThan(0.045);
});

test("held-out images of one patient count as one: the interval widens, and without patients it says so", () => {
  const random = seededRandom(5);
  const [training, generated] = [normals(random, 50, 4), normals(random, 100, 4)];
  const patients = normals(random, 20, 4);
  // Five images a patient, nearly alike.
  const values = Float64Array.from({ length: 400 }, (_, i) => patients.values[4 * Math.floor(i / 20) + (i % 4)]).map(
    (value) => value + 0.01 * deviate(random),
  );
  const options = { generated, training, heldOut: { values, dimension: 4 }, seed: 1 };
  const alone = memorisation(options);
  const grouped = memorisation({
    ...options,
    heldOutClusters: Array.from({ length: 100 }, (_, i) => `patient ${Math.floor(i / 5)}`),
  });
  const width = ({ low, high }: typeof alone.superiority) => high! - low!;
  expect(width(grouped.superiority)).toBeGreaterThan(1.2 * width(alone.superiority));
  expect(grouped.superiority.estimate).toBe(alone.superiority.estimate);
  expect(alone.caution).toContain("patients");
  expect(grouped.caution).toBeNull();
  expect(memorisation(options)).toEqual(alone);
});

test("few samples have an estimate, no interval and the reason", () => {
  const one = (value: number): Features => ({ values: Float32Array.of(value), dimension: 1 });
  const few: Features = { values: Float32Array.of(1, 4), dimension: 1 };
  const { superiority } = memorisation({ generated: one(2), training: one(0), heldOut: few, seed: 1 });
  expect(superiority).toMatchObject({ estimate: 0.5, low: null, high: null });
  expect(superiority.reason).toContain("1 samples and 2 held-out clusters");
  const single = memorisation({ generated: one(0), training: one(0), heldOut: one(1), seed: 1 });
  expect(single.superiority).toMatchObject({ estimate: 1, high: 1 });
  expect(single.superiority.low).toBeCloseTo(0.025, 10);
});

test("what has no nearest row is refused", () => {
  const good = normals(seededRandom(6), 12, 4);
  const bad: Features[] = [
    { values: new Float32Array(0), dimension: 4 },
    { values: new Float32Array(10), dimension: 4 },
    { values: new Float32Array(8), dimension: 2 },
    { values: new Float32Array(8), dimension: 0 },
    { values: new Float32Array(8).fill(Number.NaN), dimension: 4 },
    { values: new Float32Array(8).fill(Infinity), dimension: 4 },
  ];
  for (const set of bad) {
    expect(refusal(() => nearestRows(set, good))).toBe("STATISTIC_UNSUPPORTED");
    expect(refusal(() => nearestRows(good, set))).toBe("STATISTIC_UNSUPPORTED");
  }
  const all = { generated: good, training: good, heldOut: good, seed: 1 };
  expect(refusal(() => memorisation({ ...all, heldOutClusters: ["a"] }))).toBe("STATISTIC_UNSUPPORTED");
  expect(refusal(() => memorisation({ ...all, level: 1 }))).toBe("STATISTIC_UNSUPPORTED");
  expect(refusal(() => memorisation({ ...all, resamples: 0 }))).toBe("STATISTIC_UNSUPPORTED");
});
