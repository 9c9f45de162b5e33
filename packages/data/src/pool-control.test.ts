/** @file The pool's control: its statistics, its minimum, and what it can and cannot tell. */
import { auroc, seededRandom } from "@hale/statistics";
import { describe, expect, test } from "vitest";
import { globalStatistics, poolScores, ridgeLogistic } from "./pool-control.ts";

const SIDE = 16;
const random = seededRandom(3);
const image = (paint: (x: number, y: number) => number) =>
  Float32Array.from({ length: SIDE * SIDE }, (_, i) => paint(i % SIDE, Math.floor(i / SIDE)) + 0.2 * (random() - 0.5));

test("the statistics are those of the whole image", () => {
  const steps = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE) / 8 - 1);
  const [mean, deviation, low, median, high, first, second, away] = globalStatistics(
    steps,
    new Float32Array(SIDE * SIDE),
  );
  expect(mean).toBeCloseTo(-1 / 16, 6);
  expect(deviation).toBeCloseTo(Math.sqrt((((16 ** 2 - 1) / 12 / 64) * 256) / 255), 6);
  expect([low, median, high].map((v) => v.toFixed(4))).toEqual(["-1.0000", "-0.0625", "0.8750"]);
  // An eighth across and nothing down; a plane has no second differences.
  expect(first).toBeCloseTo(1 / 16, 6);
  expect(second).toBeCloseTo(0, 6);
  expect(away).toBeCloseTo(0.5, 6);
});

describe("ridge logistic regression", () => {
  const rows = Array.from({ length: 60 }, () => [random() - 0.5, random() - 0.5, 2 * random()]);
  const targets = rows.map(([a, b]) => (a + 0.5 * b + 0.3 * (random() - 0.5) > 0.1 ? 1 : 0));

  test("has no gradient where it ends", () => {
    const weights = ridgeLogistic(rows, targets, 1);
    const gradient = weights.map((weight, j) => (j === 0 ? 0 : weight));
    rows.forEach((row, i) => {
      const value = weights[0] + row.reduce((sum, v, j) => sum + v * weights[j + 1], 0);
      const off = 1 / (1 + Math.exp(-value)) - targets[i];
      [1, ...row].forEach((v, j) => {
        gradient[j] += off * v;
      });
    });
    for (const value of gradient) expect(Math.abs(value)).toBeLessThan(1e-6);
    expect(weights[1]).toBeGreaterThan(1);
  });

  test("stays finite where the classes are apart, and pulls weights to 0 as the ridge grows", () => {
    const apart = [[-2], [-1], [1], [2]];
    const [, weight] = ridgeLogistic(apart, [0, 0, 1, 1], 1);
    expect(weight).toBeGreaterThan(0.5);
    expect(weight).toBeLessThan(5);
    expect(Math.abs(ridgeLogistic(apart, [0, 0, 1, 1], 1000)[1])).toBeLessThan(0.01);
  });
});

describe("scores by the pool", () => {
  const normal = () => image((x) => 0.3 * Math.sin(x));
  const abnormal = () => image((x, y) => 0.3 * Math.sin(x) + (y < 6 ? 0.25 : 0));
  const many = (count: number, make: () => Float32Array) => Array.from({ length: count }, make);
  const [trainNormals, images] = [many(60, normal), [...many(30, normal), ...many(30, abnormal)]];
  const labels = images.map((_, i): 0 | 1 => (i < 30 ? 0 : 1));
  const areaOf = (pool: Float32Array[]) => auroc(poolScores({ trainNormals, pool, images }), labels);

  test("find what the pool has and train normals have not", () => {
    expect(areaOf([...many(15, normal), ...many(45, abnormal)])).toBeGreaterThan(0.95);
  });

  test("find nothing where the pool is normal: other normals are as like the one as the other", () => {
    const scores = poolScores({ trainNormals, pool: many(60, normal), images: many(80, normal) });
    expect(Math.abs(scores.reduce((a, b) => a + b) / 80)).toBeLessThan(1);
    const halves = scores.map((_, i) => i % 2);
    expect(Math.abs(auroc(scores, [...halves]) - 0.5)).toBeLessThan(0.25);
  });
});
