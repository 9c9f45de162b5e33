/** @file Masks of volumes: which lie on their scan, and which are refused. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNifti, reorient, writeNifti } from "@hale/imaging";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadDataset } from "./load.ts";
import { AFFINE, INPUT, marked, type VolumeOptions, writeVolumes } from "./volume-fixture.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-masks-"));
});
afterEach(() => rm(root, { recursive: true }));

const LINES = ["n.nii,0,train,,", "a.nii,1,test,,m.nii"];
const put = (mask: VolumeOptions, scan: VolumeOptions = {}) =>
  writeVolumes(root, { "n.nii": scan, "a.nii": scan, "m.nii": { at: marked, ...mask } }, LINES);
const markedSlices = async (input: Parameters<typeof loadDataset>[1] = { input: INPUT }) =>
  (await loadDataset(root, input)).items.flatMap(({ label, scan }) => (label === 1 ? [scan!.index] : []));

/** The fixture's place with one number changed. */
const moved = (index: number, value: number) => AFFINE.map((own, i) => (i === index ? value : own));

test.each([
  ["another origin", moved(3, 13)],
  ["a flipped axis", moved(10, -2)],
  ["another spacing", moved(10, 2.5)],
])("a mask with %s is refused, and its scan named", async (_, affine) => {
  await put({ affine });
  await expect(markedSlices()).rejects.toMatchObject({
    code: "DATASET_INVALID",
    fault: expect.stringMatching(/mask of a\.nii .*another place/),
  });
});

test("a mask on the scan's grid fits in whatever order it is stored, and with an origin off by rounding", async () => {
  await put({ affine: moved(3, 10.0004) });
  expect(await markedSlices()).toEqual([1, 2]);
  const [mask] = (await readNifti(await readFile(join(root, "m.nii")), "m.nii")).scans;
  const { size, affine, stored } = reorient(mask, "SAR");
  await writeFile(join(root, "m.nii"), writeNifti({ size, affine, data: stored as Int16Array }));
  expect(await markedSlices()).toEqual([1, 2]);
});

test("a mask or scan without a place fits by its size", async () => {
  await put({ affine: null });
  expect(await markedSlices()).toEqual([1, 2]);
  await put({}, { affine: null });
  const input = { ...INPUT, slices: { ...INPUT.slices, axis: "stored" } } as const;
  expect(await markedSlices({ input })).toEqual([1, 2]);
});
