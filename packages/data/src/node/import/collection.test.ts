/** @file A whole collection imported: nobody's name comes through, values and places do. */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage, readImageFile, type Scan } from "@hale/imaging";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseTable, SCAN_COLUMNS, type ScanRecord } from "../../import/records.ts";
import { loadDataset } from "../load.ts";
import { filesOf, PLANTED, plantedIn, putCollection, SIZE, storedAt, volume } from "./collection-fixture.ts";
import { importDataset } from "./import.ts";

const refused = (fault: RegExp, code = "DATASET_INVALID") =>
  expect.objectContaining({ name: "HaleError", code, fault: expect.stringMatching(fault) });

async function scanOf(out: string, path: string): Promise<Scan> {
  const { scans } = await readImageFile(await readFile(join(out, path)), path);
  expect(scans).toHaveLength(1);
  return scans[0];
}
const tableOf = async (out: string) =>
  parseTable(SCAN_COLUMNS, await readFile(join(out, "scan.csv"), "utf8"), "scan.csv");

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
    expect(report.warnings.join()).toMatch(/1 scans lie in a folder below abnormal\/ that is not listed as a class/);
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
