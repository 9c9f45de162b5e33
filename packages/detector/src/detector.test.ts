import { emptyRaster } from "@hale/imaging";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conformalPValue, Detector } from "./detector.ts";
import { packDetector } from "./format/package.ts";
import { DetectorModel } from "./model.ts";
import { selfCheckRaster } from "./self-check.ts";
import { cardWith, type FakeOptions, fakeDevice, plainModel } from "./test-support.ts";

async function loaded(options: FakeOptions = {}, changes: Parameters<typeof cardWith>[0] = {}) {
  const fake = fakeDevice(options);
  const bytes = await packDetector({ model: plainModel, card: cardWith(changes) });
  return { detector: await Detector.load(bytes, fake.device, "d.hale"), log: fake.log };
}

/** Right for the test picture, then as told. */
const afterSelfCheck = (then: { score: number; map?: number }) => {
  let runs = 0;
  return () => (runs++ === 0 ? { score: 0.25 } : then);
};

const raster = emptyRaster(5, 3, 1);

describe("a detector", () => {
  test.each([
    { score: 0.31, decision: "above", pValue: 1 / 5 },
    { score: 0.25, decision: "not above", pValue: 2 / 5 },
    { score: 0.05, decision: "not above", pValue: 1 },
  ])("decides by its threshold and ranks among held-out normals: %o", async ({ score, decision, pValue }) => {
    const { detector } = await loaded({ answer: afterSelfCheck({ score }) });
    const finding = await detector.examine(raster);
    expect(finding).toMatchObject({ decision, pValue, threshold: 0.3 });
    expect(finding.score).toBeCloseTo(score, 6);
    expect(finding.anomalyMap).toMatchObject({ width: 4, height: 4 });
    expect(finding.healthy).toMatchObject({ width: 4, height: 4, channels: 1 });
    expect(finding.views).toEqual({});
  });

  test("has no healthy counterpart where its method makes none, and is as good a detector", async () => {
    const { detector } = await loaded({ counterpart: false }, { counterpart: false });
    const finding = await detector.examine(raster);
    expect(finding.healthy).toBeNull();
    expect(finding).toMatchObject({ decision: "not above", prepared: { width: 4, height: 4, channels: 1 } });
  });

  test("passes on the parts of its score by name, in the card's order", async () => {
    const { detector } = await loaded({ parts: { image: 1.5, cycle: -0.25 } }, { parts: ["image", "cycle"] });
    const { parts } = await detector.examine(raster);
    expect(Object.entries(parts)).toEqual([
      ["image", 1.5],
      ["cycle", -0.25],
    ]);
  });

  test("passes on the views of its model by name, in the card's order", async () => {
    const { detector } = await loaded({ views: { proxy: 16, edges: 16 } }, { views: ["proxy", "edges"] });
    const { views } = await detector.examine(raster);
    expect(Object.keys(views)).toEqual(["proxy", "edges"]);
    expect(views.proxy).toEqual({ width: 4, height: 4, channels: 1, data: new Float32Array(16).fill(-0.5) });
  });

  test("decides nothing without a threshold", async () => {
    const changes = { threshold: null, thresholdReason: "Too few normals.", normalScores: [] };
    const { detector } = await loaded({}, changes);
    expect(await detector.examine(raster)).toMatchObject({ decision: null, pValue: null, threshold: null });
  });

  test("sees planes of stored values divided by full scale, and RGB as grey", async () => {
    let seen: { pixels: number[]; dims: readonly number[] } = { pixels: [], dims: [] };
    const { detector } = await loaded({
      answer: (pixels, dims) => {
        seen = { pixels: [...pixels], dims };
        return { score: 0.25 };
      },
    });
    const rgb = emptyRaster(2, 1, 3, 65535);
    rgb.data.set([65535, 65535, 65535, 0, 0, 0]);
    await detector.examine(rgb);
    expect(seen).toEqual({ pixels: [1, 0], dims: [1, 1, 1, 2] });
  });

  test.each([{ score: Number.NaN }, { score: 0.2, map: Number.POSITIVE_INFINITY }])(
    "never passes on what is not a number: %o",
    async (answer) => {
      const { detector } = await loaded({ answer: afterSelfCheck(answer) });
      await expect(detector.examine(raster)).rejects.toMatchObject({ code: "NUMERIC_FAILURE" });
    },
  );

  test("goes on after a bad image", async () => {
    const { detector } = await loaded();
    const bad = detector.examine({ ...raster, width: 7 });
    const good = detector.examine(raster);
    await expect(bad).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
    expect(await good).toMatchObject({ decision: "not above" });
  });

  test("refuses an image that is all length, before it makes weights for it", async () => {
    const { detector, log } = await loaded();
    const long = { ...emptyRaster(1, 1, 1), width: 2 ** 24, data: new Uint8Array(2 ** 24) };
    await expect(detector.examine(long)).rejects.toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining("16777216 × 1"),
    });
    expect(log.runs).toBe(1);
  });

  test("tells of a run that fails which image it was", async () => {
    let runs = 0;
    const onRun = () => {
      if (runs++ > 0) throw new Error("no memory");
    };
    const { detector } = await loaded({ onRun });
    await expect(detector.examine(raster)).rejects.toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/d\.hale.*5 × 3 pixels: no memory/),
    });
  });

  test("takes images at once and runs them one by one", async () => {
    const { detector, log } = await loaded();
    await Promise.all([1, 2, 3].map(() => detector.examine(raster)));
    expect(log).toMatchObject({ runs: 4, mostAtOnce: 1 });
    await detector.release();
    expect(log.released).toBe(1);
  });
});

describe("on loading", () => {
  test("a GPU that sums wrongly is not trusted", async () => {
    const wrong = fakeDevice({ kind: "webgpu", answer: () => ({ score: 0.26 }) });
    const bytes = await packDetector({ model: plainModel, card: cardWith() });
    const loading = Detector.load(bytes, wrong.device, "d.hale");
    await expect(loading).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      remedy: "Use the CPU.",
      setting: "device",
    });
    expect(wrong.log.released).toBe(1);
  });

  test("a GPU that gives NaN is not trusted", async () => {
    const loading = loaded({ kind: "webgpu", answer: () => ({ score: Number.NaN }) });
    await expect(loading).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  });

  test("on a CPU another score means that card and model do not belong together", async () => {
    await expect(loaded({ answer: () => ({ score: 0.26 }) })).rejects.toMatchObject({ code: "DETECTOR_MISMATCH" });
  });

  test("a model that is no detector is refused", async () => {
    await expect(loaded({ outputNames: ["logits"] })).rejects.toMatchObject({ code: "DETECTOR_MISMATCH" });
    await expect(loaded({ refuse: new Error("bad") })).rejects.toMatchObject({ code: "DETECTOR_CORRUPT" });
  });

  test("a card that promises other parts of the score than its model gives is refused", async () => {
    const refused = (fault: RegExp) => ({ code: "DETECTOR_MISMATCH", fault: expect.stringMatching(fault) });
    await expect(loaded({ parts: { image: 1 } }, { parts: ["cycle"] })).rejects.toMatchObject(
      refused(/gives the parts image where its card promises the parts cycle\./),
    );
    await expect(loaded({ parts: { image: Number.NaN } }, { parts: ["image"] })).rejects.toMatchObject(
      refused(/cannot score its test picture/),
    );
  });

  test("a card that promises a healthy counterpart and a model that gives none do not belong together", async () => {
    const refused = (fault: RegExp) => ({ code: "DETECTOR_MISMATCH", message: expect.stringMatching(fault) });
    await expect(loaded({ counterpart: false })).rejects.toMatchObject(
      refused(/gives no healthy counterpart where its card promises a healthy counterpart\./),
    );
    await expect(loaded({}, { counterpart: false })).rejects.toMatchObject(
      refused(/gives a healthy counterpart where its card promises no healthy counterpart\./),
    );
  });

  test("a card that promises other views than its model gives is refused", async () => {
    const refused = (fault: RegExp) => ({ code: "DETECTOR_MISMATCH", message: expect.stringMatching(fault) });
    await expect(loaded({}, { views: ["proxy"] })).rejects.toMatchObject(
      refused(/d\.hale gives no views where its card promises the views proxy\./),
    );
    await expect(loaded({ views: { proxy: 16 } })).rejects.toMatchObject(refused(/promises no views\./));
    await expect(loaded({ views: { proxy: 15 } }, { views: ["proxy"] })).rejects.toMatchObject(
      refused(/gives 15 values as view:proxy where its card promises 16\./),
    );
  });

  test("a card that promises another size is refused", async () => {
    const image = { size: 8, channels: 1, valueRange: "" } as const;
    await expect(loaded({}, { image })).rejects.toMatchObject({ code: "DETECTOR_MISMATCH" });
  });
});

test("a self-check that was measured here passes here", async () => {
  const { device } = fakeDevice({
    answer: (pixels) => ({ score: pixels.reduce((sum, v) => sum + v) / pixels.length }),
  });
  const model = await DetectorModel.open(plainModel, { size: 4, channels: 1 }, device);
  const selfCheck = await model.measureSelfCheck(7);
  const bytes = await packDetector({ model: plainModel, card: cardWith({ selfCheck }) });
  await (await Detector.load(bytes, device)).release();
});

describe("the self-check's picture", () => {
  test("is the same everywhere", async () => {
    const { data, width, height } = selfCheckRaster(1, 96, 1);
    const digest = await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>);
    expect([width, height]).toEqual([96, 72]);
    expect(Buffer.from(digest).toString("hex").slice(0, 16)).toBe("d48b47ea3e132b10");
  });

  test("uses its range without clipping, and differs by seed", () => {
    const { data } = selfCheckRaster(2, 64, 3);
    expect(Math.max(...data)).toBeGreaterThan(200);
    expect(Math.max(...data)).toBeLessThanOrEqual(253);
    expect(selfCheckRaster(3, 64, 3).data).not.toEqual(data);
  });
});

test("the p-value counts scores at least as high", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1 });
  fc.assert(
    fc.property(scores, fc.integer({ min: -1, max: 10 }), (list, score) => {
      const ascending = [...list].sort((a, b) => a - b);
      const naive = (1 + list.filter((other) => other >= score).length) / (list.length + 1);
      expect(conformalPValue(score, ascending)).toBe(naive);
    }),
  );
});
