import { expect, test } from "vitest";
import { delongTest } from "./delong.ts";
import { pairedDifference } from "./paired.ts";
import { seededRandom } from "./random.ts";
import { deviate, refusal } from "./test-support.ts";

const random = seededRandom(21);
const labels = Uint8Array.from({ length: 200 }, (_, i) => i % 2);
const hidden = Array.from(labels, (label) => 1.5 * label + deviate(random));
const good = hidden.map((score) => score + 0.3 * deviate(random));
const poor = hidden.map((score) => score + 1.5 * deviate(random));
const clusters = Array.from(labels, (_, i) => `patient ${i}`);
const options = { labels, clusters, metric: "auroc", seed: 1 } as const;

test("one image per patient: interval and verdict are close to DeLong's", () => {
  const bootstrap = pairedDifference({ ...options, first: good, second: poor });
  const delong = delongTest(good, poor, labels);
  expect(bootstrap.difference.estimate).toBeCloseTo(delong.difference, 12);
  expect(Math.abs(bootstrap.difference.low! - delong.low)).toBeLessThan(0.01);
  expect(Math.abs(bootstrap.difference.high! - delong.high)).toBeLessThan(0.01);
  expect(bootstrap.pValue).toBeLessThan(0.05);
  expect(delong.pValue).toBeLessThan(0.05);
});

test("a method does not differ from itself", () => {
  const same = pairedDifference({ ...options, first: good, second: good, metric: "averagePrecision" });
  expect(same.difference).toEqual({ estimate: 0, low: 0, high: 0, reason: null });
  expect(same.pValue).toBe(1);
});

test("under ten patients there is a difference, no interval, and the reason", () => {
  const few = pairedDifference({ ...options, first: good, second: poor, clusters: clusters.map((_, i) => `${i % 9}`) });
  expect(few.difference).toMatchObject({ low: null, high: null, reason: expect.stringContaining("9 clusters") });
  expect(few.pValue).toBeNull();
});

test("scores of other cases are refused", () => {
  expect(refusal(() => pairedDifference({ ...options, first: good, second: [1] }))).toBe("STATISTIC_UNSUPPORTED");
});
