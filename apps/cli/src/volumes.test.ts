/** @file Volumes as people meet them: train on NIfTI slices, score a volume, look at its map, evaluate. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePhantomSet, writePhantomVolumes } from "@hale/data/node";
import { readScan } from "@hale/imaging/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Result, runHale } from "./cli-fixture.ts";

const LIMIT = 240_000;
const TINY = "--method autoencoder --size 32 --threads 1 --iterations 2".split(" ");
const WAY = "--slices axial:0.1-0.9 --skip-empty --crop 2 --aggregate top-k:3".split(" ");

let root = "";
let trained: Result;

const hale = (...args: string[]) => runHale(root, args);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-volumes-"));
  const counts = { train: 8, val: 3, testNormal: 2, testAbnormal: 2 };
  await writePhantomVolumes(join(root, "volumes"), { seed: 9, size: 32, slices: 9, counts });
  const few = { trainNormal: 4, unlabelled: 0, valNormal: 1, testNormal: 1, testAbnormal: 1 };
  await writePhantomSet(join(root, "pictures"), { seed: 2, size: 32, counts: few });
  trained = await hale("train", "volumes", "--out", "run", "--false-alarm-rate", "25%", ...TINY, ...WAY);
}, LIMIT);
afterAll(() => rm(root, { recursive: true }));

test("a run says how it reads scans, and keeps it", async () => {
  expect(trained.code, trained.err).toBe(0);
  const words = "--normalise percentile:0.5-99.5/volume --slices axial:0.1-0.9 --skip-empty 0.05 --crop 2";
  expect(trained.err).toContain(`Scans are read with ${words}`);
  expect(trained.err).toMatch(/slices of \d volumes/);
  expect(trained.err).toMatch(/Threshold of volumes \(top-k:3 of their slices\) .* from 4 held-out normal volumes/);
  expect(JSON.parse(await readFile(join(root, "run", "run.json"), "utf8")).input).toMatchObject({
    slices: { axis: "axial", unit: "share", from: 0.1, to: 0.9 },
    aggregation: { kind: "top-k", k: 3 },
  });
});

test(
  "a volume has a row with its slices, and a map in its own grid beside the curve",
  async () => {
    const file = "volumes/images/test-a-2.nii.gz";
    const { code, out, err } = await hale("score", "run/detector.hale", file, "--json", "--maps", "maps");
    expect(code, err).toBe(0);
    const row = JSON.parse(out);
    expect(row).toMatchObject({ file, error: null, aggregation: "top-k:3", axis: "axial" });
    expect(row.slices.map(({ slice }: { slice: number }) => slice)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(row.p_value).toBeGreaterThan(0);
    expect(["above", "not above"]).toContain(row.decision);
    const [scan, map] = [await readScan(join(root, file)), await readScan(join(root, row.map))];
    expect([map.size, map.affine]).toEqual([scan.size, scan.affine]);
    expect(map.stored.some((value) => value > 0)).toBe(true);
    const slice = `test-a-2-slice-${row.highest_slice}`;
    expect((await readdir(join(root, "maps"))).sort()).toEqual(
      [
        "test-a-2-curve.svg",
        "test-a-2-map.nii.gz",
        `${slice}-healthy.png`,
        `${slice}-map.png`,
        `${slice}-overlay.png`,
      ].sort(),
    );
    expect(await readFile(join(root, "maps/test-a-2-curve.svg"), "utf8")).toMatch(/^<svg .*axial slice.*<\/svg>\n$/);

    const csv = await hale("score", "run/detector.hale", file);
    expect(csv.out.split("\n")[1].split(",").slice(0, 2)).toEqual([file, String(row.score)]);
  },
  LIMIT,
);

test(
  "what the detector was not made for has no threshold, or no score",
  async () => {
    const file = "volumes/images/test-n-1.nii.gz";
    const { out } = await hale("score", "run/detector.hale", file, "--json", "--normalise", "window:300,900");
    expect(JSON.parse(out)).toMatchObject({ decision: null, threshold: null, threshold_reason: expect.any(String) });
    const picture = await hale("score", "run/detector.hale", "pictures/images", "--json");
    expect(picture.code).toBe(1);
    expect(JSON.parse(picture.out.split("\n")[0]).error).toMatch(/plain picture.*trained on scans/);
    const training = await hale("train", "pictures", "--out", "no", ...TINY, "--slices", "axial");
    expect([training.code, training.err]).toEqual([2, expect.stringMatching(/pictures holds plain pictures/)]);
    const words = await hale("train", "volumes", "--slices", "top");
    expect([words.code, words.err]).toEqual([2, expect.stringMatching(/--slices.*not understood/)]);
  },
  LIMIT,
);

test(
  "a detector of pictures takes a scan only where it is told how",
  async () => {
    await hale("train", "pictures", "--out", "plain", ...TINY);
    const file = "volumes/images/test-n-1.nii.gz";
    const refused = await hale("score", "plain/detector.hale", file, "--json");
    expect([refused.code, JSON.parse(refused.out).error]).toEqual([
      1,
      expect.stringMatching(/plain pictures.*--normalise/),
    ]);
    const told = await hale("score", "plain/detector.hale", file, "--json", "--normalise", "window:500,1000");
    expect(JSON.parse(told.out)).toMatchObject({ error: null, aggregation: "max", decision: null });
  },
  LIMIT,
);

test(
  "evaluation has figures by slice and by volume, and data commands keep volumes whole",
  async () => {
    const { code, out, err } = await hale(
      ...["evaluate", "run/detector.hale", "volumes", "--json", "--no-near-copies", "--report", "report.html"],
    );
    expect(code, err).toBe(0);
    const { volumes, normals, abnormals } = JSON.parse(out);
    expect([normals, abnormals]).toEqual([14, 6]);
    expect(volumes).toMatchObject({ normals: 2, abnormals: 2, aggregation: { kind: "top-k", k: 3 } });
    expect(await readFile(join(root, "report.html"), "utf8")).toMatch(/Whole volumes[\s\S]*images\/test-a-1\.nii\.gz/);

    const check = await hale("data", "check", "volumes", "--no-near-copies", "--slices", "axial:3-5");
    expect([check.code, check.out]).toEqual([0, expect.stringMatching(/volumes: 45 images, of 15 scans/)]);
    const split = await hale("data", "split", "volumes", "--out", "volumes/new.csv");
    expect(split.code, split.err).toBe(0);
    expect((await readFile(join(root, "volumes/new.csv"), "utf8")).trim().split("\n")).toHaveLength(16);
  },
  LIMIT,
);
