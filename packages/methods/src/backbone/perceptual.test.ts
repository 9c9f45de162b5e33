/** @file Perceptual distances against their formula, what must hold of any distance, and who gets LPIPS's weights. */
import { type Array64, evaluate, gradients, input, sum } from "@hale/autodiff";
import { describe, expect, test } from "vitest";
import { BACKBONE_FORMAT, type Backbone } from "./description.ts";
import { FeatureNetwork } from "./network.ts";
import { noise, tinyPlain } from "./node/test-support.ts";
import { lpipsDistance, perceptualDistance, readLpipsWeights } from "./perceptual.ts";
import { readPlainModel } from "./plain-model.ts";

const plain = tinyPlain();
const network = new FeatureNetwork(await readPlainModel(JSON.stringify(plain.record), plain.bytes, "tiny"));
const layers = ["deep", "added"];
const [a, b] = ["a", "b"].map((name) => input(name, [2, 1, 16, 16]));
const [left, right] = [noise(512, 11), noise(512, 12)];

/** The formula for one layer: channels weighted and summed, positions averaged, by image. */
function naive(x: Array64, y: Array64, weights?: readonly number[]): number[] {
  const [n, c, h, w] = x.shape;
  return Array.from({ length: n }, (_, image) => {
    let total = 0;
    for (let at = 0; at < h * w; at++) {
      const values = [x, y].map(({ data }) => Array.from({ length: c }, (_, i) => data[(image * c + i) * h * w + at]));
      const lengths = values.map((list) => Math.sqrt(list.reduce((before, v) => before + v * v, 0)) || 1);
      for (let i = 0; i < c; i++)
        total += (weights?.[i] ?? 1) * (values[0][i] / lengths[0] - values[1][i] / lengths[1]) ** 2;
    }
    return total / (h * w);
  });
}

test("is the formula: sum over channels, mean over positions and layers", () => {
  const feeds = { a: left, b: right };
  const distance = perceptualDistance(network, a, b, layers);
  expect(distance.shape).toEqual([2]);
  const [value] = evaluate([distance], feeds);
  const features = evaluate([...network.features(a, layers), ...network.features(b, layers)], feeds);
  const parts = layers.map((_, i) => naive(features[i], features[i + 2]));
  for (const i of [0, 1]) expect(value.data[i]).toBeCloseTo((parts[0][i] + parts[1][i]) / 2, 6);
});

test("is 0 for equal images, positive and the same both ways for others, by the feature layers unless told", () => {
  const value = (first: number[], second: number[]) => [
    ...evaluate([perceptualDistance(network, a, b)], { a: first, b: second })[0].data,
  ];
  expect(value(left, left)).toEqual([0, 0]);
  const there = value(left, right);
  for (const distance of there) expect(distance).toBeGreaterThan(0.01);
  expect(value(right, left)).toEqual(there);
  const [named] = evaluate([perceptualDistance(network, a, b, network.featureLayers)], { a: left, b: right });
  expect([...named.data]).toEqual(there);
});

test("has a finite gradient, also where all features are zero", () => {
  const black = new Array(512).fill(-1);
  const silent: Backbone = {
    ...network.backbone,
    weights: new Map(
      [...network.backbone.weights].map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((v) => -Math.abs(v)) },
      ]),
    ),
  };
  for (const [net, image] of [
    [network, left],
    [network, black],
    [new FeatureNetwork(silent), noise(512, 4).map(Math.abs)],
  ] as const) {
    const [gradient] = evaluate(gradients(sum(perceptualDistance(net, a, b, ["deep"])), [a]), { a: image, b: right });
    expect(gradient.data.every(Number.isFinite)).toBe(true);
  }
});

test("asks for layers with rows and columns", () => {
  expect(() => perceptualDistance(network, a, b, [])).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  expect(() => perceptualDistance(network, a, b, ["mean"])).toThrow("has no layer mean with rows and columns");
});

describe("LPIPS's linear weights", () => {
  const channels = [64, 192, 384, 256, 256];
  const file = (weights: unknown) => JSON.stringify({ nets: { alex: weights, vgg: weights, squeeze: weights } });
  const linear = channels.map((count, i) => ({ channels: count, weights: noise(count, i).map(Math.abs) }));
  const lpips = readLpipsWeights(file(linear), "lpips.json");
  const torchvision = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const scaled = (values: number[]) => values.map((value) => value * 255) as [number, number, number];

  /** A chain of 1 x 1 convolutions with AlexNet's numbers of channels. */
  function claimed(identity?: string, change: Partial<Backbone["description"]["input"]> = {}): FeatureNetwork {
    const ids = channels.map((_, i) => `relu${i}`);
    return new FeatureNetwork({
      description: {
        format: BACKBONE_FORMAT,
        name: "Chain",
        origin: "made up",
        licence: "CC0",
        identity,
        leakySlope: 0.1,
        weightsSha256: "0".repeat(64),
        input: {
          size: 8,
          channelOrder: "RGB",
          mean: scaled(torchvision.mean),
          std: scaled(torchvision.std),
          ...change,
        },
        layers: ids.map((id, i) => ({
          id,
          op: "conv" as const,
          inputs: [i === 0 ? "input" : ids[i - 1]] as [string],
          kernel: 1,
          stride: 1,
          padding: 0,
          activation: "relu" as const,
          weight: id,
        })),
        featureLayers: ids,
      },
      weights: new Map(
        channels.map((count, i) => {
          const from = channels[i - 1] ?? 3;
          const data = Float32Array.from(noise(count * from, i), (value) => (2 * value) / Math.sqrt(from));
          return [ids[i], { shape: [count, from, 1, 1], data }];
        }),
      ),
    });
  }
  const [x, y] = ["x", "y"].map((name) => input(name, [1, 3, 2, 2]));
  const feeds = { x: noise(12, 1), y: noise(12, 2) };

  test.each(["torchvision/alexnet-owt-7be5be79", "torchvision/alexnet-owt-4df8aa71"])("go with %s", (identity) => {
    const alex = claimed(identity);
    const [value] = evaluate([lpipsDistance(alex, x, y, lpips)], feeds);
    const features = evaluate([...alex.features(x), ...alex.features(y)], feeds);
    const parts = channels.map((_, i) => naive(features[i], features[i + 5], linear[i].weights)[0]);
    expect(value.shape).toEqual([1]);
    expect(value.data[0]).toBeCloseTo(
      parts.reduce((before, part) => before + part),
      6,
    );
    expect(evaluate([lpipsDistance(alex, x, x, lpips)], feeds)[0].data[0]).toBe(0);
  });

  test.each<[string, FeatureNetwork, RegExp]>([
    ["no identity", claimed(), /Chain: it is not recorded as the torchvision network/],
    ["another identity", claimed("torchvision/alexnet"), /not recorded/],
    ["the name of an object's own property", claimed("constructor"), /not recorded/],
    ["another order of channels", claimed("torchvision/vgg16-397923af", { channelOrder: "BGR" }), /does not prepare/],
    ["another preparation", claimed("torchvision/vgg16-397923af", { mean: [104, 117, 123] }), /does not prepare/],
    [
      "other channels",
      new FeatureNetwork({
        ...network.backbone,
        description: {
          ...claimed("torchvision/vgg16-397923af").backbone.description,
          layers: network.backbone.description.layers,
          featureLayers: ["stem"],
        },
      }),
      /layers of 7 channels where LPIPS reads 64,192/,
    ],
  ])("are refused for %s", (_what, backbone, sentence) => {
    const ask = () => lpipsDistance(backbone, x, y, lpips);
    expect(ask).toThrow(expect.objectContaining({ name: "HaleError", code: "OPTION_INVALID" }));
    expect(ask).toThrow(sentence);
  });

  test("are refused where layers are left out", () => {
    const ask = () => lpipsDistance(claimed("torchvision/alexnet-owt-7be5be79"), x, y, lpips, ["relu0"]);
    expect(ask).toThrow("layers of 64 channels where LPIPS reads 64,192");
  });

  test.each<[string, string, RegExp]>([
    ["no JSON", "[", /not JSON/],
    ["another file", "{}", /nets/],
    ["a network less", JSON.stringify({ nets: { alex: linear } }), /nets/],
    ["a weight less", file([{ channels: 3, weights: [1, 2] }]), /layer 0 of alex does not have a weight for each/],
    ["a negative weight", file([{ channels: 1, weights: [-1] }]), /weights/],
  ])("a file with %s is refused", (_what, text, sentence) => {
    expect(() => readLpipsWeights(text, "l.json")).toThrow(expect.objectContaining({ code: "FILE_UNREADABLE" }));
    expect(() => readLpipsWeights(text, "l.json")).toThrow(sentence);
  });
});
