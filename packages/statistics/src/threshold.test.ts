import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "./random.ts";
import { mean } from "./summary.ts";
import { refusal } from "./test-support.ts";
import { normalsNeeded, smallestRate, thresholdFromNormals } from "./threshold.ts";

const ascending = (n: number) => Float64Array.from({ length: n }, (_, i) => i + 1);

test("the threshold is the order statistic k = ceil((n + 1)(1 - rate))", () => {
  expect(thresholdFromNormals(ascending(19), 0.05)).toMatchObject({ threshold: 19, rank: 19, expectedRate: 0.05 });
  expect(thresholdFromNormals(ascending(99), 0.01)).toMatchObject({ threshold: 99, rank: 99, expectedRate: 0.01 });
  expect(thresholdFromNormals(ascending(100), 0.05)).toMatchObject({ threshold: 96, rank: 96 });
});

test("the expected rate never exceeds the rate asked for, and one order statistic lower would", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 999 }), (n, thousandths) => {
      const rate = thousandths / 1000;
      fc.pre(n >= normalsNeeded(rate));
      const { expectedRate, rank, low, high } = thresholdFromNormals(ascending(n), rate);
      expect(expectedRate).toBeLessThanOrEqual(rate + 1e-12);
      if (rank > 1) expect(expectedRate + 1 / (n + 1)).toBeGreaterThan(rate);
      expect(low).toBeLessThan(expectedRate);
      expect(high).toBeGreaterThan(expectedRate);
    }),
  );
});

test("a rate that the normals cannot support is refused, naming what they can and how many it would need", () => {
  expect(refusal(() => thresholdFromNormals(ascending(98), 0.01))).toBe("STATISTIC_UNSUPPORTED");
  expect(() => thresholdFromNormals(ascending(9), 0.01)).toThrow(
    /smallest they support is 0\.1\..*at least 99 normals/,
  );
  expect(normalsNeeded(0.05)).toBe(19);
  expect(smallestRate(19)).toBe(0.05);
});

test("just as many normals as needed suffice, one fewer does not", () => {
  for (const rate of [0.001, 0.01, 0.03, 0.05, 0.07, 0.1, 0.3, 1 / 3, 0.5]) {
    const needed = normalsNeeded(rate);
    expect(refusal(() => thresholdFromNormals(ascending(needed), rate))).toBeUndefined();
    if (needed > 1) expect(refusal(() => thresholdFromNormals(ascending(needed - 1), rate))).toBeDefined();
  }
});

test("over many held-out sets the false-alarm rate averages to the expected one and stays in its interval 95 % of the time", () => {
  const random = seededRandom(3);
  const rates: number[] = [];
  let inside = 0;
  const draws = 4000;
  for (let draw = 0; draw < draws; draw++) {
    const fitted = thresholdFromNormals(Float64Array.from({ length: 60 }, random), 0.1);
    const rate = 1 - fitted.threshold; // Uniform scores: the true false-alarm rate is known.
    rates.push(rate);
    if (draw === 0) expect(fitted.expectedRate).toBeCloseTo(6 / 61, 12);
    const { low, high } = fitted;
    if (rate >= low && rate <= high) inside++;
  }
  expect(Math.abs(mean(rates) - 6 / 61)).toBeLessThan(0.002);
  expect(Math.abs(inside / draws - 0.95)).toBeLessThan(0.012);
});

test("ties only lower the false-alarm rate", () => {
  const random = seededRandom(4);
  const rates: number[] = [];
  for (let draw = 0; draw < 2000; draw++) {
    const scores = Float64Array.from({ length: 40 }, () => Math.floor(random() * 8));
    const { threshold, tied } = thresholdFromNormals(scores, 0.2);
    expect(tied).toBe(scores.filter((score) => score === threshold).length);
    rates.push((7 - threshold) / 8);
  }
  expect(mean(rates)).toBeLessThan(0.2);
});

test("normals of one patient earn a caution; NaN and rates outside (0, 1) are refused", () => {
  expect(thresholdFromNormals([1, 2, 3], 0.5, { clusters: ["a", "a", "b"] }).caution).toContain("2 clusters");
  expect(refusal(() => thresholdFromNormals([1, Number.NaN], 0.5))).toBe("STATISTIC_UNSUPPORTED");
  expect(refusal(() => thresholdFromNormals([1, 2], 0))).toBe("STATISTIC_UNSUPPORTED");
  expect(refusal(() => thresholdFromNormals([], 0.5))).toBe("STATISTIC_UNSUPPORTED");
});
