/** @file An import as a whole: nobody's name comes through, values and places do, and it can be repeated and stopped. */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage, readImageFile, type Scan } from "@hale/imaging";
import { dicomFile, el } from "@hale/imaging/fixtures/dicom/dicom";
import { zipSync } from "fflate";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseTable, SCAN_COLUMNS, type ScanRecord } from "../../../dataset/import/records.ts";
import { loadDataset } from "../load.ts";
import {
  filesOf,
  OTTOLINE,
  PLANTED,
  plantedIn,
  put,
  putCollection,
  radiograph,
  SIZE,
  series,
  slice,
  storedAt,
  volume,
  ZEBEDEE,
} from "./collection-fixture.ts";
import { type ImportOptions, importDataset, withoutWords } from "./import.ts";

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

describe("a collection with names everywhere", () => {
  let root = "";
  let out = "";
  let key = "";
  let report: Awaited<ReturnType<typeof importDataset>>;
  let records: ScanRecord[];
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "hale-import-"));
    out = join(root, "set");
    key = join(root, "keys", "k.key");
    await putCollection(join(root, "Quillfeather"));
    report = await importDataset([join(root, "Quillfeather")], { out, key, classes: ["cyst"] });
    records = await tableOf(out);
  });
  afterAll(() => rm(root, { recursive: true }));
  const find = (wanted: Partial<ScanRecord>) =>
    records.filter((record) =>
      Object.entries(wanted).every(([name, value]) => record[name as keyof ScanRecord] === value),
    );

  test("the search finds what is planted, in the sources and in the table beside the key", async () => {
    const found = new Set<string>();
    for (const bytes of (await filesOf(join(root, "Quillfeather"))).values())
      for (const word of plantedIn(bytes)) found.add(word);
    expect([...found].sort()).toEqual([...PLANTED].sort());
    const table = await readFile(join(root, "keys", "k.sources.csv"));
    expect(plantedIn(table)).toContain("Quillfeather");
    if (process.platform !== "win32")
      expect((await stat(join(root, "keys", "k.sources.csv"))).mode & 0o777).toBe(0o600);
  });

  test("leaves none of them in any byte or name of the data set, nor in the report", async () => {
    const files = await filesOf(out);
    expect(files.size).toBeGreaterThan(12);
    for (const [path, bytes] of files) {
      expect(plantedIn(bytes), path).toEqual([]);
      expect(plantedIn(path)).toEqual([]);
    }
    const { key: _key, sources: _sources, ...told } = report;
    expect(plantedIn(JSON.stringify(told))).toEqual([]);
  });

  test("is counted, with what was left out and why", () => {
    expect(report.counts).toEqual({
      scans: 9,
      normal: 4,
      abnormal: 4,
      unlabelled: 1,
      masks: 1,
      patients: 2,
      withoutPatient: 3,
      studies: 6,
      modalities: { "": 3, CT: 3, DX: 2, XC: 1 },
    });
    expect(report.leftOut).toEqual({
      "not-an-image": 1,
      damaged: 1,
      "no-pixels": 1,
      localizer: 1,
      "burned-in": 1,
      "burned-in-possible": 1,
      duplicate: 1,
    });
    expect(report.warnings.join()).toMatch(/1 scans lie in a folder below abnormal\/ that --classes does not list/);
    expect(report).toMatchObject({ added: 9, known: 0, stopped: false, keyMade: true });
  });

  test("is two data sets, of scans and of pictures: labels, classes, masks, patients", async () => {
    const { items } = await loadDataset(out);
    const volumes = new Map(items.map((item) => [item.scan!.path, item]));
    expect([...volumes.values()].map((item) => `${item.scan!.label} ${item.class}`).sort()).toEqual([
      "0 normal",
      "0 normal",
      "0 normal",
      "1 abnormal",
      "1 cyst",
      "1 cyst",
      "null ",
    ]);
    // Of the five slices of a CT each is an image of the same patient.
    expect(items.filter((item) => item.scan!.path === find({ slices: "5" })[0].path)).toHaveLength(5);
    expect([...volumes.values()].filter((item) => item.mask !== null)).toHaveLength(1);
    const pictures = await loadDataset(join(out, "pictures.csv"));
    expect(pictures.items.map((item) => item.class).sort()).toEqual(["cyst", "normal"]);
    for (const path of [...volumes.keys(), ...pictures.items.map((item) => item.path)]) {
      expect(path).toMatch(/^images\/[0-9a-f]{16}\.(nii\.gz|png)$/);
    }
    expect(report.warnings.join()).toMatch(/2 images are colour or plain pictures.*pictures\.csv/);
  });

  test("two studies of one patient share a pseudonym, two patients never", () => {
    const [zebedee] = new Set(find({ modality: "CT", slices: "5" }).map((record) => record.patient));
    const of = (patient: string) => records.filter((record) => record.patient === patient);
    expect(
      of(zebedee)
        .map(({ modality, slices }) => `${modality} ${slices}`)
        .sort(),
    ).toEqual(["CT 4", "CT 5", "DX 1"]);
    expect(new Set(of(zebedee).map((record) => record.study)).size).toBe(3);
    const [ottoline] = new Set(find({ modality: "XC" }).map((record) => record.patient));
    expect(
      of(ottoline)
        .map(({ modality, slices }) => `${modality} ${slices}`)
        .sort(),
    ).toEqual(["CT 3", "DX 1", "XC 1"]);
    expect(ottoline).not.toBe(zebedee);
  });

  test("a CT keeps its stored integers, their meaning, and its place", async () => {
    const [record] = find({ slices: "5" });
    const scan = await scanOf(out, record.path);
    expect(scan.size).toEqual([...SIZE, 5]);
    const expected = [1, 2, 3, 4, 5].flatMap((number) =>
      Array.from({ length: SIZE[0] * SIZE[1] }, (_, pixel) => storedAt(number, pixel)),
    );
    expect([...scan.stored]).toEqual(expected);
    expect(scan.stored).toBeInstanceOf(Uint16Array);
    expect(scan.modality).toEqual([{ kind: "linear", slope: 2, intercept: -1000 }]);
    // Rows are 0.7 mm apart and columns 0.8: the value of Pixel Spacing is rows first.
    const affine = [0.8, 0, 0, -10, 0, 0.7, 0, -20, 0, 0, 2.5, 32.5, 0, 0, 0, 1];
    for (const [i, value] of affine.entries()) expect(scan.affine![i]).toBeCloseTo(value, 5);
    expect(record).toMatchObject({ spacing_x: "0.8", spacing_y: "0.7", orientation: "LPS", low: "0", high: "4095" });
    // Words that are no terms of the standard are not taken over.
    expect(record).toMatchObject({ body_part: "", view: "", unit: "" });
  });

  test("a radiograph whose low values are white is turned round", async () => {
    const [record] = find({ modality: "DX", inverted: "1" });
    const { stored } = await scanOf(out, record.path);
    expect([...stored]).toEqual(Array.from({ length: 24 }, (_, pixel) => 4095 - storedAt(1, pixel)));
    expect(find({ modality: "DX" })).toHaveLength(2);
  });

  test("colours become a PNG, a PNG keeps its pixels and loses its text", async () => {
    const [photo] = find({ modality: "XC" });
    const colours = await decodeImage(await readFile(join(out, photo.path)), "photo");
    expect([colours.channels, ...colours.data.subarray(0, 4)]).toEqual([3, 0, 11, 22, 33]);
    const [plain] = find({ format: "png" });
    const bytes = await readFile(join(out, plain.path));
    expect([...(await decodeImage(bytes, "plain")).data]).toEqual(new Array(20).fill(9));
    expect(bytes.includes("tEXt")).toBe(false);
  });

  test("a volume keeps values and place, and its mask is laid like it", async () => {
    const { items } = await loadDataset(out);
    const item = items.find(({ mask }) => mask !== null)!;
    const scan = await scanOf(out, item.scan!.path);
    const source = (await readImageFile(volume(40, ""), "source")).scans[0];
    expect([scan.stored, scan.modality, scan.affine, scan.size]).toEqual([
      source.stored,
      source.modality,
      source.affine,
      source.size,
    ]);
    const mask = await scanOf(out, item.mask!.slice(out.length + 1));
    expect(mask.affine).toEqual(scan.affine);
    // Drawn in the first column of a mask that runs the other way, so in the last one here.
    expect([...mask.stored]).toEqual(Array.from({ length: 24 }, (_, i) => (i % 3 === 2 ? 1 : 0)));
  });

  test("imported again it stays as it is, byte by byte", async () => {
    const before = await filesOf(out);
    const again = await importDataset([join(root, "Quillfeather")], { out, key, classes: ["cyst"] });
    expect(again).toMatchObject({ added: 0, known: 9, keyMade: false, leftOut: report.leftOut });
    expect(await filesOf(out)).toEqual(before);
  });

  test("the same key gives the same data set elsewhere, another key shares no name with it", async () => {
    const same = join(root, "same");
    await importDataset([join(root, "Quillfeather")], { out: same, key, classes: ["cyst"] });
    expect(await filesOf(same)).toEqual(await filesOf(out));
    const other = join(root, "other");
    await importDataset([join(root, "Quillfeather")], { out: other, key: join(root, "other.key"), classes: ["cyst"] });
    const names = (rows: ScanRecord[]) => rows.flatMap((row) => [row.path, row.patient, row.study, row.series]);
    const common = names(await tableOf(other)).filter((name) => name !== "" && names(records).includes(name));
    expect(common).toEqual([]);
  });

  test("into it with another key is refused", async () => {
    const files = await filesOf(out);
    await expect(importDataset([join(root, "Quillfeather")], { out, key: join(root, "third.key") })).rejects.toEqual(
      refused(/another key/),
    );
    expect(await filesOf(out)).toEqual(files);
  });
});

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

  test("leaves short stacks out with --min-slices, radiographs not", async () => {
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
    await expect(importDataset([out], { out, key })).rejects.toEqual(refused(/something|--out itself/));
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
