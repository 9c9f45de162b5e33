import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArrays, writeArrays } from "./arrays.ts";
import { median } from "./statistics.ts";
import { METHODS, stepOf } from "./steps/index.ts";
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

test.each(METHODS)("a turn of %s gives the losses that its peer gives", async (method) => {
  const config = { method, width: 8, size: 32, batch: 2, threads: 1, seed: 1 };
  const step = stepOf(method);
  const runner = await step.open(config, step.parameters(config), step.batches(config, 1));
  const losses = await runner.run(0);
  expect(Object.keys(losses).sort()).toEqual([...step.losses].sort());
  expect(Object.values(losses).every(Number.isFinite)).toBe(true);
});

test("ProxyAno's batches are images in [0, 1], and some of their proxies are damaged", () => {
  const config = { method: "proxyano", width: 8, size: 64, batch: 4, threads: 1, seed: 1 };
  const batches = stepOf("proxyano").batches(config, 4);
  for (const { data } of batches.values()) {
    expect(Math.min(...data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...data)).toBeLessThanOrEqual(1);
  }
  const changed = Array.from({ length: 16 }, (_, i) => {
    const one = (name: string) =>
      batches.get(`${name}/${i % 4}`)!.data.subarray((i >> 2) * 4096, ((i >> 2) + 1) * 4096);
    return one("damaged").some((v, p) => v !== one("proxy")[p]);
  });
  expect(new Set(changed)).toEqual(new Set([true, false]));
});

test("a method without a step is refused by name", () => {
  expect(() => stepOf("none")).toThrow(/no training step called none/);
});
