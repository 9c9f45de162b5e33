import { type Dataset, phantomSet } from "@hale/data";
import { methodNamed } from "@hale/methods";
import { expect, test } from "vitest";
import { partition } from "../partition.ts";
import { memoryFiles } from "../run/memory-files.ts";
import { type RunImages, readRunImages } from "../run/run-images.ts";
import { keepImages, readKeptImages } from "./kept-images.ts";
import { folderData, phantomData } from "./tab-data.ts";

const options = {
  seed: 1,
  size: 32,
  counts: { trainNormal: 30, unlabelled: 6, valNormal: 8, testNormal: 2, testAbnormal: 2 },
};
const data = phantomData(options);
const split = { seed: 4, falseAlarmRate: 0.2 };
const parts = (dataset: Dataset) => partition(dataset, split);
const settings = { size: 32, channels: 1, corrupt: "refuse" } as const;
const read = () => readRunImages(parts(data.dataset), methodNamed("sagan"), settings, data.source);

/** Of each part the pixels alone. */
const pixels = ({ train, unlabelled, selection, threshold }: RunImages) =>
  [train, unlabelled, selection, threshold].map(({ images }) => images);

test("what is kept comes back: images, looks, pictures of the threshold, and the same division", async () => {
  const files = memoryFiles("run");
  const images = await read();
  await keepImages(files, data, images, "refuse");
  const kept = (await readKeptImages(files))!;
  expect(pixels(kept.images)).toEqual(pixels(images));
  expect(kept.images.looks.descriptions).toEqual(images.looks.descriptions);
  expect(kept.images.looks.prints).toEqual(images.looks.prints);
  const again = parts(kept.dataset);
  for (const part of ["train", "unlabelled", "selection", "threshold"] as const)
    expect(again[part], part).toEqual(kept.images[part].items);
  const raster = async ({ source }: typeof data, items: RunImages["threshold"]["items"]) =>
    (await source.read(items, (one) => one, { corrupt: "refuse" })).images;
  expect(await raster(kept, kept.images.threshold.items)).toEqual(await raster(data, images.threshold.items));
  // Which images are of one patient is kept, who that is is not.
  const groups = (clusters: string[]) => clusters.map((cluster) => clusters.indexOf(cluster));
  expect(groups(kept.images.looks.clusters)).toEqual(groups(images.looks.clusters));
});

test("no name of a file or patient is kept", async () => {
  const files = memoryFiles("run");
  await keepImages(files, data, await read(), "refuse");
  const all = await Promise.all((await files.within("images").list()).map((file) => files.within("images").read(file)));
  const text = all.map((bytes) => Array.from(bytes!, (byte) => String.fromCharCode(byte)).join("")).join("");
  for (const { patient, name } of phantomSet(options)) {
    expect(text).not.toContain(patient);
    expect(text).not.toContain(name);
  }
});

test("a keeping that was cut off is none, and a damaged one is refused", async () => {
  const files = memoryFiles("run");
  await keepImages(files, data, await read(), "refuse");
  const folder = files.within("images");
  await folder.write("train.f32", new Uint8Array(8));
  await expect(readKeptImages(files)).rejects.toMatchObject({ code: "CHECKPOINT_CORRUPT" });
  await folder.remove("record.json");
  expect(await readKeptImages(files)).toBeNull();
});

test("a chosen folder is read as one on disk is, and scans and missing files are refused", async () => {
  const blob = new Blob(["x"]);
  const reader = {
    picture: async () => ({ width: 1, height: 1, channels: 1, maxValue: 255, data: new Uint8Array(1) }) as const,
  };
  const files = ["normal/a.png", "normal/b.png", "abnormal/c.png", ".hidden/d.png"].map((path) => ({
    path: `set/${path}`,
    blob,
  }));
  const { dataset, source } = await folderData(files, reader);
  expect(dataset).toMatchObject({ name: "set" });
  expect(dataset.items.map(({ path, label }) => [path, label])).toEqual([
    ["abnormal/c.png", 1],
    ["normal/a.png", 0],
    ["normal/b.png", 0],
  ]);
  expect((await source.read(dataset.items, ({ data }) => data.length, { corrupt: "refuse" })).images).toEqual([
    1, 1, 1,
  ]);
  const manifest = new Blob(["path,label,split\nnormal/a.png,0,train\nnormal/none.png,0,train\n"]);
  await expect(folderData([...files, { path: "set/split.csv", blob: manifest }], reader)).rejects.toMatchObject({
    code: "DATASET_INVALID",
    fault: expect.stringContaining("none.png"),
  });
  await expect(folderData([{ path: "set/normal/a.nii.gz", blob }], reader)).rejects.toMatchObject({
    code: "DATASET_INVALID",
    fault: expect.stringContaining("scans"),
  });
});
