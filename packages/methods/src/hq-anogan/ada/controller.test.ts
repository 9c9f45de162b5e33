/** @file The controller against the figures of the source. */
import { expect, test } from "vitest";
import { adjustProbability } from "./controller.ts";

test("moves by 1.28e-4 at a batch of 16, towards what the signs ask for", () => {
  expect(adjustProbability(0.3, 1, { batch: 16 }) - 0.3).toBeCloseTo(1.28e-4, 12);
  expect(adjustProbability(0.3, 0.61, { batch: 16 }) - 0.3).toBeCloseTo(1.28e-4, 12);
  expect(adjustProbability(0.3, 0.59, { batch: 16 }) - 0.3).toBeCloseTo(-1.28e-4, 12);
  expect(adjustProbability(0.3, 0.6, { batch: 16 })).toBe(0.3);
});

test("reaches a half in 250 000 images, or in 50 000 where it is tuning", () => {
  for (const [kimg, images] of [
    [500, 250_000],
    [100, 50_000],
  ]) {
    let p = 0;
    let seen = 0;
    while (p < 0.5 - 1e-9) {
      p = adjustProbability(p, 1, { batch: 16, kimg });
      seen += 16 * 4;
    }
    expect(Math.abs(seen - images)).toBeLessThanOrEqual(64);
  }
});

test("stays between 0 and 1", () => {
  expect(adjustProbability(5e-5, -1, { batch: 16 })).toBe(0);
  expect(adjustProbability(0, -1, { batch: 16 })).toBe(0);
  expect(adjustProbability(1 - 5e-5, 1, { batch: 16 })).toBe(1);
  expect(adjustProbability(1, 1, { batch: 16 })).toBe(1);
});
