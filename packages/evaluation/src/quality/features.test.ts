/** @file Named features: what the random network is, what a backbone's are, and that grey and colour pictures agree. */
import { Random } from "@hale/core";
import { resizePlane } from "@hale/imaging";
import { readPlainModel } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { naive, tinyPlain } from "../../../methods/src/backbone/node/test-support.ts";
import { FeatureExtractor, rootMeanSquare, tableOf } from "./features.ts";
import { RANDOM_NETWORK } from "./random-network.ts";

const device = await openDevice({ threads: 1 });
const random = new Random(4, "images");
const pictures = (count: number, size: number) =>
  Array.from({ length: count }, () => random.uniforms(size * size, -1, 1));

test("without a backbone they are those of random convolutions, over quarters of the image", async () => {
  const images = pictures(11, 16);
  const grey = await FeatureExtractor.compile(device, { size: 16, channels: 1 });
  expect(grey.set).toEqual({
    network: RANDOM_NETWORK,
    layer: "conv4",
    size: 16,
    grid: 2,
    dimension: 1024,
    trainedOn: null,
    weightsSha256: null,
  });
  const rows = await grey.features(images);
  expect(rows.map((row) => row.length)).toEqual(new Array(11).fill(1024));
  expect((await grey.features(images.slice(10)))[0]).toEqual(rows[10]);

  const colour = await FeatureExtractor.compile(device, { size: 16, channels: 3 });
  const [row] = await colour.features([Float32Array.from([...images[0], ...images[0], ...images[0]])]);
  row.forEach((value, i) => {
    expect(value).toBeCloseTo(rows[0][i], 4);
  });
  for (const extractor of [grey, colour]) await extractor.release();
});

test("the random network stays what it is, or its name changes", async () => {
  const extractor = await FeatureExtractor.compile(device, { size: 16, channels: 1 });
  const ramp = Float32Array.from({ length: 256 }, (_, i) => i / 128 - 1);
  const [row] = await extractor.features([ramp]);
  await extractor.release();
  expect(rootMeanSquare([row])).toBeCloseTo(0.6408, 4);
  expect(row[3]).toBeCloseTo(0.732, 3);
});

test("the means of a quarter look at that quarter alone, but for the reach of the convolutions", async () => {
  const extractor = await FeatureExtractor.compile(device, { size: 64, channels: 1 });
  const [image] = pictures(1, 64);
  const changed = image.slice();
  // The lower right corner.
  for (let y = 56; y < 64; y++) changed.fill(1, 64 * y + 56, 64 * y + 64);
  const [before, after] = await extractor.features([image, changed]);
  await extractor.release();
  const differs = [0, 1, 2, 3].map((cell) => before.some((value, i) => i % 4 === cell && value !== after[i]));
  expect(differs).toEqual([false, false, false, true]);
});

test("a backbone's are the means of its last feature layer, or of the one named, at the size that it was trained on", async () => {
  const plain = tinyPlain();
  const backbone = await readPlainModel(JSON.stringify(plain.record), plain.bytes, "tiny");
  const [image] = pictures(1, 24);
  const resized = [...resizePlane(image, 24, 24, 16, 16)];
  const layers = naive(plain, { shape: [1, 16, 16], data: resized });
  for (const layer of [undefined, "deep"]) {
    const extractor = await FeatureExtractor.compile(device, { size: 24, channels: 1 }, { backbone, layer });
    const { shape, data } = layers.get(layer ?? "even")!;
    expect(extractor.set).toMatchObject({ network: "Tiny", layer: layer ?? "even", size: 16, dimension: shape[0] });
    expect(extractor.set.weightsSha256).toBe(backbone.description.weightsSha256);
    const [row] = await extractor.features([image]);
    const area = shape[1] * shape[2];
    row.forEach((value, c) => {
      const expected = data.slice(c * area, (c + 1) * area).reduce((a, b) => a + b) / area;
      expect(Math.abs(value - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
    });
    await extractor.release();
  }
  const compile = (options: object) => FeatureExtractor.compile(device, { size: 24, channels: 1 }, options);
  await expect(compile({ backbone, layer: "stern" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(compile({ layer: "deep" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("rows become a table of the size asked for", () => {
  const rows = [Float32Array.of(1, 2), Float32Array.of(-2, 1)];
  expect(rootMeanSquare(rows)).toBeCloseTo(Math.sqrt(2.5), 12);
  expect(tableOf(rows, 2)).toEqual({ values: Float32Array.of(0.5, 1, -1, 0.5), dimension: 2 });
  expect(rootMeanSquare([Float32Array.of(0)])).toBe(1);
});
