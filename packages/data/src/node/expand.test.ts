/** @file From scans to slices where something is amiss: damaged scans and masks, volumes of which only slices are listed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { scoredVolumes } from "../volume-scores.ts";
import { readImages } from "./images.ts";
import { loadDataset } from "./load.ts";
import { INPUT, marked, writeVolumes } from "./volume-fixture.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-expand-"));
});
afterEach(() => rm(root, { recursive: true }));

const load = () => loadDataset(root, { input: INPUT });

test("only whole volumes are scored, and a file with an abnormal slice is not normal", async () => {
  const files = { "a.nii": {}, "b.nii": {}, "c.nii": {}, "m.nii": { at: marked } };
  await writeVolumes(root, files, [
    "a.nii#axial:0,0,test,,",
    "a.nii#axial:1,1,test,,",
    "a.nii#axial:2,,test,,",
    "b.nii,0,test,,",
    "c.nii,1,test,,m.nii",
  ]);
  const { items } = await load();
  const labels = (path: string) => items.flatMap(({ scan }) => (scan!.path === path ? [scan!.label] : []));
  expect(labels("a.nii")).toEqual([1, 1, 1]);
  expect(items.map(({ label }) => label)).toEqual([0, 1, null, 0, 0, 0, 0, 1, 1]);
  const score = (list: typeof items) =>
    scoredVolumes(
      list,
      list.map((_, i) => i),
      { kind: "max" },
    ).map(({ path, label }) => [path, label]);
  expect(score(items)).toEqual([
    ["b.nii", 0],
    ["c.nii", 1],
  ]);
  // Scans of one slice have the threshold of images.
  expect(score(items.map((item) => ({ ...item, scan: { ...item.scan!, single: true } })))).toEqual([]);
});

test("slices of which one is not labelled make no normal volume", async () => {
  await writeVolumes(root, { "a.nii": {} }, ["a.nii#axial:0,0,train,,", "a.nii#axial:1,,train,,"]);
  expect((await load()).items.map(({ scan }) => scan!.label)).toEqual([null, null]);
});

test("a volume with a damaged mask is refused, or left out with its reason", async () => {
  const files = { "n.nii": {}, "a.nii": {}, "m.nii": "no mask at all" };
  await writeVolumes(root, files, ["n.nii,0,train,,", "a.nii,1,test,,m.nii"]);
  const { items } = await load();
  const read = (corrupt: "refuse" | "skip") => readImages(items, () => 0, { corrupt });
  await expect(read("refuse")).rejects.toMatchObject({
    code: "IMAGE_CORRUPT",
    fault: expect.stringContaining("mask of a.nii"),
  });
  const { items: left, skipped } = await read("skip");
  expect(left.map(({ label }) => label)).toEqual([0, 0, 0, 0]);
  expect(skipped).toEqual([{ path: "a.nii", reason: expect.stringContaining("mask of a.nii") }]);
});

test("listed slices of a damaged volume keep their names", async () => {
  await writeVolumes(root, { "n.nii": {}, "a.nii": "damaged" }, [
    "n.nii,0,train,,",
    "a.nii#axial:1,0,test,,",
    "a.nii#axial:2,0,test,,",
  ]);
  const { skipped } = await readImages((await load()).items, () => 0, { corrupt: "skip" });
  expect(skipped.map(({ path }) => path)).toEqual(["a.nii#axial:1", "a.nii#axial:2"]);
});

test("settings are chosen by the first scan that can be read; where none can, the first is named", async () => {
  const lines = ["a.nii,0,train,,", "b.nii,0,train,,"];
  await writeVolumes(root, { "a.nii": "damaged", "b.nii": {} }, lines);
  expect((await loadDataset(root)).input).toMatchObject({
    normalisation: { kind: "percentile" },
    slices: { axis: "axial" },
  });
  const { skipped } = await readImages((await loadDataset(root)).items, () => 0, { corrupt: "skip" });
  expect(skipped.map(({ path }) => path)).toEqual(["a.nii"]);
  await writeVolumes(root, { "b.nii": "damaged too" }, lines);
  await expect(loadDataset(root)).rejects.toMatchObject({ fault: expect.stringContaining("a.nii") });
});

test("abnormal volumes without a mask are counted", async () => {
  const files = { "n.nii": {}, "a.nii": {}, "b.nii": {}, "m.nii": { at: marked } };
  await writeVolumes(root, files, ["n.nii,0,train,,", "a.nii,1,test,,", "b.nii,1,test,,m.nii"]);
  expect((await load()).warnings).toContainEqual(expect.stringMatching(/^1 abnormal volumes have no mask: all/));
  await writeVolumes(root, {}, ["n.nii,0,train,,", "b.nii,1,test,,m.nii"]);
  expect((await load()).warnings.join()).not.toMatch(/no mask:/);
});
