import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Item } from "@hale/data";
import { openDataset, readImages, writePhantomSet } from "@hale/data/node";
import { type Detector, type Finding, printOf, seenRecord } from "@hale/detector";
import type { Raster } from "@hale/imaging";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patientsSentence, seenSentence } from "../seen-images.ts";
import { type Evaluation, evaluateDetector } from "./evaluate.ts";
import { writeReport } from "./report.ts";
import { casesData, imageRows } from "./report-cases.ts";
import { countData, intervalData, patientsKnown, trainingData } from "./report-figures.ts";

const SIZE = 32;
const THRESHOLD = { value: 0.25, falseAlarmRate: 0.05, normals: 20, low: 0.01, high: 0.2 };

/** A detector whose score is the mean brightness, so that everything around it can be tested in no time. */
const detector = {
  card: {
    parts: [],
    counterpart: false,
    normalScores: [0.1, 0.2],
    threshold: THRESHOLD,
    mapScale: { top: 1 },
    method: { name: "knn", title: "Brightness", options: {}, source: "none" },
    image: { size: SIZE, channels: 1 },
    dataset: { thresholdNormals: 20, trainNormals: 40, unlabelled: 0, selectionNormals: 0 },
    training: {
      seed: 1,
      iterations: 1,
      seconds: 1,
      device: "cpu",
      runtimeVersion: "1",
      selectedIteration: 1,
      selectionRule: "",
      selectionValue: null,
    },
  },
  examine: async (raster: Raster) => {
    const data = Float32Array.from(raster.data, (value) => value / raster.maxValue);
    const score = data.reduce((sum, v) => sum + v, 0) / data.length;
    const prepared = { width: SIZE, height: SIZE, channels: 1, data };
    return {
      score,
      parts: {},
      pValue: 0.5,
      decision: score > THRESHOLD.value ? "above" : "not above",
      threshold: THRESHOLD.value,
      anomalyMap: { width: SIZE, height: SIZE, data },
      prepared,
      healthy: null,
      views: {},
    } as unknown as Finding;
  },
} as unknown as Detector;

let root = "";
let evaluation: Evaluation;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-report-"));
  const counts = { trainNormal: 8, unlabelled: 2, valNormal: 2, testNormal: 24, testAbnormal: 24 };
  await writePhantomSet(root, { seed: 3, size: SIZE, counts });
  const opened = await openDataset(root);
  // One abnormal image loses its mask.
  const one = opened.dataset.items.find((item) => item.mask !== null)!;
  const items = opened.dataset.items.map((item) => (item === one ? { ...item, mask: null } : item));
  const data = { ...opened, dataset: { ...opened.dataset, items } };
  evaluation = await evaluateDetector(detector, data, { nearCopies: false, resamples: 50 });
});
afterAll(() => rm(root, { recursive: true }));

describe("an evaluation", () => {
  test("gives every kind of abnormality an interval, or the reason why it has none", () => {
    expect(evaluation.classes.length).toBeGreaterThan(1);
    for (const { auroc } of evaluation.classes) {
      expect(auroc.low === null).toBe(auroc.reason !== null);
      if (auroc.low !== null) expect(auroc.low).toBeLessThanOrEqual(auroc.estimate);
    }
    expect(evaluation.classes.some(({ auroc }) => auroc.low !== null)).toBe(true);
  });

  test("counts the images with a mask apart from the normal ones and those without", () => {
    expect(evaluation.pixels).toMatchObject({ masked: 23, normals: 24, unmasked: 1 });
  });
});

describe("images that the detector was made with", () => {
  const testNormals = () => evaluation.cases.filter(({ label }) => label === 0).map(({ item }) => item);
  const report = async (of: Evaluation) => {
    const file = join(root, "seen.html");
    await writeReport(file, { detector, evaluation: of, data: root, runFolder: root, command: ["evaluate"] });
    return readFile(file, "utf8");
  };

  test("are not claimed to be none where nothing is known of them", async () => {
    expect(evaluation.seen).toMatchObject({ checked: false });
    expect(seenSentence(evaluation.seen)).toMatchObject({ warns: true, text: expect.stringMatching(/^Not checked: /) });
    expect(await report(evaluation)).toContain("Not checked: whether the detector was trained on these test images");
  });

  test("are named, exact and near copies, whatever the splits of the data set say", async () => {
    const opened = await openDataset(root);
    const paths = new Set(
      testNormals()
        .slice(0, 5)
        .map(({ path }) => path),
    );
    const { images } = await readImages(
      opened.dataset.items.filter(({ path }) => paths.has(path)),
      // The second is used a little brighter.
      (raster, _, item) =>
        printOf(
          item.path === [...paths][1]
            ? { ...raster, data: Uint8Array.from(raster.data, (v) => Math.min(255, v + 4)) }
            : raster,
        ),
    );
    const swapped = await evaluateDetector(detector, opened, {
      ...{ nearCopies: false, resamples: 50 },
      seen: seenRecord(images),
    });
    if (!swapped.seen.checked) throw new Error(swapped.seen.reason);
    expect(swapped.seen.images).toBe(5);
    const as = new Map(swapped.seen.seen.map((one) => [one.path, one.as]));
    expect([...as.keys()].sort()).toEqual([...paths].sort());
    expect([...as.values()].filter((one) => one === "near")).toHaveLength(1);
    const page = await report(swapped);
    expect(page).toContain("made with 5 test images (4 with the same pixels, 1 near copy)");
    for (const path of paths) expect(page).toContain(`${path}: `);
  });

  test("are none where the hashes say so", async () => {
    const seen = seenRecord([]);
    const clean = await evaluateDetector(detector, root, { nearCopies: false, resamples: 50, seen });
    expect(seenSentence(clean.seen)).toMatchObject({ warns: false, text: expect.stringContaining("None of the test") });
  });

  test("patients that are unknown are told", () => {
    expect(patientsSentence("all")).toBeNull();
    expect(patientsSentence("none")).toMatch(/^Patients unknown: not checked/);
  });
});

describe("the report of an evaluation", () => {
  test("says how many images have a mask, and puts every image into the table", async () => {
    const file = join(root, "report.html");
    await writeReport(file, { detector, evaluation, data: root, runFolder: root, command: ["evaluate"] });
    const page = await readFile(file, "utf8");
    expect(page).toMatch(/on 23 abnormal images with a mask and\s24 normal images/);
    expect(page).toContain("1 abnormal image without a mask took no part");
    for (const { item } of evaluation.cases) expect(page).toContain(`${item.path}</`);
    expect(page).not.toMatch(/called (ab)?normal/);
  });

  test("orders the table by score, and names misses and false alarms", () => {
    const rows = imageRows(evaluation.cases, detector.card);
    expect(rows).toHaveLength(48);
    expect(rows.every((row, i) => i === 0 || row.score <= rows[i - 1].score)).toBe(true);
    for (const { label, score, verdict, decision } of rows) {
      const above = score > THRESHOLD.value;
      expect(decision).toBe(`${above ? "" : "not "}above the threshold (5 % false alarms)`);
      expect(verdict).toBe(above === (label === "abnormal") ? "right" : above ? "false alarm" : "miss");
    }
    expect(new Set(rows.map(({ verdict }) => verdict)).size).toBe(3);
    const { misses, falseAlarms } = casesData(evaluation.cases, detector.card);
    expect(misses.total).toBe(rows.filter(({ verdict }) => verdict === "miss").length);
    expect(falseAlarms.total).toBe(rows.filter(({ verdict }) => verdict === "false alarm").length);
  });
});

describe("its figures", () => {
  const item = (split: string, label: 0 | 1 | null, kind: string, patient: string | null) =>
    ({ split, label, class: kind, patient }) as Item;

  test("count the patients of the very images beside them, and none where some are unknown", () => {
    const items = [
      ...Array.from({ length: 34 }, (_, i) => item("test", 1, "dark", `a${i >> 1}`)),
      ...Array.from({ length: 33 }, (_, i) => item("test", 1, "bright", `b${i}`)),
      item("train", 0, "", "c"),
      item("train", 0, "", null),
    ];
    expect(countData(items).map(({ class: kind, images, patients }) => [kind, images, patients])).toEqual([
      ["", 2, null],
      ["bright", 33, 33],
      ["dark", 34, 17],
    ]);
    for (const { images, patients } of countData(evaluation.dataset.items)) {
      expect(patients ?? 0).toBeLessThanOrEqual(images);
    }
    expect(patientsKnown(items)).toBe("some");
    expect(patientsKnown(items.slice(0, 3))).toBe("all");
    expect(patientsKnown([item("test", 0, "", null)])).toBe("none");
  });

  test("keep every loss of networks that take turns in the log", () => {
    const lines = Array.from({ length: 3000 }, (_, i) => {
      const iteration = i + 1;
      const values = iteration % 2 === 0 ? { "generator/loss": Math.sin(i / 50) } : { "critic/loss": 1 };
      return { iteration, seconds: i, ...values } as { iteration: number; seconds: number };
    });
    const { losses, selection } = trainingData(
      [...lines, { iteration: 3000, "selection/pseudoAuc": 0.7, seconds: 1 }],
      3000,
    );
    expect(losses.map(({ name, points }) => [name, points.length])).toEqual([
      ["critic/loss", 1500],
      ["generator/loss", 1500],
    ]);
    expect(selection?.points).toEqual([{ iteration: 3000, value: 0.7 }]);
  });

  test("always say why there is no interval", () => {
    const none = { estimate: 0.7, low: null, high: null };
    expect(intervalData({ ...none, reason: "few" })).toEqual({ ...none, reason: "few" });
    expect(intervalData({ ...none, reason: null })).toMatchObject({ reason: expect.stringMatching(/./) });
    expect(intervalData({ estimate: 0.7, low: 0.6, high: 0.8, reason: null })).toEqual({
      estimate: 0.7,
      low: 0.6,
      high: 0.8,
    });
  });
});
