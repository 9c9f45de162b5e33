import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encodePng } from "@hale/imaging";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadImages, loadMask } from "./images.ts";
import { loadDataset, writeManifest } from "./load.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-dataset-"));
});
afterEach(() => rm(root, { recursive: true }));

const pixel = (value: number) =>
  encodePng({ width: 2, height: 2, channels: 1, maxValue: 255, data: new Uint8Array(4).fill(value) });
async function put(files: Record<string, Uint8Array | string>) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}
const refused = (code: string, fault: RegExp) =>
  expect.objectContaining({ name: "HaleError", code, fault: expect.stringMatching(fault) });

describe("a folder of kinds", () => {
  test("gives labels, classes and masks, and a split where none was given", async () => {
    await put({
      "normal/a.png": pixel(1),
      "normal/b.png": pixel(2),
      "abnormal/glioma/c.png": pixel(3),
      "abnormal/d.png": pixel(4),
      "unlabelled/e.png": pixel(5),
      "masks/glioma/c.png": pixel(255),
      "notes.txt": "x",
    });
    const { items, warnings } = await loadDataset(root);
    expect(items.map(({ path, label, class: kind }) => [path, label, kind])).toEqual([
      ["abnormal/d.png", 1, "abnormal"],
      ["abnormal/glioma/c.png", 1, "glioma"],
      ["normal/a.png", 0, "normal"],
      ["normal/b.png", 0, "normal"],
      ["unlabelled/e.png", null, ""],
    ]);
    expect(items[1].mask).toBe(join(root, "masks/glioma/c.png"));
    expect(await loadMask(items[1], 3)).toEqual(new Uint8Array(9).fill(1));
    expect(items[4].split).toBe("train");
    expect(warnings.join(" ")).toMatch(/1 files are not named like.*No split was given.*1 images have no label/);
  });

  test.each([
    ["above", (kind: string, split: string) => `${split}/${kind}`],
    ["below", (kind: string, split: string) => `${kind}/${split}`],
  ])("takes the split from folders %s the kinds", async (_, at) => {
    await put({
      [`${at("normal", "train")}/a.png`]: pixel(1),
      [`${at("normal", "test")}/a.png`]: pixel(2),
      [`${at("abnormal", "test")}/a.png`]: pixel(3),
      [`${at("masks", "test")}/a.png`]: pixel(255),
      "unlabelled/u.png": pixel(9),
    });
    const { items } = await loadDataset(root);
    const kept = items.map(({ label, split, mask }) => [label, split, mask !== null]);
    expect(kept).toContainEqual([0, "train", false]);
    expect(kept).toContainEqual([1, "test", true]);
    expect(kept).toContainEqual([null, "train", false]);
  });

  test("is refused when it is missing, empty, without normals, or only half split", async () => {
    await expect(loadDataset(join(root, "no"))).rejects.toEqual(refused("FILE_NOT_FOUND", /no data set/));
    await expect(loadDataset(root)).rejects.toEqual(refused("DATASET_EMPTY", /no images/));
    await put({ "abnormal/a.png": pixel(1) });
    await expect(loadDataset(root)).rejects.toEqual(refused("DATASET_EMPTY", /no normal images/));
    await put({ "normal/a.png": pixel(1), "normal/train/b.png": pixel(1) });
    await expect(loadDataset(root)).rejects.toEqual(refused("DATASET_INVALID", /has no split/));
  });
});

describe("a manifest on disk", () => {
  test("is found in its folder, and comes back the same after it was written", async () => {
    await put({
      "images/a.png": pixel(1),
      "images/b.png": pixel(2),
      "m/b.png": pixel(255),
      "split.csv": "path,label,split,mask,patient\nimages/a.png,0,train,,p\nimages/b.png,1,test,m/b.png,\n",
    });
    const dataset = await loadDataset(root);
    expect(dataset.items).toHaveLength(2);
    await writeManifest(join(root, "again.csv"), dataset.items);
    expect((await loadDataset(join(root, "again.csv"))).items).toEqual(dataset.items);
    await expect(writeManifest(join(root, "m", "x.csv"), dataset.items)).rejects.toEqual(
      refused("DATASET_INVALID", /outside/),
    );
  });

  test("elsewhere than its images names their folder, reads them from there, and says so", async () => {
    await put({ "data/normal/a.png": pixel(1), "data/abnormal/b.png": pixel(2), "out/keep": "" });
    const data = join(root, "data");
    const { items } = await loadDataset(data);
    const manifest = join(root, "out", "split.csv");
    await expect(writeManifest(manifest, items, join(root, "out"))).rejects.toEqual(
      refused("DATASET_INVALID", /outside/),
    );
    await writeManifest(manifest, items, data);
    const again = await loadDataset(join(root, "out"));
    expect(again).toMatchObject({ root: data, name: "data", items });
    expect(again.warnings.join()).toContain(`split.csv names ${data} as the folder of its images`);
    const text = await readFile(manifest, "utf8");
    for (const [changed, said] of [
      [text.replace("abnormal/b.png", "../out/keep"), /leads outside/],
      [text.replaceAll(data, "../data"), /no whole path/],
      [text.replaceAll(data, `${data}/../out`), /no whole path/],
      [text.replace(data, root), /not that of the lines before/],
      [text.replaceAll(data, join(root, "gone")), /no folder .*gone/],
    ] as const) {
      await writeFile(manifest, changed);
      await expect(loadDataset(manifest)).rejects.toThrow(said);
    }
    await symlink("/etc/hostname", join(data, "normal", "c.png"));
    await writeFile(manifest, `${text}${text.split("\n")[1].replace(/^[^,]*/, "normal/c.png")}\n`);
    await expect(loadDataset(manifest)).rejects.toThrow(/link that leads outside/);
  });

  test("names the files that are missing, and refuses links that lead outside", async () => {
    await put({ "split.csv": "path,label\na.png,0\nb.png,0\n", "a.png": pixel(1) });
    await expect(loadDataset(root)).rejects.toEqual(refused("DATASET_INVALID", /1 files are missing: b\.png/));
    await symlink("/etc/hostname", join(root, "b.png"));
    await expect(loadDataset(root)).rejects.toEqual(refused("DATASET_INVALID", /link/));
  });
});

describe("damaged images", () => {
  beforeEach(() =>
    put({ "normal/a.png": pixel(1), "normal/b.png": "not an image", "normal/c.png": pixel(3).subarray(0, 40) }),
  );

  test("refuse the whole set by default, all of them named", async () => {
    const { items } = await loadDataset(root);
    const fault = /2 of 3 images.*normal\/b\.png.*normal\/c\.png/;
    await expect(loadImages(items, { size: 4, channels: 1 })).rejects.toEqual(refused("IMAGE_CORRUPT", fault));
  });

  test("are left out and reported when asked", async () => {
    const { items } = await loadDataset(root);
    const seen: number[] = [];
    const read = await loadImages(items, {
      size: 4,
      channels: 3,
      corrupt: "skip",
      onProgress: (done) => seen.push(done),
    });
    expect(read.items.map((item) => item.path)).toEqual(["normal/a.png"]);
    expect(read.images[0]).toHaveLength(48);
    expect(read.skipped.map(({ path }) => path)).toEqual(["normal/b.png", "normal/c.png"]);
    expect(seen).toEqual([1, 2, 3]);
  });
});
