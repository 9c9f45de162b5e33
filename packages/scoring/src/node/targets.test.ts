/** @file What `hale score` looks at: folders, zips and DICOMDIRs of DICOM files, and how the files about them are named. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readScan, readScanBytes } from "@hale/imaging/node";
import { zipSync } from "fflate";
import { afterEach, beforeEach, expect, test } from "vitest";
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
