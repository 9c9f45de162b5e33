/** @file A detector beside controls: pairs, correction, and what may be said. */
import type { ControlResult } from "@hale/data";
import { pairedDifference, seededRandom } from "@hale/statistics";
import { expect, test } from "vitest";
import { compareWithControls } from "./comparisons.ts";

const random = seededRandom(2);
const labels = Array.from({ length: 80 }, (_, i): 0 | 1 => (i < 40 ? 0 : 1));
const clusters = labels.map((_, i) => `patient ${Math.floor(i / 2)}`);
const noisy = (signal: number) => labels.map((label) => signal * label + random());
const interval = { estimate: 0.5, low: null, high: null, reason: "not asked" };
const control = (name: ControlResult["name"], scores: number[]): ControlResult => ({
  name,
  scores,
  auroc: interval,
  averagePrecision: interval,
  direction: "",
});
const settings = { labels, clusters, seed: 1, resamples: 500 };

test("says above or below only where the interval leaves 0 out after Holm's correction", () => {
  const scores = noisy(0.8);
  const nearly = scores.map((score) => score + 0.05 * random());
  const controls = [control("brightness", noisy(0)), control("blur", nearly), control("pca", noisy(6))];
  const [brightness, blur, pca] = compareWithControls({ ...settings, scores, controls });
  expect(brightness).toMatchObject({ control: "brightness", verdict: "above" });
  expect(brightness.difference.low).toBeGreaterThan(0);
  expect(blur.verdict).toBe("undecided");
  expect(pca).toMatchObject({ control: "pca", verdict: "below" });
  // The differences are those of pairs, the smallest p-value times three.
  const options = { first: scores, second: controls[0].scores, metric: "auroc" } as const;
  const alone = pairedDifference({ ...settings, ...options });
  expect(brightness.difference).toEqual(alone.difference);
  expect(brightness.pValue).toBeCloseTo(Math.min(1, 3 * alone.pValue!), 12);
});

test("a difference that is found alone is not found among many of its size", () => {
  const scores = noisy(0.5);
  const weaker = Array.from({ length: 40 }, (_, seed) => ({ seed, scores: noisy(0.15) }));
  const single = weaker
    .map((one) => ({
      one,
      row: compareWithControls({ ...settings, scores, controls: [control("pca", one.scores)] })[0],
    }))
    .find(({ row }) => row.verdict === "above" && row.pValue! > 0.006)!;
  const controls = [control("pca", single.one.scores), ...Array.from({ length: 9 }, () => control("blur", scores))];
  const [row] = compareWithControls({ ...settings, scores, controls });
  expect(row.difference).toEqual(single.row.difference);
  expect(row.verdict).toBe("undecided");
});

test("says nothing where there are too few patients for an interval", () => {
  const few = labels.map((label, i) => `${label} ${i % 3}`);
  const scores = noisy(2);
  const [row] = compareWithControls({ ...settings, clusters: few, scores, controls: [control("blur", noisy(0))] });
  expect(row).toMatchObject({ verdict: "undecided", pValue: null, difference: { low: null } });
  expect(row.difference.estimate).toBeGreaterThan(0.2);
});
