/** @file What `hale score` looks at: folders, zips and DICOMDIRs of DICOM files, and how the files about them are named. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceInstance } from "@hale/imaging/dicom-objects";
import { readScan, readScanBytes } from "@hale/imaging/node";
import { zipSync } from "fflate";
import { afterEach, beforeEach, expect, test } from "vitest";
import { el, imageFile, type Spec } from "../../../imaging/src/formats/dicom/dicom-fixture.ts";
import { scanOf } from "../../../imaging/src/volumes/phantom-fixture.ts";
import { dicomSlices } from "../../../training/src/node/dicom-fixture.ts";
import { findTargets } from "./targets.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-targets-"));
});
afterEach(() => rm(root, { recursive: true }));

const files = dicomSlices(
  scanOf([3, 2, 5], (i, j, k) => i + 10 * j + 100 * k, { affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1] }),
);

async function writeSeries(folder: string, slices: readonly Uint8Array[]) {
  await mkdir(join(root, folder), { recursive: true });
  for (const [k, bytes] of slices.entries()) await writeFile(join(root, folder, `IM000${k}`), bytes);
}

test("a folder with brackets in its name is one series, and so is a zip of the same files", async () => {
  await writeSeries("series (1) [a]", files);
  await writeFile(join(root, "series.zip"), zipSync(Object.fromEntries(files.map((bytes, k) => [`CT/IM${k}`, bytes]))));
  for (const path of ["series (1) [a]", "series.zip"]) {
    const [target, ...others] = await findTargets([join(root, path)]);
    expect(others).toEqual([]);
    expect(target.file).toBe(join(root, path));
    expect(await target.open()).toMatchObject({ kind: "scan", scan: { size: [3, 2, 5] } });
  }
});

test("a slice that cannot be read has a row of its own; as one scan the folder is refused", async () => {
  await writeSeries("ct", [files[0], files[1].subarray(0, files[1].length - 4), ...files.slice(2)]);
  const targets = await findTargets([join(root, "ct")]);
  expect(targets.map(({ file }) => file)).toEqual([join(root, "ct"), join(root, "ct", "IM0001")]);
  await expect(targets[1].open()).rejects.toMatchObject({ code: "IMAGE_CORRUPT", fault: /cut off/ });
  await expect(readScan(join(root, "ct"))).rejects.toMatchObject({ code: "IMAGE_CORRUPT", fault: /1 of its DICOM/ });
});

test("files about rows have names of their own, inside the folder for maps", async () => {
  for (const folder of ["a/b", "a_b", "A_B"]) await writeSeries(folder, files);
  const names = async (paths: string[]) => (await findTargets(paths)).map(({ name }) => name);
  const all = await names([join(root, "a/b"), join(root, "a_b"), join(root, "A_B")]);
  expect(new Set(all.map((name) => name.toLowerCase())).size).toBe(3);
  expect(all.join()).not.toMatch(/[/\\]/);
  const here = process.cwd();
  process.chdir(join(root, "a_b"));
  try {
    expect(await names(["."])).toEqual(["a_b"]);
  } finally {
    process.chdir(here);
  }
});

test("folders are told apart by all files below them", async () => {
  await writeSeries("p1/DICOM", files);
  await writeSeries("p2/DICOM", files.slice(1));
  const bytesOf = async (folder: string) => {
    let count = 0;
    for await (const bytes of readScanBytes(join(root, folder))) count += Number(bytes.length > 0);
    return count;
  };
  expect([await bytesOf("p1"), await bytesOf("p2")]).toEqual([5, 4]);
});

test("frames of a file in any order are one scan by file and by folder, and each slice names its frame", async () => {
  const heights = [6, 0, 4, 2];
  const own = heights.map((z) => [el(0x00209113, "SQ", [[el(0x00200032, "DS", `0\\0\\${z}`)]] as Spec[][])]);
  const more = [
    el(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
    el(0x00280030, "DS", "1\\1"),
    el(0x52009230, "SQ", own as Spec[][]),
  ];
  const pixels = heights.flatMap((z) => [z, 0, 0, 0, 0, 0]);
  await mkdir(join(root, "one"));
  await writeFile(join(root, "one", "a.dcm"), imageFile(pixels, { more, frames: 4 }));
  const readSource = () => ({ frames: 4 }) as unknown as SourceInstance;
  for (const path of ["one", "one/a.dcm"]) {
    const [target] = await findTargets([join(root, path)], readSource);
    const opened = await target.open();
    if (opened.kind !== "scan") throw new Error("It is no scan.");
    expect(Array.from(opened.scan.stored).filter((_, i) => i % 6 === 0)).toEqual([0, 2, 4, 6]);
    expect(opened.scan.affine).not.toBeNull();
    expect(opened.frames?.().map(({ frame }) => frame)).toEqual([2, 4, 3, 1]);
    const { stored } = await readScan(join(root, path));
    expect(stored).toEqual(opened.scan.stored);
  }
});

test("links in a folder lead to nothing outside of it, and nothing is found twice", async () => {
  await mkdir(join(root, "outside"));
  await mkdir(join(root, "in/deep"), { recursive: true });
  for (const file of ["outside/secret.png", "in/a.png", "in/deep/b.png"]) await writeFile(join(root, file), "x");
  await symlink(join(root, "outside/secret.png"), join(root, "in/linked.png"));
  await symlink(join(root, "outside"), join(root, "in/folder"));
  await symlink(join(root, "in"), join(root, "in/deep/loop"));
  await symlink(join(root, "in/a.png"), join(root, "in/z.png"));
  const files = async (...patterns: string[]) =>
    (await findTargets(patterns.map((pattern) => join(root, pattern)))).map(({ file }) => file.slice(root.length + 1));
  expect(await files("in")).toEqual(["in/a.png", "in/deep/b.png"]);
  expect(await files("in/**/*.png", "in/a.png", "in/./a.png")).toEqual(["in/a.png", "in/deep/b.png"]);
});

test("a localizer has a row that says so, and the other series are found", async () => {
  await writeSeries("ct", files);
  const scout = imageFile([1, 2, 3, 4, 5, 6], { more: [el(0x00080008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER")] });
  await writeFile(join(root, "ct", "scout"), scout);
  const targets = await findTargets([join(root, "ct")]);
  const scouts = targets.filter(({ file }) => file.endsWith("scout"));
  expect(scouts).toHaveLength(1);
  await expect(scouts[0].open()).rejects.toMatchObject({ code: "IMAGE_UNSUPPORTED", fault: /localizer/ });
  expect(await targets.find(({ file }) => !file.endsWith("scout"))?.open()).toMatchObject({ kind: "scan" });
});
