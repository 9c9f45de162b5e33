/** @file A backbone's tensors against loops in float64, its gradient against differences, and the golden activations. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { add, evaluate, gradients, input, mean, Program, State, square, sum } from "@hale/autodiff";
import { decodeImage, toRgb } from "@hale/imaging";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { FeatureNetwork } from "./network.ts";
import { readPlainFolder } from "./node/read.ts";
import { largestDifference, naive, noise, type Plain, residualPlain, tinyPlain } from "./node/test-support.ts";
import { readPlainModel } from "./plain-model.ts";

const plain = tinyPlain();
const residual = residualPlain();
const [network, residualNetwork] = await Promise.all(
  [plain, residual].map(
    async ({ record, bytes }) => new FeatureNetwork(await readPlainModel(JSON.stringify(record), bytes, "tiny")),
  ),
);
const networks = [
  ["the chain", plain, network],
  ["the residual network", residual, residualNetwork],
] as const;
const everyLayer = ({ record }: Plain) => record.layers.map((layer) => layer.id as string);

describe.each(networks)("%s", (_name, own, net) => {
  test.each([
    [3, 16, 16],
    [1, 16, 16],
    [3, 13, 22],
    [1, 19, 12],
  ])("every layer of an image of %i x %i x %i is what the loops say", (channels, h, w) => {
    const shape = [channels, h, w];
    const data = noise(channels * h * w, 99);
    const expected = naive(own, { shape, data });
    const outputs = net.features(input("image", [1, ...shape]), everyLayer(own));
    const actual = evaluate(outputs, { image: data });
    everyLayer(own).forEach((layer, i) => {
      const wanted = expected.get(layer)!;
      expect(outputs[i].shape, layer).toEqual([1, ...wanted.shape]);
      expect(largestDifference(actual[i].data, wanted.data), layer).toBeLessThan(1e-6);
    });
  });

  test("gradients reach the image, through every layer", () => {
    const image = input("image", [1, 3, 12, 12]);
    const loss = net.features(image, [...net.featureLayers, "classes"]).map((value) => sum(square(value)));
    const data = noise(432, 5).map((value, i) => value + 1e-3 * Math.sin(i));
    for (const [i, part] of loss.entries()) {
      const [gradient] = evaluate(gradients(part, [image]), { image: data });
      const at = (place: number, step: number) => {
        const [value] = evaluate([part], { image: data.map((v, j) => (j === place ? v + step : v)) });
        return value.data[0];
      };
      const largest = gradient.data.reduce((best, value) => Math.max(best, Math.abs(value)), 0);
      expect(largest, `loss ${i}`).toBeGreaterThan(0);
      for (const place of [0, 77, 200, 431, gradient.data.findIndex((value) => Math.abs(value) === largest)]) {
        const slope = (at(place, 1e-6) - at(place, -1e-6)) / 2e-6;
        expect(Math.abs(slope - gradient.data[place]) / largest, `loss ${i} at ${place}`).toBeLessThan(1e-5);
      }
    }
  });

  test("ONNX Runtime finds the same values and gradients as float64, with and without blocks of channels", async () => {
    for (const size of [12, 40]) {
      const image = input("image", [2, 1, size, size]);
      const features = net.features(image);
      const loss = features.map((value) => mean(square(value))).reduce((total, part) => add(total, part));
      const [gradient] = gradients(loss, [image]);
      const data = Float32Array.from(noise(2 * size * size, 8), (value, i) => value + 1e-2 * Math.sin(i));
      const state = new State(await openDevice({ threads: 1 }));
      const program = await Program.compile(state, { name: "gradient", outputs: { loss, gradient } });
      const actual = await program.run({ image: data });
      await program.release();
      const expected = evaluate([loss, gradient], { image: data });
      expect(largestDifference(actual.loss, expected[0].data)).toBeLessThan(1e-5);
      expect(largestDifference(actual.gradient, expected[1].data)).toBeLessThan(1e-4);
    }
  });
});

test("a weight is in the graph once for two images", () => {
  const weights = new Set<string>();
  const counting = new FeatureNetwork(network.backbone, (name, { shape }) => {
    expect(weights.has(name)).toBe(false);
    weights.add(name);
    return input(name, shape);
  });
  for (const name of ["a", "b"]) counting.features(input(name, [1, 3, 16, 16]), ["even"]);
  expect(weights.size).toBe(8);
});

test.each([
  ["SHAPE_MISMATCH", /2x2 do not fit the layer incomplete of Tiny/, [1, 3, 2, 2], "even"],
  ["SHAPE_MISMATCH", /\[1,2,16,16\] have no backbone/, [1, 2, 16, 16], "even"],
  ["OPTION_INVALID", /Tiny has no layer conv9\. Name some of stem, deep/, [1, 3, 16, 16], "conv9"],
  ["OPTION_INVALID", /Tiny has no layer input/, [1, 3, 16, 16], "input"],
])("%s: %s", (code, sentence, shape, layer) => {
  const ask = () => network.features(input("image", shape), [layer]);
  expect(ask).toThrow(expect.objectContaining({ code }));
  expect(ask).toThrow(sentence);
});

/** The folder with the weights that are lent to this project, where it is there. */
const folder = process.env.HALE_WEIGHTS ?? "";

interface Golden {
  top5?: [number, string | null, number][];
  layers: Record<string, { shape: number[]; mean: number; std: number; max: number; probe: [number, number][] }>;
}

describe.skipIf(folder === "")("golden activations", () => {
  test.each(["squeezenet1.1", "tiny-darknet", "mobilenet-v2", "resnet50v2-trunk"])("of %s", async (name) => {
    const golden: Golden = JSON.parse(readFileSync(join(folder, name, "golden.json"), "utf8"));
    const raster = toRgb(await decodeImage(readFileSync(join(folder, "test-image.png")), "test-image.png"));
    const plane = raster.width * raster.height;
    const pixels = Float32Array.from({ length: 3 * plane }, (_, i) => {
      return raster.data[(i % plane) * 3 + Math.floor(i / plane)] / 127.5 - 1;
    });
    const real = new FeatureNetwork(await readPlainFolder(join(folder, name)));
    const layers = Object.keys(golden.layers);
    const features = real.features(input("image", [1, 3, raster.height, raster.width]), layers);
    const state = new State(await openDevice({ threads: 1 }));
    const outputs = Object.fromEntries(layers.map((layer, i) => [layer, features[i]]));
    const program = await Program.compile(state, { name: "golden", outputs });
    const values = await program.run({ image: pixels });
    await program.release();
    let largest = 0;
    for (const [i, layer] of layers.entries()) {
      const { shape, mean, std, max, probe } = golden.layers[layer];
      expect(features[i].shape, layer).toEqual([1, ...shape]);
      const data = values[layer];
      const average = data.reduce((a, b) => a + b, 0) / data.length;
      const deviation = Math.sqrt(data.reduce((a, b) => a + (b - average) ** 2, 0) / data.length);
      const found = [average, deviation, data.reduce((a, b) => Math.max(a, b)), ...probe.map(([at]) => data[at])];
      const wanted = [mean, std, max, ...probe.map(([, value]) => value)];
      const differences = found.map((value, j) => Math.abs(value - wanted[j]) / std);
      largest = Math.max(largest, ...differences);
    }
    // As shares of the layer's deviation.
    expect(largest).toBeLessThan(1e-3);
    // A trunk has no classes.
    if (!golden.top5) return;
    const exps = values.logits.map((value) => Math.exp(value - golden.layers.logits.max));
    const whole = exps.reduce((a, b) => a + b, 0);
    const ranked = [...exps.keys()].sort((a, b) => exps[b] - exps[a]).slice(0, 5);
    expect(ranked).toEqual(golden.top5.map(([index]) => index));
    for (const [index, , share] of golden.top5) expect(exps[index] / whole).toBeCloseTo(share, 3);
  });
});
