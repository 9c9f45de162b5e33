/** @file Generation quality of one tiny run of HQ-AnoGAN: pictures while it trains, then figures, files and refusals. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePhantomSet } from "@hale/data/node";
import { decodeImage } from "@hale/imaging";
import { methodNamed, readPlainModel, writeBackbone } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { openRun, type RunSettings, runTraining } from "@hale/training/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyPlain } from "../../../../methods/src/backbone/node/test-support.ts";
import { TINY } from "../../../../methods/src/hq-anogan/tiny-fixture.ts";
import { FeatureExtractor } from "../../quality/features.ts";
import { generationFigures } from "../../quality/figures.ts";
import { measureQuality, type QualityOptions, qualityJson } from "./quality.ts";

const LIMIT = 120_000;
const SIZE = 32;
const cells = (count: number) => count * (SIZE + 2) - 2;
const pairs = (count: number, side: number) => count * (side + 6) - 6;
let root = "";
let run = "";
const options: QualityOptions = { samples: 20, seed: 2, device: "cpu", threads: 1 };

const settings = (method: string, given: object, iterations: number): RunSettings => ({
  data: join(root, "data"),
  method,
  options: methodNamed(method).options.parse(given) as RunSettings["options"],
  size: SIZE,
  channels: 1,
  seed: 3,
  iterations,
  device: "cpu",
  threads: 1,
  falseAlarmRate: 0.25,
  selection: "last",
  every: 2,
  keep: 1,
  corrupt: "refuse",
});

async function sizeOf(...path: string[]) {
  const { width, height } = await decodeImage(new Uint8Array(await readFile(join(...path))), path[path.length - 1]);
  return { width, height };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-quality-"));
  run = join(root, "run");
  const counts = { trainNormal: 30, unlabelled: 0, valNormal: 12, testNormal: 0, testAbnormal: 0 };
  await writePhantomSet(join(root, "data"), { seed: 5, size: SIZE, counts });
  await runTraining(run, settings("hq-anogan", { ...TINY, generatorShare: 0.5 }, 4));
}, LIMIT);
afterAll(() => rm(root, { recursive: true }));

test("a run writes samples and interpolations at every point, reconstructions once the encoder trains", async () => {
  const folder = join(run, "examples");
  expect((await readdir(folder)).sort()).toEqual([
    "00000002-interpolations.png",
    "00000002-samples.png",
    "00000002.png",
    "00000004-interpolations.png",
    "00000004-reconstructions.png",
    "00000004-samples.png",
    "00000004.png",
  ]);
  expect(await sizeOf(folder, "00000002-samples.png")).toEqual({ width: cells(6), height: cells(6) });
  expect(await sizeOf(folder, "00000002-interpolations.png")).toEqual({ width: cells(8), height: cells(6) });
  // A few normals are held out to select, one pair each in one row.
  const expected = { width: pairs(4, 2 * SIZE), height: SIZE };
  expect(await sizeOf(folder, "00000004-reconstructions.png")).toEqual(expected);
});

test(
  "figures name their features, numbers and intervals, and the same seed gives the same ones",
  async () => {
    const seen: string[] = [];
    const report = await measureQuality(run, { ...options, onProgress: (what) => void seen.push(what) });
    expect([...new Set(seen)]).toEqual(["Reading images", "Drawing and looking", "Comparing"]);
    expect((await readdir(report.folder)).sort()).toEqual([...report.files].sort());
    expect(report.folder).toBe(join(run, "quality"));
    expect(report.files).toHaveLength(7);

    const json = JSON.parse(await readFile(join(report.folder, "quality.json"), "utf8"));
    expect(json).toEqual(JSON.parse(qualityJson(report)));
    expect(json).toMatchObject({
      method: "hq-anogan",
      iteration: 4,
      iterations: 4,
      seed: 2,
      features: { network: "random convolutions 1", layer: "conv4", size: SIZE, dimension: 1024 },
    });
    const { samples, training, heldOut } = json.counts;
    expect([samples, training + heldOut]).toEqual([20, 42]);
    for (const [name, generated, real] of [
      ["heldOut", samples, heldOut],
      ["training", samples, training],
      ["floor", training, heldOut],
    ] as const) {
      const { kid, precision, recall, balls } = json[name];
      expect(kid, name).toMatchObject({ generated, real, level: 0.95 });
      expect(kid.distance.low).toBeLessThan(kid.distance.high);
      expect([precision.trials, recall.trials, balls.precision], name).toEqual([generated, real, real]);
      for (const { low, high } of [precision, recall]) expect(low).toBeLessThan(high);
    }
    // A generator of two steps draws nothing like a phantom.
    expect(json.heldOut.kid.distance.low).toBeGreaterThan(json.floor.kid.distance.high);
    expect(json.memorisation).toMatchObject({ nearerThanAll: expect.any(Number), superiority: { reason: null } });
    expect(json.nearest).toHaveLength(20);
    expect(json.nearest[0].training).toMatch(/^images\/normal-.*\.png$/);
    expect(json.nearest.map((one: { distance: number }) => one.distance)).toEqual(
      json.nearest.map((one: { distance: number }) => one.distance).sort((a: number, b: number) => a - b),
    );

    expect(await sizeOf(report.folder, "samples.png")).toEqual({ width: cells(10), height: cells(2) });
    expect(await sizeOf(report.folder, "nearest.png")).toEqual({ width: pairs(4, 2 * SIZE), height: pairs(5, SIZE) });

    const again = await measureQuality(run, { ...options, out: join(root, "again") });
    const { folder: _, ...expected } = JSON.parse(qualityJson(report));
    expect(JSON.parse(qualityJson(again))).toMatchObject(expected);
    for (const file of ["samples.png", "nearest.png"])
      expect(await readFile(join(root, "again", file))).toEqual(await readFile(join(report.folder, file)));
    const other = await measureQuality(run, { ...options, seed: 3, out: join(root, "other") });
    expect(other.heldOut.kid.distance.estimate).not.toBe(report.heldOut.kid.distance.estimate);
  },
  LIMIT,
);

test(
  "a backbone's file gives features of its name",
  async () => {
    const plain = tinyPlain();
    const backbone = await readPlainModel(JSON.stringify(plain.record), plain.bytes, "tiny");
    await writeFile(join(root, "tiny.onnx"), await writeBackbone(backbone));
    const given = { features: join(root, "tiny.onnx"), layer: "deep", out: join(root, "tiny") };
    const { features } = await measureQuality(run, { ...options, ...given });
    expect(features).toMatchObject({ network: "Tiny", layer: "deep", size: 16, grid: 1, dimension: 7 });
    const wrong = measureQuality(run, { ...options, ...given, layer: "stern" });
    await expect(wrong).rejects.toMatchObject({ code: "OPTION_INVALID" });
  },
  LIMIT,
);

test("a generator that hands out its training images is flagged", async () => {
  const { training, heldOut, shape } = await openRun(run);
  const extractor = await FeatureExtractor.compile(await openDevice({ threads: 1 }), shape);
  const rows = {
    training: await extractor.features(training.images),
    heldOut: await extractor.features(heldOut.images),
  };
  await extractor.release();
  const heldOutClusters = heldOut.items.map(({ path }) => path);
  const copies = await generationFigures({ ...rows, samples: rows.training, heldOutClusters, seed: 1 });
  expect(copies.memorisation.superiority).toMatchObject({ estimate: 1, high: 1 });
  expect(copies.warning).toMatch(/copies/);
});

test(
  "what cannot be measured is refused in a sentence",
  async () => {
    const refusal = (folder: string, others: Partial<QualityOptions> = {}) =>
      measureQuality(folder, { ...options, ...others }).then(
        () => null,
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      );
    expect(await refusal(join(root, "nowhere"))).toMatch(/^FILE_NOT_FOUND: There is no training run/);

    const plain = join(root, "autoencoder");
    await runTraining(plain, settings("autoencoder", { hidden: 32, batch: 4 }, 2));
    expect(await refusal(plain)).toMatch(/^OPTION_INVALID: autoencoder only changes images .* hq-anogan/);

    const young = join(root, "young");
    await cp(run, young, { recursive: true });
    await rm(join(young, "checkpoints"), { recursive: true });
    expect(await refusal(young)).toMatch(/^FILE_NOT_FOUND: .* has no checkpoint yet/);

    const moved = join(root, "moved");
    await cp(join(root, "data"), moved, { recursive: true });
    expect(await refusal(run, { data: moved })).toBeNull();
    await cp(join(moved, "images", "normal-0002.png"), join(moved, "images", "normal-0001.png"));
    await expect(measureQuality(run, { ...options, data: moved })).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      fault: expect.stringMatching(/^The images of /),
      setting: "data",
    });
  },
  LIMIT,
);
