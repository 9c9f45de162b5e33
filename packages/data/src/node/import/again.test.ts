/** @file What a second import knows that the first did not: patients and masks of scans that are there. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDENTITY, writeNifti } from "@hale/imaging";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseTable, SCAN_COLUMNS } from "../../import/records.ts";
import { parseManifest } from "../../manifest.ts";
import { filesOf, maskOfVolume, put, volume } from "./collection-fixture.ts";
import { importDataset } from "./import.ts";
import type { ImportOptions } from "./options.ts";

let root = "";
let source = "";
let out = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-again-"));
  source = join(root, "source");
  out = join(root, "set");
  await mkdir(source);
});
afterEach(() => rm(root, { recursive: true }));
const run = (options: Partial<ImportOptions> = {}) =>
  importDataset([source], { out, key: join(root, "k.key"), ...options });
const rowsOf = async () => parseManifest(await readFile(join(out, "split.csv"), "utf8"), "split.csv");

test("a scan of no known patient gets one, as if it had been known at once; another patient is refused", async () => {
  await put(source, { "normal/sub-01/ses-a/1.nii.gz": volume(1, ""), "normal/sub-01/ses-a/2.nii.gz": volume(2, "") });
  expect((await run()).counts).toMatchObject({ patients: 0, withoutPatient: 2 });
  const patientPattern = /(sub-[^/]+)/;
  const report = await run({ patientPattern });
  expect(report).toMatchObject({ added: 0, known: 0, counts: { scans: 2, patients: 1, withoutPatient: 0 } });
  expect(report.warnings.join()).toMatch(/2 scans that were in the data set get a patient/);
  const again = await filesOf(out);
  const whole = join(root, "whole");
  await run({ patientPattern, out: whole });
  expect(again).toEqual(await filesOf(whole));
  const [{ patient }] = await rowsOf();
  const records = parseTable(SCAN_COLUMNS, await readFile(join(out, "scan.csv"), "utf8"), "scan.csv");
  expect(records.map((record) => record.patient)).toEqual([patient, patient]);

  // Without the pattern nothing is forgotten; another one is refused, and changes nothing.
  expect(await run()).toMatchObject({ known: 2, counts: { patients: 1 } });
  const before = await filesOf(out);
  await expect(run({ patientPattern: /(ses-[^/]+)/ })).rejects.toMatchObject({
    code: "DATASET_INVALID",
    fault: expect.stringMatching(/^2 scans have another patient than in the data set: [0-9a-f]{16}, [0-9a-f]{16}\.$/),
  });
  expect(await filesOf(out)).toEqual(before);
});

test("a scan without a mask gets one; a mask that does not lie on it is left out, every time", async () => {
  await put(source, { "abnormal/a.nii.gz": volume(1, ""), "abnormal/b.nii.gz": volume(2, "") });
  await run();
  const moved = writeNifti({ size: [3, 4, 2], data: new Uint8Array(24), affine: IDENTITY });
  await put(source, { "masks/a.nii": maskOfVolume(), "masks/b.nii": moved });
  for (const count of [0, 1]) {
    const report = await run();
    expect(report).toMatchObject({
      ...{ added: 0, known: count, counts: { scans: 2, masks: 1 }, leftOut: { "mask-of-another-shape": 1 } },
    });
    const said = report.warnings.join();
    expect(/1 scans that were in the data set get a mask/.test(said)).toBe(count === 0);
    expect(said).toMatch(/1 masks of scans that were in the data set were not taken over/);
  }
  const files = await filesOf(out);
  const masks = (await rowsOf()).flatMap(({ mask }) => mask ?? []);
  expect(masks).toHaveLength(1);
  const whole = join(root, "whole");
  await run({ out: whole });
  expect(files.get(masks[0])).toEqual((await filesOf(whole)).get(masks[0]));
  expect(files).toEqual(await filesOf(whole));
});
