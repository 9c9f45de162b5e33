import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyRaster, encodePng } from "@hale/imaging";
import { seededRandom } from "@hale/statistics";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatDatasetCheck } from "../check.ts";
import { leakingItems } from "../clean.ts";
import { checkDataset } from "./check.ts";
import { loadDataset, writeManifest } from "./load.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-check-"));
  const random = seededRandom(2);
  const picture = (brightness: number) => {
    const raster = emptyRaster(32, 32, 1);
    for (let i = 0; i < raster.data.length; i++) raster.data[i] = brightness + 60 * random();
    return encodePng(raster);
  };
  const rows = ["path,label,split,patient"];
  const put = async (name: string, bytes: Uint8Array | string, rest: string) => {
    await writeFile(join(root, name), bytes);
    rows.push(`${name},${rest}`);
  };
  await mkdir(root, { recursive: true });
  const first = picture(60);
  await put("first.png", first, "0,train,p0");
  for (let i = 1; i < 8; i++) await put(`train${i}.png`, picture(60), `0,train,p${i}`);
  for (let i = 0; i < 6; i++) await put(`normal${i}.png`, picture(60), `0,test,q${i}`);
  for (let i = 0; i < 6; i++) await put(`abnormal${i}.png`, picture(120), `1,test,r${i}`);
  await put("again.png", first, "0,test,p0");
  await put("broken.png", "no image", "0,test,");
  await writeFile(join(root, "split.csv"), `${rows.join("\n")}\n`);
});
afterAll(() => rm(root, { recursive: true }));

describe("checking a data set", () => {
  test("counts, names leaks and confounds, and survives JSON", async () => {
    const stages = new Set<string>();
    const check = await checkDataset(root, { corrupt: "skip", onProgress: (stage) => stages.add(stage) });
    expect(stages).toEqual(new Set(["reading", "comparing"]));
    expect(JSON.parse(JSON.stringify(check))).toEqual(check);
    expect(check.counts).toEqual([
      { split: "train", label: "normal", class: "normal", images: 8 },
      { split: "test", label: "normal", class: "normal", images: 7 },
      { split: "test", label: "abnormal", class: "abnormal", images: 6 },
    ]);
    expect(check.patients).toEqual({ train: 8, val: 0, test: 13 });
    expect(check.leaks.map(({ kind, a, b }) => [kind, a, b])).toEqual([
      ["patient", "first.png", "again.png"],
      ["identical", "first.png", "again.png"],
    ]);
    expect(check.skipped.map(({ path }) => path)).toEqual(["broken.png"]);
    expect(check.controls?.find(({ name }) => name === "brightness")).toMatchObject({ auroc: { estimate: 1 } });

    const text = formatDatasetCheck(check, JSON.stringify);
    expect(text).toContain("first.png (train) and again.png (test): the same file");
    expect(text).toMatch(/brightness {2}1\.000 \(1\.000 to 1\.000\) {2}abnormal images are brighter/);
    expect(text).toMatch(/Warnings[\s\S]*results on this split will look better than they are/);
  });

  test("names the images that must go, and nothing leaks once they are gone", async () => {
    const file = join(root, "clean.csv");
    const { leaks } = await checkDataset(root, { corrupt: "skip" });
    const { items } = await loadDataset(root);
    const gone = leakingItems(items, leaks);
    expect(gone.map(({ path }) => path)).toEqual(["first.png"]);
    await writeManifest(
      file,
      items.filter((item) => !gone.includes(item)),
    );
    expect((await checkDataset(file, { corrupt: "skip" })).leaks).toEqual([]);
  });

  test("refuses damaged images unless asked to leave them out", async () => {
    await expect(checkDataset(root)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  });
});
