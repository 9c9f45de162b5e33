/** @file An import can be repeated, added to and stopped; what it refuses and leaves out. */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDENTITY, readImageFile, type Scan, writeNifti } from "@hale/imaging";
import { zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dicomFile, el } from "../../../../imaging/src/formats/dicom/dicom-fixture.ts";
import { parseTable, SCAN_COLUMNS } from "../../import/records.ts";
import {
  filesOf,
  maskOfVolume,
  OTTOLINE,
  plantedIn,
  put,
  radiograph,
  series,
  slice,
  storedAt,
  volume,
  ZEBEDEE,
} from "./collection-fixture.ts";
import { importDataset, withoutWords } from "./import.ts";
import type { ImportOptions } from "./options.ts";

const refused = (fault: RegExp, code = "DATASET_INVALID") =>
  expect.objectContaining({ name: "HaleError", code, fault: expect.stringMatching(fault) });

async function scanOf(out: string, path: string): Promise<Scan> {
  const { scans } = await readImageFile(await readFile(join(out, path)), path);
  expect(scans).toHaveLength(1);
  return scans[0];
}
const tableOf = async (out: string) =>
  parseTable(SCAN_COLUMNS, await readFile(join(out, "scan.csv"), "utf8"), "scan.csv");
const slicesOf = (out: string) => async (path: string) => (await scanOf(out, path)).size[2];

describe("an import", () => {
  let root = "";
  let source = "";
  let out = "";
  let key = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "hale-import-"));
    source = join(root, "source");
    out = join(root, "set");
    key = join(root, "k.key");
    await mkdir(source);
  });
  afterEach(() => rm(root, { recursive: true }));
  const run = (options: Partial<ImportOptions> = {}) => importDataset([source], { out, key, ...options });
  const ct = (folder: string, count: number, study = "1", person = ZEBEDEE) =>
    series(folder, count, { person, study, series: "1" });

  test("refuses a scan with two labels, names its token alone, and writes no image", async () => {
    await put(source, {
      ...ct("normal/a", 2),
      "abnormal/a/copy": slice({ person: ZEBEDEE, study: "1", series: "1", number: 1 }),
    });
    const refusal = run();
    await expect(refusal).rejects.toEqual(refused(/^1 scans have two labels: [0-9a-f]{16}\.$/));
    const { message } = await refusal.catch((error) => error);
    expect(plantedIn(message)).toEqual([]);
    const token = /labels: (\w+)/.exec(message)![1];
    expect(await readFile(join(root, "k.sources.csv"), "utf8")).toContain(`${token},`);
    await expect(stat(out)).rejects.toThrow();
  });

  test("refuses a label other than that of an earlier import, and takes one for an unlabelled scan", async () => {
    await put(source, ct("Quillfeather", 2));
    expect((await run()).counts.unlabelled).toBe(1);
    const table = join(root, "labels.csv");
    await writeFile(table, `patient,label,class\n${ZEBEDEE.id},abnormal,cyst\nPID-0,normal,\n`);
    const labelled = await run({ labels: table });
    expect(labelled).toMatchObject({ added: 0, newlyLabelled: 1, counts: { abnormal: 1 } });
    expect(labelled.warnings.join()).toMatch(/1 lines of the table of labels name nothing/);
    await writeFile(table, `patient,label\n${ZEBEDEE.id},normal\n`);
    await expect(run({ labels: table })).rejects.toEqual(refused(/two labels/));
    expect((await loadDatasetRows(out))[0]).toMatchObject({ label: "1", class: "cyst" });
  });

  test.each([
    ["path", "Quillfeather", "path,label,split\nQuillfeather,1,test\nMarchbanks/IM_71,0,train\n"],
    ["patient", "", `patient,label\n${ZEBEDEE.id},1\n${OTTOLINE.id},0\n`],
    ["study", "", "study,label\n1.2.826.0.1.999.1.1,1\n1.2.826.0.1.999.1.2,0\n"],
    ["series", "", "series,label\n1.2.826.0.1.999.3.1.1,1\n1.2.826.0.1.999.3.2.1,0\n"],
    ["accession", "", "accession,label\nACC9908171,1\nACC9908172,0\n"],
  ])("takes labels by %s", async (_, __, text) => {
    await put(source, { ...ct("Quillfeather", 2), ...ct("Marchbanks", 1, "2", OTTOLINE) });
    const table = join(root, "labels.csv");
    await writeFile(table, text);
    const report = await run({ labels: table });
    expect(report.counts).toMatchObject({ normal: 1, abnormal: 1, unlabelled: 0 });
    expect(report.warnings.join()).not.toMatch(/name nothing/);
  });

  test("takes no class that is called like a patient", async () => {
    await put(source, ct("a", 1));
    const table = join(root, "labels.csv");
    await writeFile(table, `patient,label,class\n${ZEBEDEE.id},1,cyst of quillfeather\n`);
    const report = await run({ labels: table });
    expect(report.warnings.join()).toMatch(/1 scans have a class that is called like a patient/);
    expect(plantedIn(await readFile(join(out, "split.csv")))).toEqual([]);
  });

  test("a defect keeps its place in our code, and loses its sentence", () => {
    const clean = withoutWords(Object.assign(new TypeError("no such file: /x/Quillfeather.dcm"), { code: "EODD" }));
    expect(clean.message).toContain("TypeError EODD");
    expect(clean.stack).toMatch(/import\.test\.ts:\d+/);
    expect(plantedIn(`${clean.stack} ${clean.message}`)).toEqual([]);
  });

  test("adds what is new, and leaves a series out that has grown", async () => {
    await put(source, ct("normal/a", 3));
    await run();
    const before = await filesOf(out);
    await put(source, { ...ct("normal/b", 2, "2"), ...ct("normal/a", 4) });
    const report = await run();
    expect(report).toMatchObject({
      added: 1,
      known: 0,
      leftOut: { "series-changed": 1 },
      counts: { scans: 2, patients: 1 },
    });
    const after = await filesOf(out);
    for (const [path, bytes] of before) if (path.startsWith("images")) expect(after.get(path)).toEqual(bytes);
  });

  test("stopped after any scan it leaves a sound data set, and goes on to the same bytes", async () => {
    await put(source, { ...ct("normal/a", 2), ...ct("normal/b", 3, "2"), ...ct("abnormal/c", 1, "3", OTTOLINE) });
    const whole = join(root, "whole");
    await run({ out: whole });
    const stop = new AbortController();
    const onProgress = (stage: string, done: number) => {
      if (stage === "writing" && done === 1) stop.abort();
    };
    const stopped = await run({ signal: stop.signal, onProgress });
    expect(stopped).toMatchObject({ stopped: true, added: 1 });
    const rows = await loadDatasetRows(out);
    expect(rows).toHaveLength(1);
    expect(await slicesOf(out)(rows[0].path)).toBeGreaterThan(0);
    expect(await run()).toMatchObject({ stopped: false, added: 2, known: 1 });
    expect(await filesOf(out)).toEqual(await filesOf(whole));
  });

  test("goes on after a kill: half-written files go, files without a line and lines without a file are made again", async () => {
    await put(source, { ...ct("normal/a", 2), ...ct("normal/b", 3, "2") });
    await run();
    const whole = await filesOf(out);
    const [first, second] = await loadDatasetRows(out);
    await writeFile(join(out, "images", "0123456789abcdef.nii.gz.tmp-77"), "half");
    await rm(join(out, first.path));
    const manifest = await readFile(join(out, "split.csv"), "utf8");
    await writeFile(
      join(out, "split.csv"),
      manifest
        .split("\n")
        .filter((line) => !line.startsWith(second.path))
        .join("\n"),
    );
    expect(await run()).toMatchObject({ added: 2, known: 0 });
    expect(await filesOf(out)).toEqual(whole);
  });

  test("reads a good copy where another is cut off in its pixels", async () => {
    const good = slice({ person: ZEBEDEE, study: "1", series: "1", number: 1 });
    const bad = good.slice();
    // The length of the pixel data, in a file that is otherwise whole.
    new DataView(bad.buffer).setUint32(bad.length - 52, 40, true);
    await put(source, { "normal/a/1": bad.subarray(0, bad.length - 8), "normal/b/1": good });
    const report = await run();
    expect(report).toMatchObject({ added: 1, leftOut: { duplicate: 1 } });
  });

  test("leaves out stacks with fewer slices than asked for, radiographs not", async () => {
    await put(source, { ...ct("normal/a", 2), ...ct("normal/b", 3, "2"), "normal/c": radiograph(ZEBEDEE, "3", 1) });
    expect(await run({ minSlices: 3 })).toMatchObject({ added: 2, leftOut: { "few-slices": 1 } });
    expect(await run()).toMatchObject({ added: 1, known: 2, leftOut: {} });
  });

  test("takes pictures with text in them only when asked", async () => {
    const more = [el(0x00280301, "CS", "YES")];
    await put(source, { "normal/a": slice({ person: ZEBEDEE, study: "1", series: "1", number: 1, more }) });
    expect(await run()).toMatchObject({ added: 0, leftOut: { "burned-in": 1 } });
    expect(await run({ allowBurnedIn: true })).toMatchObject({ added: 1, leftOut: {} });
  });

  test("leaves masks out that belong to nothing or do not lie on their scan; every token leads back to its file", async () => {
    const other = writeNifti({ size: [3, 4, 3], data: new Uint8Array(36), affine: null });
    const moved = writeNifti({ size: [3, 4, 2], data: new Uint8Array(24), affine: IDENTITY });
    await put(source, {
      "abnormal/a.nii.gz": volume(1, ""),
      "abnormal/b.nii.gz": volume(2, ""),
      "abnormal/c.nii.gz": volume(3, ""),
      "masks/a.nii": other,
      "masks/b.nii": moved,
      "masks/c.nii": maskOfVolume(),
      "masks/d.nii": maskOfVolume(),
      "abnormal/e.nii.gz": volume(4, "").subarray(0, 100),
    });
    expect(await run()).toMatchObject({
      counts: { scans: 3, masks: 1 },
      leftOut: { "mask-of-another-shape": 2, "mask-without-scan": 1, damaged: 1 },
    });
    const table = await readFile(join(root, "k.sources.csv"), "utf8");
    const lines = (await readFile(join(out, "left-out.csv"), "utf8")).trim().split("\n").slice(1);
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(table).toContain(`\n${line.split(",")[0]},`);
  });

  test("values that each slice scales in its own way become floats", async () => {
    const pet = (number: number, slope: number) =>
      slice({
        person: ZEBEDEE,
        study: "1",
        series: "1",
        number,
        modality: "PT",
        more: [el(0x00281053, "DS", String(slope))],
      });
    await put(source, { "normal/1": pet(1, 0.25), "normal/2": pet(2, 3) });
    await run();
    const [{ path }] = await loadDatasetRows(out);
    const { stored } = await scanOf(out, path);
    expect(stored).toBeInstanceOf(Float32Array);
    expect([stored[0], stored[5], stored[24], stored[30]]).toEqual([
      storedAt(1, 0) * 0.25 - 1000,
      storedAt(1, 5) * 0.25 - 1000,
      storedAt(2, 0) * 3 - 1000,
      storedAt(2, 6) * 3 - 1000,
    ]);
  });

  test("finds patients in paths, and joins a study of a patient without number", async () => {
    await put(source, {
      "normal/sub-01/a.nii.gz": volume(1, ""),
      "normal/sub-01/b.nii.gz": volume(2, ""),
      "normal/sub-02/a.nii.gz": volume(3, ""),
      ...series("normal/x", 2, { person: null, study: "1", series: "1" }),
      ...series("normal/y", 3, { person: null, study: "1", series: "2" }),
    });
    expect((await run({ patientPattern: /(sub-[^/]+)/ })).counts).toMatchObject({ patients: 2, withoutPatient: 2 });
    const rows = await loadDatasetRows(out);
    const groups = rows.filter((row) => row.group !== "");
    expect([groups.length, new Set(groups.map((row) => row.group)).size]).toEqual([2, 1]);
  });

  test("a dry run counts and writes nothing, no key either", async () => {
    await put(source, ct("normal/a", 2));
    expect(await run({ dryRun: true })).toMatchObject({ added: 1, dryRun: true });
    await expect(stat(out)).rejects.toThrow();
    await expect(stat(key)).rejects.toThrow();
    await expect(stat(join(root, "k.sources.csv"))).rejects.toThrow();
  });

  test("refuses folders that hold something else, and sources that are not there by their number", async () => {
    await put(out, { "notes.txt": "mine" });
    await expect(run()).rejects.toEqual(refused(/something that no import wrote/));
    const missing = importDataset([source, join(root, "Quillfeather")], { out: join(root, "x"), key });
    await expect(missing).rejects.toEqual(
      refused(/^There is no file or folder that source 2 names\.$/, "FILE_NOT_FOUND"),
    );
    await expect(run({ key: join(out, "k.key") })).rejects.toEqual(refused(/inside the data set/, "OPTION_INVALID"));
    await expect(importDataset([out], { out, key })).rejects.toEqual(refused(/something|data set itself/));
  });

  test("follows no links, and does not look into its own output", async () => {
    await put(source, ct("normal/a", 1));
    await symlink(join(source, "normal"), join(source, "link"));
    const inside = join(source, "set");
    expect(await run({ out: inside })).toMatchObject({ added: 1, leftOut: { link: 1 } });
    expect(await run({ out: inside })).toMatchObject({ added: 0, known: 1, leftOut: { link: 1 } });
  });

  test("reads what a DICOMDIR lists, entries of a zip one by one, and headers with their samples beside them", async () => {
    const directory = dicomFile(
      [
        el(0x00041220, "SQ", [
          [el(0x00041430, "CS", "IMAGE"), el(0x00041500, "CS", "QUILL\\IM1")],
          [el(0x00041430, "CS", "IMAGE"), el(0x00041500, "CS", "QUILL\\GONE")],
        ]),
      ],
      { sopClass: "1.2.840.10008.1.3.10" },
    );
    const one = { person: ZEBEDEE, study: "1", series: "1" };
    const raw = Uint8Array.from({ length: 8 }, (_, i) => 10 * i);
    const header = "ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_UCHAR\nElementDataFile = v.raw\n";
    await put(source, {
      "disc/DICOMDIR": directory,
      "disc/QUILL/IM1": slice({ ...one, number: 1 }),
      "disc/QUILL/IM2": slice({ ...one, study: "2", number: 1 }),
      "a.zip": zipSync({ "normal/2": slice({ ...one, study: "3", number: 2 }), "x/../normal/1": new Uint8Array(1) }),
      "b.zip": zipSync({
        "normal/b": slice({ ...one, study: "4", number: 2 }),
        "normal/a": slice({ ...one, study: "4", number: 1 }),
        "normal/v.mhd": new TextEncoder().encode(header),
        "normal/v.raw": raw,
      }),
    });
    const listed = await importDataset([join(source, "disc", "DICOMDIR")], { out, key });
    expect(listed).toMatchObject({ added: 1, leftOut: { missing: 1 } });
    // A zip with a name that leads out of it is refused as a whole.
    const zips = await importDataset([join(source, "a.zip"), join(source, "b.zip")], { out, key });
    expect(zips).toMatchObject({ added: 2, leftOut: { missing: 1, unsupported: 1 }, counts: { scans: 3, normal: 2 } });
    const record = (await tableOf(out)).find(({ format }) => format === "metaimage")!;
    expect([...(await scanOf(out, record.path)).stored]).toEqual([...raw]);
    expect((await tableOf(out)).map(({ slices }) => slices).sort()).toEqual(["1", "2", "2"]);
    expect(await importDataset([source], { out, key })).toMatchObject({ added: 1, known: 3 });
  });

  test("series whose files name two patients are left out", async () => {
    const one = { study: "1", series: "1" };
    await put(source, {
      "normal/1": slice({ ...one, person: ZEBEDEE, number: 1 }),
      "normal/2": slice({ ...one, person: OTTOLINE, number: 2 }),
    });
    expect(await run()).toMatchObject({ added: 0, leftOut: { "several-patients": 2 } });
  });
});

async function loadDatasetRows(out: string): Promise<Record<string, string>[]> {
  const [head, ...lines] = (await readFile(join(out, "split.csv"), "utf8")).trim().split("\n");
  const columns = head.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell])));
}
