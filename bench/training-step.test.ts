import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArrays, writeArrays } from "./arrays.ts";
import { median } from "./statistics.ts";
import type { Losses } from "./step.ts";
import { METHODS, stepOf } from "./steps/index.ts";
import { difference, turnTime } from "./training-step.ts";

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

test.each(METHODS)(
  "a turn of %s gives the losses that its peer gives, and each of its programs counts",
  async (method) => {
    const config = { method, width: 8, size: 32, batch: 4, threads: 1, seed: 1 };
    const step = stepOf(method);
    const runner = await step.open(config, step.parameters(config), await step.batches(config, 1));
    expect(Object.keys(runner)).toEqual(Object.keys(step.shares));
    const losses: Losses = {};
    for (const run of Object.values(runner)) Object.assign(losses, await run(0));
    expect(Object.keys(losses).sort()).toEqual([...step.losses].sort());
    expect(Object.values(losses).every(Number.isFinite)).toBe(true);
  },
);

test("a turn's time counts each program by its share", () => {
  expect(turnTime({ ms: { often: 10, rarely: 40 } }, { often: 1, rarely: 1 / 16 })).toBe(12.5);
});

test("HQ-AnoGAN's programs count as often as in its training", () => {
  const { shares } = stepOf("hq-anogan");
  // Of 160 iterations 96 train the generator.
  expect(Object.entries(shares).map(([name, share]) => [name, Math.round(160 * share * 1e9) / 1e9])).toEqual([
    ["generator", 96],
    ["pathLength", 24],
    ["discriminator", 96],
    ["r1", 6],
    ["average", 96],
    ["encoder", 64],
  ]);
});

test("HQ-AnoGAN's batches hold all that its programs take, and some images are augmented", async () => {
  const config = { method: "hq-anogan", width: 8, size: 32, batch: 4, threads: 1, seed: 1 };
  const batches = await stepOf("hq-anogan").batches(config, 2);
  for (const [name, { shape, data }] of batches) expect(data.length, name).toBe(shape.reduce((a, b) => a * b, 1));
  const gains = [...batches].flatMap(([name, { data }]) => (name.includes("/matrix/") ? [...data] : []));
  expect(new Set(gains.map((gain) => gain === 1))).toEqual(new Set([true, false]));
});

test("ProxyAno's batches are images in [0, 1], and some of their proxies are damaged", async () => {
  const config = { method: "proxyano", width: 8, size: 64, batch: 4, threads: 1, seed: 1 };
  const batches = await stepOf("proxyano").batches(config, 4);
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
