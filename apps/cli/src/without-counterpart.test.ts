/**
 * @file A detector that makes no healthy counterpart and learns by a fit, as people meet it: trained, stopped and resumed,
 * evaluated with a report, scored with pictures and written as DICOM objects like any other.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { writePhantomSet } from "@hale/data/node";
import { type Card, unpackDetector } from "@hale/detector";
import { readScan } from "@hale/imaging/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ctBytes, type Found, readBack } from "../../../packages/imaging/src/formats/dicom/objects/source-fixture.ts";
import { expectRefused, type Result, rowsOf, runHale, spawnHale } from "./cli-fixture.ts";

const LIMIT = 240_000;
const TINY = "--method knn --size 32 --threads 1".split(" ");
const [COLUMNS, ROWS] = [40, 30];

let root = "";
let trained: Result;
let card: Card;
const hale = (args: string[], until?: RegExp) => (until ? spawnHale(root, args, until) : runHale(root, args));
const read = async (...path: string[]) => new Uint8Array(await readFile(join(root, ...path)));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-knn-"));
  const counts = { trainNormal: 30, unlabelled: 0, valNormal: 20, testNormal: 6, testAbnormal: 6 };
  await writePhantomSet(join(root, "scans"), { seed: 5, size: 32, counts });
  trained = await hale(["train", "scans", "--out", "run", ...TINY]);
  expect(trained.code, trained.err).toBe(0);
  card = (await unpackDetector(await read("run", "detector.hale"), "detector.hale")).card;
}, LIMIT);
afterAll(() => rm(root, { recursive: true }));

test("learns in one pass, and its card says what it is, what it looked through and what it holds", async () => {
  expect(trained.err).toMatch(/knn, one pass, 32 x 32: \d+ normals to learn from, 2\d for the threshold/);
  expect(card).toMatchObject({
    counterpart: false,
    backbone: { name: "filters (log)", origin: "hale's own filters, no weights", licence: "Apache-2.0" },
    method: { name: "knn", options: { k: 3, regions: "auto" } },
    views: [],
    parts: [],
  });
  expect(card.intendedUse).toMatch(/holds features of its training images/);
  expect(card.threshold).not.toBeNull();
  // Held-out normals are at some distance from those that were learnt: none of them is its own neighbour.
  expect(Math.min(...card.normalScores)).toBeGreaterThan(0.1);
});

test(
  "scores with map and overlay, and writes no picture of a counterpart",
  async () => {
    const scored = await hale([
      "score",
      "run/detector.hale",
      "scans/images/test-*.png",
      "--maps",
      "maps",
      "--threads",
      "1",
    ]);
    expect(scored.code, scored.err).toBe(0);
    const [head, ...rows] = rowsOf(scored.out);
    expect(head).toEqual(["file", "score", "p_value", "decision", "threshold", "meaning", "error"]);
    expect(rows).toHaveLength(12);
    const names = rows.flatMap(([file]) => ["map", "overlay"].map((kind) => `${basename(file, ".png")}-${kind}.png`));
    const written = (await readdir(join(root, "maps"), { recursive: true })).filter((name) => name.endsWith(".png"));
    expect(written.map((name) => basename(name)).sort()).toEqual(names.sort());
  },
  LIMIT,
);

test(
  "is evaluated and reported without a word of counterparts",
  async () => {
    const args = ["--report", "report.html", "--json", "--no-near-copies", "--threads", "1"];
    const { code, out, err } = await hale(["evaluate", "run/detector.hale", "scans", ...args]);
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({ normals: 6, abnormals: 6 });
    const page = (await readFile(join(root, "report.html"), "utf8")).replace(/data:image[^"]*/g, "");
    expect(page.match(/counterpart|restor|\bproxy\b/gi)).toBeNull();
    expect(page).toContain("filters (log)");
    const panels = Array.from(page.matchAll(/<i>(.*?)<\/i>/g), ([, name]) => name);
    expect(new Set(panels)).toEqual(new Set(["image", "anomaly map"]));
  },
  LIMIT,
);

test(
  "becomes DICOM objects like any other's, on the slice's own grid",
  async () => {
    const pixels = new Uint8Array(COLUMNS * ROWS).map((_, i) => {
      const [x, y] = [i % COLUMNS, Math.floor(i / COLUMNS)];
      return ((x - 20) / 15) ** 2 + ((y - 14) / 11) ** 2 < 1 ? 110 + ((x * 7 + y * 13) % 60) : 4;
    });
    await writeFile(join(root, "slice.dcm"), ctBytes(0, COLUMNS, ROWS, { PixelData: pixels.buffer }));
    const args = ["--normalise", "file", "--json", "--maps", "of-dicom", "--dicom-out", "objects", "--threads", "1"];
    const { code, out, err } = await hale(["score", "run/detector.hale", "slice.dcm", ...args]);
    expect(code, err).toBe(0);
    const row: Found = JSON.parse(out);
    expect(row.leftOut).toEqual([]);
    expect(Object.keys(row.dicom)).toEqual(["parametricMap", "segmentation", "secondaryCapture", "report"]);
    const map = await readScan(join(root, row.dicom.parametricMap));
    expect(map.size).toEqual([COLUMNS, ROWS, 1]);
    expect(Math.max(...map.stored)).toBeGreaterThan(0);
    const capture = await readBack(await read(row.dicom.secondaryCapture));
    // The slice's rows, and below them a strip with the colour scale, wide enough for its words.
    expect(capture.Rows).toBeGreaterThan(ROWS);
    expect(capture.Columns).toBe(Math.max(COLUMNS, 104));
    const names = (await readdir(join(root, "of-dicom"), { recursive: true })).map((name) => name.replace(/.*-/, ""));
    expect(names.sort()).toEqual(["map.nii.gz", "map.png", "overlay.png"]);
  },
  LIMIT,
);

test(
  "takes no steps and no checkpoint to select, and says so",
  async () => {
    for (const [option, value] of [
      ["--iterations", "10"],
      ["--selection", "last"],
    ]) {
      const refused = await hale(["train", "scans", "--out", "other", ...TINY, option, value]);
      expectRefused(refused, 2, /knn learns in one pass over the normals/);
    }
    await expect(readdir(join(root, "other"))).rejects.toThrow();
    const more = await hale(["train", "scans", "--out", "other", ...TINY, "--regions", "16"]);
    expectRefused(more, 2, /8 x 8 places at the layer fine, fewer than 16 regions/);
  },
  LIMIT,
);

test(
  "stops half way with a checkpoint and goes on to the same detector",
  async () => {
    const part = await hale(["train", "scans", "--out", "parts", ...TINY, "--every", "4", "--until", "9"]);
    expect(part.code, part.err).toBe(0);
    const early = (await unpackDetector(await read("parts", "detector.hale"), "early")).card;
    expect(early.dataset.trainNormals).toBe(9);
    const resumed = await hale(["train", "--resume", "parts"]);
    expect(resumed.code, resumed.err).toBe(0);
    expect(resumed.err).toMatch(/Going on from normal 9/);
    const [whole, again] = await Promise.all(
      ["run", "parts"].map(async (folder) => unpackDetector(await read(folder, "detector.hale"), folder)),
    );
    for (const field of ["normalScores", "threshold", "mapScale", "selfCheck", "dataset"] as const)
      expect(again.card[field], field).toEqual(whole.card[field]);
    // Models differ in their cards' times alone; what was gathered is in the last checkpoints, to the bit.
    const [learnt, relearnt] = await Promise.all(
      ["run", "parts"].map(async (folder) => {
        const names = await readdir(join(root, folder, "checkpoints"));
        return read(
          folder,
          "checkpoints",
          names
            .filter((name) => name.endsWith(".safetensors"))
            .sort()
            .at(-1)!,
        );
      }),
    );
    expect(relearnt).toEqual(learnt);
  },
  LIMIT,
);

test(
  "patchcore and padim need nothing but normals, and the former is named where few normals meet a network",
  async () => {
    for (const method of ["patchcore", "padim"]) {
      const learnt = await hale([
        "train",
        "scans",
        "--method",
        method,
        "--size",
        "32",
        "--threads",
        "1",
        "--out",
        method,
      ]);
      expect(learnt.code, learnt.err).toBe(0);
      expect(learnt.err).toMatch(new RegExp(`${method}, one pass, 32 x 32: \\d+ normals to learn from`));
      expect(learnt.err).not.toMatch(/reach for/);
      const scored = await hale(["score", join(method, "detector.hale"), join("scans", "images"), "--threads", "1"]);
      expect(scored.code, scored.err).toBe(0);
      const [head, ...rows] = rowsOf(scored.out);
      expect(rows.length).toBeGreaterThan(50);
      expect(rows.every((row) => Number(row[head.indexOf("score")]) > 0)).toBe(true);
    }
    const network = "--method autoencoder --size 32 --iterations 1 --threads 1 --hidden 16 --batch 2".split(" ");
    const other = await hale(["train", "scans", ...network, "--out", "network"]);
    expect(other.code, other.err).toBe(0);
    expect(other.err).toMatch(/With \d+ normals to learn from, reach for --method patchcore first/);
    const help = await hale(["train", "--help"]);
    expect(help.out).toMatch(/Which method first:\n\s+patchcore /);
    expect(help.out).toMatch(/--set memory=4000/);
  },
  LIMIT,
);
