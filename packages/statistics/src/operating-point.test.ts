import { expect, test } from "vitest";
import { operatingPoint } from "./operating-point.ts";
import { exactProportion } from "./proportion.ts";
import { refusal } from "./test-support.ts";

// Golden numbers: scipy 1.17.1, stats.binomtest(k, n).proportion_ci(method="exact").
test("exact intervals of proportions agree with SciPy", () => {
  const most = exactProportion(45, 50);
  expect(most.low).toBeCloseTo(0.7818646335657977, 10);
  expect(most.high).toBeCloseTo(0.9667249064109785, 10);
  const none = exactProportion(0, 20);
  expect(none.low).toBe(0);
  expect(none.high).toBeCloseTo(0.16843347098308548, 10);
  expect(exactProportion(20, 20).high).toBe(1);
});

test("a score equal to the threshold is not above it", () => {
  const point = operatingPoint([1, 2, 2, 3, 4], [0, 0, 1, 1, 0], 2);
  expect(point.counts).toEqual({ truePositive: 1, falsePositive: 1, trueNegative: 2, falseNegative: 1 });
  expect(point.sensitivity).toMatchObject({ value: 0.5, successes: 1, trials: 2 });
  expect(point.specificity).toMatchObject({ value: 2 / 3, successes: 2, trials: 3 });
  expect(point.caution).toBeNull();
});

test("normals alone have a specificity and no sensitivity", () => {
  const point = operatingPoint([1, 2], [0, 0], 5);
  expect(point.sensitivity).toBeNull();
  expect(point.specificity?.value).toBe(1);
});

test("several cases of one patient earn a caution", () => {
  const labels = [0, 0, 1];
  expect(operatingPoint([1, 2, 3], labels, 2, { clusters: ["a", "b", "c"] }).caution).toBeNull();
  expect(operatingPoint([1, 2, 3], labels, 2, { clusters: ["a", "a", "c"] }).caution).toContain("3 cases");
});

test("missing scores, thresholds and trials are refused", () => {
  const works = [
    () => operatingPoint([Number.NaN], [0], 1),
    () => operatingPoint([1], [0], Number.NaN),
    () => operatingPoint([1], [0], 1, { clusters: [] }),
    () => exactProportion(0, 0),
    () => exactProportion(1, 2, 1),
  ];
  for (const work of works) expect(refusal(work)).toBe("STATISTIC_UNSUPPORTED");
});
