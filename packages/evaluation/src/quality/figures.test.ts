/** @file Figures of generation quality: what equal sets, copies, a few copies, and samples of another kind come to. */
import { Random } from "@hale/core";
import { expect, test } from "vitest";
import { type FigureOptions, generationFigures } from "./figures.ts";

const random = new Random(8, "rows");
const rows = (count: number, shift = 0) =>
  Array.from({ length: count }, () => random.normals(6).map((value) => value + shift + 1));
const ids = (count: number) => Array.from({ length: count }, (_, i) => `patient ${i}`);
const real = { training: rows(60), heldOut: rows(40), heldOutClusters: ids(40) };
const figures = (samples: Float32Array[], others: Partial<FigureOptions> = {}) =>
  generationFigures({ samples, ...real, seed: 3, ...others });

test("samples of the same distribution are level with the floor, and nothing is said against them", async () => {
  const found = await figures(rows(120));
  expect(found.warning).toBeNull();
  expect(found.caution).toBeNull();
  for (const { kid, precision, recall } of [found.heldOut, found.training, found.floor]) {
    expect(kid.distance.low!).toBeLessThan(0);
    expect(kid.distance.high!).toBeGreaterThan(0);
    for (const share of [precision, recall]) expect(share.value).toBeGreaterThan(0.7);
  }
  expect(found.heldOut).toMatchObject({ kid: { generated: 120, real: 40 }, balls: { precision: 40, recall: 60 } });
  expect([found.heldOut.precision.trials, found.heldOut.recall.trials]).toEqual([120, 40]);
  expect(found.training).toMatchObject({ kid: { generated: 120, real: 60 }, balls: { precision: 60, recall: 60 } });
  expect(found.floor).toMatchObject({ kid: { generated: 60, real: 40 }, balls: { precision: 40, recall: 60 } });
});

test("copies of training images are flagged, though KID and precision find nothing wrong with them", async () => {
  const copies = Array.from({ length: 90 }, (_, i) => real.training[i % 60].map((value) => value + 1e-3));
  const found = await figures(copies);
  expect(found.training.precision.value).toBe(1);
  expect(found.memorisation.superiority.estimate).toBe(1);
  expect(found.warning).toMatch(/nearer to training images than held-out normals are, and 90 samples .*copies/);
  expect([...found.memorisation.generated.index.slice(0, 3)]).toEqual([0, 1, 2]);
});

test("some copies among others are flagged by how many samples are nearer than every held-out normal", async () => {
  const found = await figures([...real.training.slice(0, 24), ...rows(96, 0.4)]);
  expect(found.memorisation.superiority.low!).toBeLessThan(0.5);
  expect(found.warning).toMatch(/^2\d samples are nearer .*where 2\.9 would be expected: some may be copies\.$/);
});

test("samples of another kind are far from the floor", async () => {
  const { heldOut, floor } = await figures(rows(80, 2));
  expect(heldOut.kid.distance.low!).toBeGreaterThan(floor.kid.distance.high!);
  expect(heldOut.precision.high).toBeLessThan(floor.precision.low);
});

test("the features' units do not matter, nor does who asks twice", async () => {
  const samples = rows(50);
  const first = await figures(samples);
  expect(await figures(samples)).toEqual(first);
  const larger = (set: Float32Array[]) => set.map((row) => row.map((value) => 64 * value));
  const scaled = await figures(larger(samples), { training: larger(real.training), heldOut: larger(real.heldOut) });
  expect(scaled.scale).toBeCloseTo(64 * first.scale, 3);
  expect(scaled.heldOut.kid.distance.estimate).toBeCloseTo(first.heldOut.kid.distance.estimate, 5);
});

test("several images of a patient are cautioned against, too few of anything are refused", async () => {
  const found = await figures(rows(20), { heldOutClusters: ids(40).map((_, i) => `patient ${i % 20}`) });
  expect(found.caution).toMatch(/40 held-out normals are of 20 patients/);
  for (const few of [{ training: rows(3) }, { heldOut: rows(3), heldOutClusters: ids(3) }])
    await expect(figures(rows(20), few)).rejects.toMatchObject({ code: "STATISTIC_UNSUPPORTED" });
  await expect(figures(rows(3))).rejects.toThrow(/3 samples, too few/);
});

test("progress ends at a hundred and never goes back", async () => {
  const seen: number[] = [];
  await figures(rows(20), { onProgress: (percent) => void seen.push(percent) });
  expect(seen.at(-1)).toBe(100);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});
