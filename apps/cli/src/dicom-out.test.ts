/**
 * From a score to the hospital's objects: a series and a radiograph through `hale score --dicom-out`, everything read
 * back. Debian's dicom3tools and python3-pydicom give second opinions; CI must have them, elsewhere they may be missing.
 */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePhantomVolumes } from "@hale/data/node";
import { type Card, unpackDetector } from "@hale/detector";
import { readDicom } from "@hale/imaging";
import { readScan } from "@hale/imaging/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DICOM_OBJECTS_KNOWN_WARNINGS } from "../../../packages/imaging/src/formats/dicom/objects/dciodvfy-fixture.ts";
import {
  ctBytes,
  type Found,
  FRAME_UID,
  multiFrameBytes,
  PLANTED,
  radiographBytes,
  readBack,
  SERIES_UID,
} from "../../../packages/imaging/src/formats/dicom/objects/source-fixture.ts";
import { expectRefused, type Result, runHale } from "./cli-fixture.ts";

const LIMIT = 240_000;
const COLUMNS = 40;
const ROWS = 30;
const SLICES = 9;
const isCi = Boolean(process.env.CI);
const hasTool = isCi || spawnSync("dciodvfy", ["-version"]).error === undefined;
const hasPydicom = isCi || spawnSync("/usr/bin/python3", ["-c", "import numpy, pydicom"]).status === 0;

let root = "";
let card: Card;

/** A bright body with a brighter spot in the upper slices, as 8-bit pixels. */
function pixels(from: number, slices = 1): ArrayBuffer {
  const data = new Uint8Array(2 * Math.ceil((COLUMNS * ROWS * slices) / 2));
  for (let i = 0; i < COLUMNS * ROWS * slices; i++) {
    const [x, y, k] = [i % COLUMNS, Math.floor(i / COLUMNS) % ROWS, from + Math.floor(i / (COLUMNS * ROWS))];
    const inside = ((x - 20) / 15) ** 2 + ((y - 14) / 11) ** 2 < 1;
    const spot = (x - 26) ** 2 + (y - 10) ** 2 < 9 && k > 4;
    data[i] = inside ? (spot ? 250 : 110 + ((x * 7 + y * 13 + k * 5) % 17)) : (x * y) % 5;
  }
  return data.buffer;
}

const score = (args: string[]): Promise<Result> => runHale(root, ["score", "run/detector.hale", ...args, "--json"]);
const read = async (path: string) => new Uint8Array(await readFile(join(root, path)));
const objectOf = async (path: string): Promise<Found> => readBack(await read(path));
const uidIn = (path: string) => /([\d.]+)-\w+\.dcm$/.exec(path)?.[1];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-objects-"));
  const counts = { train: 8, val: 3, testNormal: 0, testAbnormal: 0 };
  await writePhantomVolumes(join(root, "volumes"), { seed: 9, size: 32, slices: 9, counts });
  const way = "--slices axial:0.1-0.9 --crop 2 --aggregate top-k:3 --false-alarm-rate 25%".split(" ");
  const tiny = "--method autoencoder --size 32 --threads 1 --iterations 2".split(" ");
  const trained = await runHale(root, ["train", "volumes", "--out", "run", ...tiny, ...way]);
  expect(trained.code, trained.err).toBe(0);
  card = (await unpackDetector(await read("run/detector.hale"), "run/detector.hale")).card;
  await mkdir(join(root, "series"));
  // Names that say nothing of the order, and a patient's name in one, as exports have it.
  for (let k = 0; k < SLICES; k++) {
    const bytes = ctBytes(k, COLUMNS, ROWS, { InstanceNumber: SLICES - k, PixelData: pixels(k) });
    await writeFile(join(root, "series", `Müller-${(k * 5) % SLICES}.dcm`), bytes);
  }
  await writeFile(join(root, "chest.dcm"), radiographBytes(COLUMNS, ROWS, { PixelData: pixels(6) }));
  const many = multiFrameBytes(SLICES, COLUMNS, ROWS, { PixelData: pixels(0, SLICES) });
  await writeFile(join(root, "many.dcm"), many);
}, LIMIT);
afterAll(() => rm(root, { recursive: true }));

/** Errors, and warnings that are not known, of every object in the folder. */
async function complaints(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(join(root, folder))) {
    const { stdout, stderr, error } = spawnSync("dciodvfy", ["-new", join(root, folder, name)], { encoding: "utf8" });
    expect(error).toBeUndefined();
    for (const line of `${stdout}\n${stderr}`.split("\n"))
      if (/^(Error|Warning)/.test(line) && !DICOM_OBJECTS_KNOWN_WARNINGS.some((known) => known.test(line)))
        found.push(`${name}: ${line}`);
  }
  return found;
}

/** What pydicom makes of every object in the folder: class, frames, and sum of pixels. */
function asPydicomHasIt(folder: string): Record<string, { uid: string; kind: string; shape: number[]; sum: number }> {
  const script = `
import glob, json, os, sys, numpy, pydicom
for path in glob.glob(sys.argv[1] + '/*.dcm'):
    d = pydicom.dcmread(path)
    a = d.pixel_array if 'Rows' in d else numpy.zeros(0)
    print(json.dumps({'name': os.path.basename(path), 'uid': d.SOPInstanceUID, 'kind': d.SOPClassUID.name,
      'shape': list(a.shape), 'sum': float(a.astype('f8').sum())}))`;
  const { stdout, stderr, status } = spawnSync("/usr/bin/python3", ["-c", script, join(root, folder)], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return Object.fromEntries(rows.map(({ name, ...rest }) => [name.replace(/.*-|\.dcm/g, ""), rest]));
}

describe("a series", () => {
  let row: Found;
  let result: Result;
  beforeAll(async () => {
    result = await score(["series", "--dicom-out", "objects", "--maps", "maps"]);
    expect(result.code, result.err).toBe(0);
    row = JSON.parse(result.out);
  }, LIMIT);

  test("has four objects, named by their own UIDs", async () => {
    expect(row.leftOut).toEqual([]);
    const kinds = Object.entries(row.dicom as Record<string, string>);
    expect(kinds.map(([kind]) => kind)).toEqual(["parametricMap", "segmentation", "secondaryCapture", "report"]);
    expect((await readdir(join(root, "objects"))).sort()).toEqual(kinds.map(([, path]) => path.slice(8)).sort());
    for (const [, path] of kinds) expect((await objectOf(path)).SOPInstanceUID).toBe(uidIn(path));
  });

  test("its Parametric Map has the values and places of the NIfTI map", async () => {
    const { scan, instance } = await readDicom(await read(row.dicom.parametricMap), "map");
    const nifti = await readScan(join(root, row.map));
    expect(scan.size).toEqual([COLUMNS, ROWS, SLICES]);
    expect(scan.stored).toEqual(nifti.stored);
    expect(Math.max(...scan.stored)).toBeGreaterThan(0);
    for (const [i, value] of scan.affine!.entries()) expect(value).toBeCloseTo(nifti.affine![i], 4);
    expect(instance.frameOfReferenceUid).toBe(FRAME_UID);
    const object = await objectOf(row.dicom.parametricMap);
    object.PerFrameFunctionalGroupsSequence.forEach((frame: Found, k: number) => {
      expect(frame.DerivationImageSequence[0].SourceImageSequence[0]).toMatchObject({
        ReferencedSOPInstanceUID: `${SERIES_UID}.${k + 1}`,
        SpatialLocationsPreserved: "YES",
      });
    });
  });

  test("its Segmentation is the map above the card's p99, and says so", async () => {
    const { scan, instance } = await readDicom(await read(row.dicom.segmentation), "seg");
    const { stored } = await readScan(join(root, row.map));
    const { p99 } = card.mapScale;
    expect([...scan.stored]).toEqual([...stored].map((value) => (value > p99 ? 1 : 0)));
    expect([...scan.stored]).toContain(1);
    expect(instance.frameOfReferenceUid).toBe(FRAME_UID);
    const [segment] = (await objectOf(row.dicom.segmentation)).SegmentSequence;
    expect(segment.SegmentDescription).toContain(`above ${p99}, the 99th percentile`);
    const other = await score(["series", "--dicom-out", "other", "--segment-above", "max"]);
    const { segmentation } = JSON.parse(other.out).dicom;
    const highest = (await readDicom(await read(segmentation), "seg")).scan.stored;
    expect([...highest]).toEqual([...stored].map((value) => (value > card.mapScale.max ? 1 : 0)));
  });

  test("its picture shows the slices that were looked at", async () => {
    const { scan } = await readDicom(await read(row.dicom.secondaryCapture), "overlay");
    const { stored } = await readScan(join(root, row.map));
    const area = COLUMNS * ROWS;
    const looked = row.slices.map(({ slice }: { slice: number }) => slice);
    // Wide enough for the words of the strip below each picture.
    const [wide, high] = scan.size;
    expect([wide, scan.size[2], scan.channels]).toEqual([Math.max(COLUMNS, 104), looked.length, 3]);
    expect(high).toBeGreaterThan(ROWS);
    const inCapture = (i: number) => {
      const [slice, y, x] = [Math.floor(i / area), Math.floor((i % area) / COLUMNS), i % COLUMNS];
      return (slice * high + y) * wide + x;
    };
    const object = await objectOf(row.dicom.secondaryCapture);
    expect(object.SourceImageSequence.map((item: Found) => item.ReferencedSOPInstanceUID)).toEqual(
      looked.map((slice: number) => `${SERIES_UID}.${slice + 1}`),
    );
    // Where the map is 0 the picture is grey, and where it is not, seldom.
    for (let i = 0; i < area * looked.length; i++) {
      const [red, green, blue] = scan.stored.subarray(3 * inCapture(i), 3 * inCapture(i) + 3);
      if (stored[looked[0] * area + i] === 0) expect(red === green && green === blue).toBe(true);
    }
  });

  test("its report has score, threshold of volumes and decision, and refers to source, map and segment", async () => {
    const object = await objectOf(row.dicom.report);
    const text = JSON.stringify(object);
    const numbers = new Map<string, number>();
    const images = new Map<string, Found>();
    const visit = (item: Found) => {
      const name = item.ConceptNameCodeSequence?.[0]?.CodeMeaning;
      const measured = item.MeasuredValueSequence?.[0];
      if (measured) numbers.set(name, measured.FloatingPointValue ?? Number(measured.NumericValue));
      if (item.ValueType === "IMAGE") images.set(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID, item);
      for (const child of item.ContentSequence ?? []) visit(child);
    };
    visit(object);
    const volume = card.input!.volume;
    expect(numbers.get("Anomaly score")).toBe(row.score);
    expect(numbers.get("Threshold of the anomaly score")).toBe(volume.threshold!.value);
    expect(numbers.get("False-alarm rate aimed at on normals")).toBe(25);
    expect(numbers.get("Threshold of the anomaly map, point by point")).toBe(card.mapScale.p99);
    // The series is nothing like the training images.
    expect(row.decision).toBe("needs review");
    expect(text).toContain("Needs review: outside what this detector knows");
    expect(text).not.toContain("bove the threshold");
    expect(text).toContain("top-k:3 of the scores of 7 axial slices");
    expect(images.get(uidIn(row.dicom.segmentation)!)).toMatchObject({
      ConceptNameCodeSequence: [{ CodeValue: "121191" }],
      ReferencedSOPSequence: [{ ReferencedSegmentNumber: 1 }],
    });
    expect(images.has(uidIn(row.dicom.parametricMap)!)).toBe(true);
    const evidence = object.CurrentRequestedProcedureEvidenceSequence.flatMap((study: Found) =>
      study.ReferencedSeriesSequence.flatMap((series: Found) => series.ReferencedSOPSequence),
    ).map((item: Found) => item.ReferencedSOPInstanceUID);
    expect(evidence.sort()).toEqual([...images.keys()].sort());
    expect(object.DeviceSerialNumber).toMatch(/^[0-9a-f]{64}$/);
  });

  test("patient and study go along", async () => {
    for (const path of Object.values(row.dicom as Record<string, string>)) {
      const object = await objectOf(path);
      expect(String(object.PatientName)).toBe(PLANTED.PatientName);
      expect(object).toMatchObject({
        PatientID: PLANTED.PatientID,
        StudyInstanceUID: PLANTED.StudyInstanceUID,
        Manufacturer: "hale",
      });
    }
  });

  test.skipIf(!hasTool)("dciodvfy has nothing against its objects", async () => {
    expect(await complaints("objects")).toEqual([]);
  });

  test.skipIf(!hasPydicom)("pydicom sees the same in them", async () => {
    const seen = asPydicomHasIt("objects");
    const { stored } = await readScan(join(root, row.map));
    const sum = [...stored].reduce((all, value) => all + value, 0);
    expect(seen.map).toMatchObject({ kind: "Parametric Map Storage", shape: [SLICES, ROWS, COLUMNS] });
    expect(seen.map.sum).toBeCloseTo(sum, 3);
    expect(seen.seg).toMatchObject({ kind: "Segmentation Storage", shape: [SLICES, ROWS, COLUMNS] });
    expect(seen.seg.sum).toBe([...stored].filter((value) => value > card.mapScale.p99).length);
    // The picture, wide enough for the words of the strip below it.
    expect(seen.overlay.shape).toEqual([row.slices.length, expect.any(Number), Math.max(COLUMNS, 104), 3]);
    expect(seen.overlay.shape[1]).toBeGreaterThan(ROWS);
    expect(seen.report.kind).toBe("Enhanced SR Storage");
    for (const [kind, path] of Object.entries(row.dicom as Record<string, string>))
      expect(
        Object.values(seen).map(({ uid }) => uid),
        kind,
      ).toContain(uidIn(path));
  });
});

test(
  "a radiograph has no Parametric Map, and a line says why",
  async () => {
    const { code, out, err } = await score(["chest.dcm", "--dicom-out", "chest", "--maps", "maps"]);
    expect(code, err).toBe(0);
    const row = JSON.parse(out);
    expect(Object.keys(row.dicom)).toEqual(["segmentation", "secondaryCapture", "report"]);
    expect(row.leftOut).toEqual([{ object: "parametricMap", reason: expect.stringContaining("place in the patient") }]);
    expect(err).toMatch(/hale: chest\.dcm: no Parametric Map\. .*place in the patient/);
    const { stored } = await readScan(join(root, row.map));
    const { scan, instance } = await readDicom(await read(row.dicom.segmentation), "seg");
    expect(scan.size).toEqual([COLUMNS, ROWS, 1]);
    expect([...scan.stored]).toEqual([...stored].map((value) => (value > card.mapScale.p99 ? 1 : 0)));
    expect([...stored].some((value) => value > 0)).toBe(true);
    expect(instance.frameOfReferenceUid).toBeNull();
    const report = JSON.stringify(await objectOf(row.dicom.report));
    expect(report).toContain(String(card.threshold!.falseAlarmRate * 100));
    if (hasTool) expect(await complaints("chest")).toEqual([]);
    if (hasPydicom) expect(asPydicomHasIt("chest").seg.shape).toEqual([ROWS, COLUMNS]);
  },
  LIMIT,
);

test(
  "frames of one file are referred to by their numbers",
  async () => {
    const { code, out, err } = await score(["many.dcm", "--dicom-out", "many"]);
    expect(code, err).toBe(0);
    const row = JSON.parse(out);
    expect(row.leftOut).toEqual([]);
    const object = await objectOf(row.dicom.parametricMap);
    expect(
      object.PerFrameFunctionalGroupsSequence.map(
        (frame: Found) => frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber,
      ),
    ).toEqual(Array.from({ length: SLICES }, (_, k) => k + 1));
    if (hasTool) expect(await complaints("many")).toEqual([]);
  },
  LIMIT,
);

test(
  "de-identified objects hold nothing of the patient, in files, names and lines",
  async () => {
    const made = ["--dicom-out", "blank", "--deidentify", "--key", "keys/study.key"];
    const { code, out, err } = await score(["series", "chest.dcm", ...made]);
    expect(code, err).toBe(0);
    expect(err).not.toMatch(/burned/);
    const names = await readdir(join(root, "blank"));
    expect(names).toHaveLength(7);
    const patients = new Set<string>();
    for (const name of names) {
      expect(name).toMatch(/^2\.25\.\d+-(map|seg|overlay|report)\.dcm$/);
      const bytes = await read(join("blank", name));
      const object = readBack(bytes);
      expect(object.PatientIdentityRemoved).toBe("YES");
      patients.add(object.PatientID);
      const planted = [
        ...[
          "Müller",
          "Jürgen",
          "GEHEIM",
          "19530217",
          "20210304",
          "ACC-0815",
          "Überweiser",
          "Schädel",
          "ALT-99",
          "Klinik",
        ],
        ...[SERIES_UID, FRAME_UID, PLANTED.StudyInstanceUID, "068Y"],
      ];
      for (const encoding of ["utf8", "latin1"] as const) {
        for (const text of planted)
          expect(Buffer.from(bytes).includes(Buffer.from(text, encoding)), `${text} in ${name}`).toBe(false);
      }
    }
    expect([...patients]).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
    if (hasTool) expect(await complaints("blank")).toEqual([]);
    for (const { dicom } of out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))) {
      const report = await objectOf(dicom.report);
      expect([report.StudyDate, report.StudyTime, report.PatientSex].filter(Boolean)).toEqual([]);
    }
    // The same key gives the same study and patient, and other instances.
    const again = await score(["chest.dcm", "--dicom-out", "again", "--deidentify", "--key", "keys/study.key"]);
    const first = await objectOf(JSON.parse(again.out).dicom.report);
    expect([first.PatientID, names.some((name) => name.includes(first.SOPInstanceUID))]).toEqual([
      [...patients][0],
      false,
    ]);
  },
  LIMIT,
);

test(
  "what is no DICOM, or lacks identifiers, keeps its score; ultrasound is warned of",
  async () => {
    await writeFile(
      join(root, "bare.dcm"),
      ctBytes(0, COLUMNS, ROWS, { SeriesInstanceUID: "none", PixelData: pixels(6) }),
    );
    const us = { Modality: "US", SOPClassUID: "1.2.840.10008.5.1.4.1.1.6.1", PixelData: pixels(6) };
    await writeFile(join(root, "us.dcm"), radiographBytes(COLUMNS, ROWS, us));
    const burned = { ...us, BurnedInAnnotation: "YES", SOPInstanceUID: `${SERIES_UID}.78` };
    await writeFile(join(root, "burned.dcm"), radiographBytes(COLUMNS, ROWS, burned));
    const volume = (await readdir(join(root, "volumes", "images")))[0];
    const files = [join("volumes", "images", volume), "bare.dcm", "us.dcm", "burned.dcm"];
    const { code, out, err } = await score([...files, "--dicom-out", "odd", "--deidentify", "--key", "keys/odd.key"]);
    expect(code, err).toBe(0);
    const [nifti, bare, seen, text] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const row of [nifti, bare, seen, text]) expect(row.score).toBeGreaterThan(0);
    expect(nifti).toMatchObject({ dicom: {}, leftOut: [{ object: "all", reason: "It is no DICOM file." }] });
    expect(bare).toMatchObject({
      dicom: {},
      leftOut: [{ object: "all", reason: expect.stringContaining("identifiers") }],
    });
    expect(Object.keys(seen.dicom)).toContain("secondaryCapture");
    expect(text.leftOut.map(({ object }: { object: string }) => object)).toEqual(["parametricMap", "secondaryCapture"]);
    expect(err.split("\n").filter((line) => line.includes("burned into its pixels. Look"))).toEqual([
      expect.stringContaining("us.dcm"),
    ]);
  },
  LIMIT,
);

test("options that mean nothing alone are refused", async () => {
  expectRefused(await runHale(root, ["score", "run/detector.hale", "chest.dcm", "--deidentify"]), 2, /--dicom-out/);
  const key = ["--dicom-out", "o", "--key", "k"];
  expectRefused(await runHale(root, ["score", "run/detector.hale", "chest.dcm", ...key]), 2, /--deidentify/);
  const inside = ["--dicom-out", "o", "--deidentify", "--key", "o/k"];
  expectRefused(await runHale(root, ["score", "run/detector.hale", "chest.dcm", ...inside]), 2, /inside/);
});
