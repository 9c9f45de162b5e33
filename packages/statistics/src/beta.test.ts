import { expect, test } from "vitest";
import { betaProbability, betaQuantile, logGamma } from "./beta.ts";
import { refusal } from "./test-support.ts";

// Golden numbers: scipy 1.17.1, special.gammaln(x), special.betainc(a, b, x) and special.betaincinv(a, b, p).
function relativelyClose(value: number, golden: number) {
  expect(Math.abs(value / golden - 1)).toBeLessThan(1e-9);
}

test.each([
  [0.1, 2.252712651734206],
  [1.5, -0.12078223763524526],
  [10, 12.801827480081469],
  [1e5, 1051287.7089736569],
])("log-gamma of %f is %f", (x, golden) => relativelyClose(logGamma(x), golden));

test.each([
  [0.5, 2, 3, 0.6875],
  [0.01, 0.5, 0.5, 0.06376856085851985],
  [0.05, 5, 96, 0.5640186993142899],
  [0.1, 1000, 9001, 0.5048759163093219],
  [0.5, 1e5, 1e5, 0.5],
  [1e-6, 1, 1e5, 0.09516262720594036],
])("a Beta variable is at most %f with parameters %f and %f with probability %f", (x, a, b, golden) =>
  relativelyClose(betaProbability(x, a, b), golden),
);

test.each([
  [0.025, 5, 95, 0.016599911329843488],
  [0.975, 5, 95, 0.10022790656874934],
  [0.025, 1, 19, 0.0013316288041794228],
  [0.975, 1000, 9001, 0.10594431650725089],
  [0.5, 0.5, 0.5, 0.5],
  [0.975, 1, 1e5, 3.68881141579242e-5],
])("the %f quantile of Beta(%f, %f) is %f", (p, a, b, golden) => relativelyClose(betaQuantile(p, a, b), golden));

test("probability runs from 0 to 1, and impossible arguments are refused", () => {
  expect(betaProbability(0, 2, 3)).toBe(0);
  expect(betaProbability(1, 2, 3)).toBe(1);
  expect(refusal(() => betaProbability(1.5, 2, 3))).toBe("STATISTIC_UNSUPPORTED");
  expect(refusal(() => betaProbability(0.5, 0, 3))).toBe("STATISTIC_UNSUPPORTED");
  expect(refusal(() => betaQuantile(1, 2, 3))).toBe("STATISTIC_UNSUPPORTED");
});
