import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArrays, writeArrays } from "./arrays.ts";
import { median } from "./statistics.ts";
import { difference } from "./training-step.ts";

test("losses agree within a thousandth of the larger, and never where one is no number", () => {
  expect(difference(2, 2.0019)).toBeLessThanOrEqual(1);
  expect(difference(2, 2.0021)).toBeGreaterThan(1);
  expect(difference(0, 0.9e-4)).toBeLessThanOrEqual(1);
  expect(difference(0, 1.1e-4)).toBeGreaterThan(1);
  expect(difference(Number.NaN, 1)).toBe(Number.POSITIVE_INFINITY);
});

test("the median of an even number of times is the mean of the middle two", () => {
  expect(median([9, 1, 3, 2])).toBe(2.5);
  expect(median([5, 1, 3])).toBe(3);
});

test("arrays come back from their two files as they were", () => {
  const folder = mkdtempSync(join(tmpdir(), "hale-arrays-"));
  const arrays = new Map([
    ["a/weight", { shape: [2, 1], data: Float32Array.of(1, -2) }],
    ["b", { shape: [], data: Float32Array.of(0.1) }],
  ]);
  writeArrays(join(folder, "x"), arrays);
  expect(readArrays(join(folder, "x"))).toEqual(arrays);
  rmSync(folder, { recursive: true });
});
