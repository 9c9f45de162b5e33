import { Random } from "@hale/core";
import { type Card, Detector, DetectorModel, packDetector, RESEARCH_USE, thresholdForCard } from "@hale/detector";
import { emptyRaster, prepare, type Raster } from "@hale/imaging";
import { exportModel, type ImageShape } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { thresholdFromNormals } from "@hale/statistics";
import { expect, test } from "vitest";
import { sagan } from "../../methods/src/sagan/method.ts";

const device = await openDevice({ threads: 1 });
const shape: ImageShape = { size: 32, channels: 1 };
const random = new Random(11, "pictures");

function picture(): Raster {
  const raster = emptyRaster(40, 50, 1);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = random.integer(0, 256);
  return raster;
}

test("a method's export becomes a detector that examines images as it will anywhere else", async () => {
  const recipe = sagan.create(sagan.options.parse({ width: 8, residualBlocks: 1, batch: 1 }), shape);
  const arrays = recipe.initialState(new Random(3, "initialise"));
  const onnx = exportModel(recipe, shape, arrays);

  // Scores for the card come from the exported model itself.
  const model = await DetectorModel.open(onnx, shape, device);
  const normalScores: number[] = [];
  for (let i = 0; i < 4; i++) normalScores.push((await model.run(picture())).score);
  normalScores.sort((a, b) => a - b);
  const selfCheck = await model.measureSelfCheck();
  await model.release();

  const card: Card = {
    format: 1,
    haleVersion: "0.1.0",
    method: { name: sagan.name, title: sagan.title, source: sagan.source, options: { width: 8 } },
    image: { ...shape, valueRange: "stored value / full scale" },
    views: [],
    parts: [],
    counterpart: true,
    dataset: { name: "noise", trainNormals: 0, unlabelled: 0, selectionNormals: 0, thresholdNormals: 4 },
    training: {
      seed: 3,
      iterations: 0,
      selectedIteration: 0,
      selectionRule: "none",
      selectionValue: null,
      seconds: 0,
      device: device.kind,
      runtimeVersion: device.version,
    },
    created: new Date(0).toISOString(),
    threshold: thresholdForCard(thresholdFromNormals(normalScores, 0.2)),
    thresholdReason: null,
    normalScores,
    mapScale: { p50: 0.1, p95: 0.2, p99: 0.3, max: 0.4, top: 0.4 },
    selfCheck,
    intendedUse: "A test.",
    notice: RESEARCH_USE,
  };
  const bytes = await packDetector({ model: onnx, card });
  const detector = await Detector.load(bytes, device, "noise.hale");

  const raster = picture();
  const finding = await detector.examine(raster);
  const prepared = prepare(raster, shape);
  expect(finding.prepared.data.every((value, i) => Math.abs(value - prepared[i]) < 1e-6)).toBe(true);
  const mapMean = finding.anomalyMap.data.reduce((sum, value) => sum + value, 0) / 1024;
  expect(finding.score).toBeCloseTo(mapMean, 5);
  expect(finding.decision).toBe(finding.score > normalScores[3] ? "above" : "not above");
  await detector.release();

  // Other weights under the same card are noticed.
  const other = exportModel(recipe, shape, recipe.initialState(new Random(4, "initialise")));
  const mixedUp = await packDetector({ model: other, card: { ...card, selfCheck: { ...selfCheck, tolerance: 1e-6 } } });
  await expect(Detector.load(mixedUp, device)).rejects.toMatchObject({ code: "DETECTOR_MISMATCH" });
});
