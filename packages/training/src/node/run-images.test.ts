/** @file The images of a run, part by part: read once, odd ones named, those of the threshold kept as they were. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageStore, openDataset, readImages, writePhantomSet } from "@hale/data/node";
import { methodNamed } from "@hale/methods";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countReads } from "../../../data/src/node/reads-fixture.ts";
import { type Partition, partition } from "../partition.ts";
import { readRunImages } from "../run/run-images.ts";
import { storedImages } from "./train.ts";

const settings = { size: 16, channels: 1, corrupt: "refuse" } as const;
let root = "";
let parts: Partition;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-run-images-"));
  const counts = { trainNormal: 12, unlabelled: 4, valNormal: 4, testNormal: 2, testAbnormal: 2 };
  await writePhantomSet(root, { seed: 5, size: 32, counts });
  parts = partition((await openDataset(root)).dataset, { seed: 1, falseAlarmRate: 0.25 });
});
afterAll(() => rm(root, { recursive: true }));

test("every part is read in its order and prepared, and progress counts over all of them", async () => {
  const seen: [number, number][] = [];
  const images = await readRunImages(parts, methodNamed("sagan"), settings, storedImages(new ImageStore()), (...at) =>
    seen.push(at),
  );
  for (const name of ["train", "unlabelled", "selection", "threshold"] as const) {
    expect(images[name].items, name).toEqual(parts[name]);
    expect(images[name].images.map(({ length }) => length)).toEqual(parts[name].map(() => 256));
  }
  const total = parts.train.length + parts.unlabelled.length + parts.selection.length + parts.threshold.length;
  expect(seen).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]));
  expect([images.skipped, images.notes]).toEqual([[], []]);
});

test("those of the threshold are not decoded again, and the others are not held on to", async () => {
  const store = new ImageStore();
  await readRunImages(parts, methodNamed("sagan"), settings, storedImages(store));
  const { counts, stop } = countReads();
  await readImages(parts.threshold, () => 0, { store, keep: true });
  expect(counts.size).toBe(0);
  await readImages(parts.train, () => 0, { store });
  stop();
  expect(counts.size).toBe(parts.train.length);
});

test("a fit does not even read unlabelled images", async () => {
  const images = await readRunImages(parts, methodNamed("knn"), settings, storedImages(new ImageStore()));
  expect(images.unlabelled.images).toEqual([]);
  expect(images.train.images).toHaveLength(parts.train.length);
});

test("a method that learns from unlabelled images is refused without any", async () => {
  const none = { ...parts, unlabelled: [] };
  await expect(
    readRunImages(none, methodNamed("sagan"), settings, storedImages(new ImageStore())),
  ).rejects.toMatchObject({
    code: "DATASET_INVALID",
  });
  expect(
    (await readRunImages(none, methodNamed("autoencoder"), settings, storedImages(new ImageStore()))).unlabelled.images,
  ).toEqual([]);
});

test("damaged images are refused, or left out and named", async () => {
  const [first, ...others] = parts.train;
  const file = join(root, "broken.png");
  await writeFile(file, "no picture");
  const damaged = { ...parts, train: [{ ...first, path: "broken.png", file }, ...others] };
  const read = (corrupt: "refuse" | "skip") =>
    readRunImages(damaged, methodNamed("autoencoder"), { ...settings, corrupt }, storedImages(new ImageStore()));
  await expect(read("refuse")).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  const { train, skipped } = await read("skip");
  expect(train.items).toEqual(others);
  expect(train.images).toHaveLength(others.length);
  expect(skipped.map(({ path }) => path)).toEqual(["broken.png"]);
});
