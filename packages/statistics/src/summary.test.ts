import { expect, test } from "vitest";
import { histogram, mean, quantile, standardDeviation } from "./summary.ts";
import { refusal } from "./test-support.ts";

// Golden numbers: numpy 2.4.6, np.quantile(values, 0.3) and np.histogram(values, 4).
const VALUES = [3, 1, 4, 1, 5, 9];

test("mean and sample standard deviation are the textbook's", () => {
  expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
  expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
});

test("quantiles interpolate as NumPy's do and leave the input alone", () => {
  const values = [...VALUES];
  expect(quantile(values, 0.3)).toBeCloseTo(2, 12);
  expect([quantile(values, 0), quantile(values, 0.5), quantile(values, 1)]).toEqual([1, 3.5, 9]);
  expect(values).toEqual(VALUES);
});

test("histogram bins are NumPy's, the last one closed", () => {
  expect(histogram(VALUES, 4)).toEqual({ edges: [1, 3, 5, 7, 9], counts: [2, 2, 1, 1] });
  expect(histogram(VALUES, 2, [0, 4])).toEqual({ edges: [0, 2, 4], counts: [2, 2] });
  expect(histogram([2, 2], 1)).toEqual({ edges: [1.5, 2.5], counts: [2] });
});

test("too few values, NaN and empty ranges are refused", () => {
  const works = [
    () => mean([]),
    () => standardDeviation([1]),
    () => quantile([1, Number.NaN], 0.5),
    () => quantile([1], 2),
    () => histogram([1], 0),
    () => histogram([1], 2, [3, 1]),
    () => histogram([1, Infinity], 2),
  ];
  for (const work of works) expect(refusal(work)).toBe("STATISTIC_UNSUPPORTED");
});
