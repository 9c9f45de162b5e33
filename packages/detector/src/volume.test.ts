import type { Scan, ScanInput } from "@hale/imaging";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { curveSvg } from "./curve.ts";
import { Detector } from "./detector.ts";
import { type Card, parseCard } from "./format/card.ts";
import { type Aggregation, aggregateScores, aggregationName } from "./format/input.ts";
import { packDetector } from "./format/package.ts";
import { cardWith, fakeDevice, plainModel } from "./test-support.ts";
import { examineScan } from "./volume.ts";

const input: ScanInput = {
  normalisation: { kind: "full-scale" },
  slices: { axis: "axial", unit: "share", from: 0, to: 1 },
  leastForeground: 0,
  crop: null,
  square: false,
};
const threshold = { ...cardWith().threshold!, value: 0.6, normals: 4, rank: 4 };
const volume = {
  aggregation: { kind: "max" } as Aggregation,
  threshold,
  thresholdReason: null,
  normalScores: [0.3, 0.4, 0.5, 0.6],
};

/** Slice k of five holds the value 51 k everywhere, from below upwards. */
const scan: Scan = {
  format: "nifti",
  size: [3, 2, 5],
  channels: 1,
  stored: Uint8Array.from({ length: 30 }, (_, i) => 51 * (Math.floor(i / 6) + 1)),
  range: [0, 255],
  modality: [],
  unit: null,
  voi: [],
  whiteIsLow: false,
  affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
  spacing: [1, 1, 1],
};

/** A detector whose score and map are the first pixel; on its test picture it says what the card promises. */
async function loaded(changes: Partial<Card> = {}): Promise<Detector> {
  let runs = 0;
  const { device } = fakeDevice({ answer: (pixels) => (runs++ === 0 ? { score: 0.25 } : { score: pixels[0] }) });
  const card = cardWith({ input: { ...input, volume }, ...changes });
  return Detector.load(await packDetector({ model: plainModel, card }), device, "d.hale");
}

describe("a scan", () => {
  test("has a score for each slice, their aggregate, and its place among normal volumes", async () => {
    const finding = await examineScan(await loaded(), scan, { map: true });
    expect(finding.slices.map(({ slice }) => slice)).toEqual([0, 1, 2, 3, 4]);
    finding.slices.forEach(({ score }, k) => {
      expect(score).toBeCloseTo((k + 1) / 5, 6);
    });
    expect(finding).toMatchObject({ score: 1, decision: "above", threshold: 0.6, pValue: 1 / 5, axis: "axial" });
    expect(finding.highest).toMatchObject({ slice: 4, finding: { score: 1 } });
    // The map of slice k lies in slice k of the grid.
    expect([...finding.map!]).toEqual(Array.from(scan.stored, (value) => expect.closeTo(value / 255, 5)));
    expect((await examineScan(await loaded(), scan)).map).toBeNull();
  });

  test("that is stored upside down has its slices counted the same way, and its map in its own order", async () => {
    const turned: Scan = {
      ...scan,
      stored: scan.stored.slice().reverse(),
      affine: [-1, 0, 0, 2, 0, -1, 0, 1, 0, 0, -1, 4, 0, 0, 0, 1],
    };
    const [one, two] = [
      await examineScan(await loaded(), scan, { map: true }),
      await examineScan(await loaded(), turned, { map: true }),
    ];
    expect(two.slices).toEqual(one.slices);
    expect(two.map).toEqual(one.map!.slice().reverse());
  });

  test("of one image is judged as an image", async () => {
    const single: Scan = { ...scan, size: [3, 2, 1], stored: Uint8Array.of(51, 51, 51, 51, 51, 52) };
    expect(await examineScan(await loaded(), single)).toMatchObject({
      threshold: 0.3,
      decision: "not above",
      pValue: 2 / 5,
    });
  });

  test("has neither threshold nor p-value by another aggregation or input, or where there are too few volumes", async () => {
    const none = { decision: null, threshold: null, pValue: null };
    const detector = await loaded();
    expect(await examineScan(detector, scan, { aggregation: { kind: "mean" } })).toMatchObject({
      ...none,
      thresholdReason: expect.stringContaining("for max"),
    });
    expect(await examineScan(detector, scan, { input })).toMatchObject(none);
    const few = { ...volume, threshold: null, thresholdReason: "Too few.", normalScores: [0.1] };
    expect(await examineScan(await loaded({ input: { ...input, volume: few } }), scan)).toMatchObject({
      decision: null,
      thresholdReason: "Too few.",
      pValue: 1 / 2,
    });
  });

  test("is refused by a detector of pictures, unless it is told how to see it", async () => {
    const detector = await loaded({ input: undefined });
    await expect(examineScan(detector, scan, { name: "a.nii" })).rejects.toMatchObject({
      fault: expect.stringMatching(/a\.nii is a scan/),
      setting: "normalisation",
    });
    expect(await examineScan(detector, scan, { input })).toMatchObject({ score: 1, decision: null });
  });

  test("of one value, or without a finite one, is refused", async () => {
    const flat: Scan = { ...scan, stored: scan.stored.map(() => 7) };
    await expect(examineScan(await loaded(), flat, { name: "a.nii" })).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      fault: expect.stringContaining("a.nii has one value only"),
    });
    const missing: Scan = { ...scan, stored: new Float32Array(30).fill(Number.NaN), range: [0, 1] };
    await expect(examineScan(await loaded(), missing, { name: "a.nii" })).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      fault: expect.stringContaining("none of its samples is a finite number"),
    });
  });

  test("without a slice in the range is refused", async () => {
    const far = { ...input, slices: { axis: "axial", unit: "index", from: 50, to: 60 } as const };
    await expect(examineScan(await loaded(), scan, { input: far })).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
    });
  });
});

test("scores are aggregated by maximum, mean or the mean of the highest", () => {
  const scores = [1, 5, 3];
  expect(aggregateScores(scores, { kind: "max" })).toBe(5);
  expect(aggregateScores(scores, { kind: "mean" })).toBe(3);
  expect(aggregateScores(scores, { kind: "top-k", k: 2 })).toBe(4);
  expect(aggregateScores(scores, { kind: "top-k", k: 9 })).toBe(3);
  expect([{ kind: "max" }, { kind: "top-k", k: 2 }].map((one) => aggregationName(one as Aggregation))).toEqual([
    "max",
    "top-k:2",
  ]);
});

describe("a card", () => {
  const withVolume = (changes: object) => cardWith({ input: { ...input, volume: { ...volume, ...changes } } });

  test("says how scans become pictures; one from before there were scans loads as it is", () => {
    expect(parseCard(withVolume({}), "d").input).toEqual({ ...input, volume });
    expect(parseCard(cardWith(), "d").input).toBeUndefined();
    expect(Object.keys(parseCard(cardWith(), "d"))).not.toContain("input");
  });

  test.each([
    ["a threshold that is none of its scores", { normalScores: [0.3, 0.4, 0.5, 0.7] }, /input\.volume\.threshold/],
    ["scores in disorder", { normalScores: [0.5, 0.4, 0.3, 0.6] }, /input\.volume\.normalScores/],
    ["no threshold and no reason", { threshold: null }, /input\.volume\.thresholdReason/],
    ["an unknown aggregation", { aggregation: { kind: "sum" } }, /input\.volume\.aggregation/],
  ])("with %s is refused", (_, changes, message) => {
    expect(() => parseCard(withVolume(changes), "d")).toThrow(message);
  });

  test("with an input that is none is refused", () => {
    for (const wrong of [
      { normalisation: { kind: "window", center: 0, width: 0 } },
      { normalisation: { kind: "percentile", low: 1, high: 99, per: "volume" } },
      { slices: { ...input.slices, axis: "oblique" } },
      { leastForeground: 2 },
      { crop: { margin: -1 } },
      { more: 1 },
    ]) {
      const card = { ...cardWith(), input: { ...input, volume, ...wrong } };
      expect(() => parseCard(card, "d"), JSON.stringify(wrong)).toThrow(
        expect.objectContaining({ code: "DETECTOR_CORRUPT" }),
      );
    }
  });
});

test("the curve is a picture of numbers only, for any scores", async () => {
  const finding = await examineScan(await loaded(), scan);
  expect(curveSvg(finding, 0.3)).toMatch(/^<svg [\s\S]*highest 1 at 4[\s\S]*<\/svg>\n$/);
  const score = fc.float({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(fc.array(score, { minLength: 1, maxLength: 40 }), fc.option(score), (scores, limit) => {
      const slices = scores.map((value, slice) => ({ slice, score: value, parts: {} }));
      const best = slices.reduce((a, b) => (b.score > a.score ? b : a));
      const highest = { slice: best.slice, finding: { ...finding.highest.finding, score: best.score } };
      const svg = curveSvg({ ...finding, slices, highest }, limit);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }),
  );
});
