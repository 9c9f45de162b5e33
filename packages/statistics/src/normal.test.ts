import { expect, test } from "vitest";
import { normalProbability, normalQuantile } from "./normal.ts";

// Golden numbers: scipy 1.17.1, stats.norm.cdf(z) and stats.norm.ppf(p).
test.each([
  [-8, 6.22096057427174e-16],
  [-3.2, 0.0006871379379158471],
  [-1, 0.15865525393145707],
  [0.3, 0.6179114221889526],
  [2.9, 0.998134186699616],
  [3.1, 0.9990323967867817],
])("a standard normal variable is at most %f with probability %f", (z, golden) => {
  expect(Math.abs(normalProbability(z) / golden - 1)).toBeLessThan(1e-11);
});

test.each([
  [0.975, 1.959963984540054],
  [1e-6, -4.753424308822899],
])("the %f quantile of the standard normal is %f", (p, golden) => {
  expect(normalQuantile(p)).toBeCloseTo(golden, 10);
});

test("infinities have probability 0 and 1", () => {
  expect(normalProbability(-Infinity)).toBe(0);
  expect(normalProbability(Infinity)).toBe(1);
  expect(normalProbability(0)).toBe(0.5);
});
