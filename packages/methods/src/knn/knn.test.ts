/** @file Nearest normals against loops in float64, and what the score and the map promise. */
import { avgPool2d, evaluate, input, type NamedArray, type Tensor } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import type { Backbone, Layer } from "../backbone/description.ts";
import { builtInFilters } from "../backbone/filters.ts";
import { FeatureNetwork } from "../backbone/network.ts";
import { largestDifference, noise } from "../backbone/node/test-support.ts";
import type { DirectInference } from "../method.ts";
import { bankOf, type Metric } from "./bank.ts";
import { type KnnOptions, knn } from "./method.ts";
import { nearestNeighbours, pooledFeatures } from "./neighbours.ts";
import { regionMeans, regionWeights, toPlaces } from "./regions.ts";

const SIDE = 20;
const AREA = SIDE * SIDE;
const images = Array.from({ length: 9 }, (_, i) => Array.from(new Random(i, "knn").uniforms(AREA, -1, 1)));
const [normals, others] = [images.slice(0, 6), images.slice(6)];

const optionsWith = (changes: Partial<KnnOptions> = {}) => knn.options.parse({ regions: 2, ...changes });

/** Values of tensors of `x` for one image after another, in float64. */
function valuesOf(make: (x: Tensor) => Tensor, of: readonly number[][]): number[][] {
  const tensor = make(input("x", [1, 1, SIDE, SIDE]));
  return of.map((x) => Array.from(evaluate([tensor], { x })[0].data));
}

/** What the method learns of the normals, and its answers. */
async function fitted(options: KnnOptions, backbone?: Backbone) {
  const recipe = knn.create(options, { size: SIDE, channels: 1 }, backbone);
  const pooled = valuesOf((x) => recipe.observe(x).pooled, normals);
  const state = await recipe.settle({ pooled: pooled.map((row) => Float32Array.from(row)) }, new Random(1, "settle"));
  const inference = recipe.inference(state) as DirectInference;
  const arrays = Object.fromEntries([...state].map(([name, { data }]) => [name, data]));
  const answer = (image: readonly number[]) => {
    const x = input("x", [1, 1, SIDE, SIDE]);
    const map = inference.anomalyMap(x);
    const [score, picture] = evaluate([inference.score!(map, x), map], { ...arrays, x: image });
    return { score: score.data[0], map: Array.from(picture.data), shape: picture.shape };
  };
  return { state, answer, pooled, recipe };
}

/** Mean distance to the k nearest rows, by loops. */
function naiveScore(row: readonly number[], rows: readonly number[][], k: number, metric: Metric, layers: number[]) {
  const width = row.length;
  const columns = row.map((_, j) => rows.map((other) => other[j]));
  const mean = columns.map((column) => column.reduce((a, b) => a + b) / rows.length);
  const variance = columns.map((column, j) => column.reduce((a, b) => a + (b - mean[j]) ** 2, 0) / rows.length);
  const typical = layers.flatMap((length, i) => {
    const start = layers.slice(0, i).reduce((a, b) => a + b, 0);
    const own = variance.slice(start, start + length).reduce((a, b) => a + b, 0) / length;
    return new Array<number>(length).fill(own);
  });
  const standard = (of: readonly number[]) =>
    of.map((value, j) => (value - mean[j]) / Math.sqrt(0.99 * variance[j] + 0.01 * typical[j]));
  const distances = rows.map((other) => {
    if (metric === "cosine") {
      const dot = (a: readonly number[], b: readonly number[]) =>
        a.reduce((total, value, j) => total + value * b[j], 0);
      return 1 - dot(row, other) / Math.sqrt(dot(row, row) * dot(other, other));
    }
    const [a, b] = [standard(row), standard(other)];
    return Math.sqrt(a.reduce((total, value, j) => total + (value - b[j]) ** 2, 0) / width);
  });
  const nearest = distances.sort((a, b) => a - b).slice(0, k);
  return nearest.reduce((a, b) => a + b) / k;
}

describe("the score", () => {
  test.each([
    { metric: "euclidean", k: 1 },
    { metric: "euclidean", k: 3 },
    { metric: "cosine", k: 2 },
  ] as const)("is the mean distance to the k nearest normals: %o", async ({ metric, k }) => {
    const options = optionsWith({ metric, k, layers: "coarse,middle" });
    const { answer, pooled, recipe } = await fitted(options);
    const rows = valuesOf((x) => recipe.observe(x).pooled, others);
    others.forEach((image, i) => {
      const expected = naiveScore(rows[i], pooled, k, metric, [96, 96]);
      expect(expected).toBeGreaterThan(0.001);
      expect(answer(image).score / expected).toBeCloseTo(1, 4);
    });
  });

  test("is 0 for a normal that was learnt, which is why held-out ones set the threshold", async () => {
    const { answer } = await fitted(optionsWith({ k: 1, layers: "coarse" }));
    expect(answer(normals[2]).score).toBeLessThan(1e-4);
    expect(answer(others[0]).score).toBeGreaterThan(0.1);
  });

  test("takes features of the network that it is given, at the layers that it is told", async () => {
    const backbone = tinyNetwork();
    const options = optionsWith({ backbone: "a.onnx", layers: "stem", metric: "euclidean", k: 2 });
    const { answer, pooled, recipe } = await fitted(options, backbone);
    const network = new FeatureNetwork(backbone);
    const own = valuesOf((x) => pooledFeatures(network.features(x, ["stem"]), 2), normals);
    expect(pooled).toEqual(own);
    const rows = valuesOf((x) => recipe.observe(x).pooled, others);
    expect(answer(others[0]).score / naiveScore(rows[0], pooled, 2, "euclidean", [12])).toBeCloseTo(1, 4);
    expect(recipe.backbone).toEqual({
      name: "Tiny",
      origin: "made up",
      licence: "CC0",
      sha256: "0".repeat(64),
      layers: ["stem"],
    });
  });
});

test("left to itself it takes all filters, standardised, and a network's last layer, by directions", async () => {
  const shape = { size: SIDE, channels: 1 } as const;
  const x = input("x", [1, 1, SIDE, SIDE]);
  const recipe = knn.create(optionsWith(), shape);
  expect(recipe.observe(x).pooled.shape).toEqual([1, 3 * 24 * 4]);
  const ofNetwork = await fitted(optionsWith({ backbone: "a.onnx", k: 2 }), tinyNetwork());
  expect(ofNetwork.pooled[0]).toHaveLength(5 * 4);
  const rows = valuesOf((image) => ofNetwork.recipe.observe(image).pooled, others);
  const expected = naiveScore(rows[0], ofNetwork.pooled, 2, "cosine", [20]);
  expect(ofNetwork.answer(others[0]).score / expected).toBeCloseTo(1, 4);
});

describe("the map", () => {
  test.each(["euclidean", "cosine"] as const)(
    "shares the distance from the centre of the nearest among places: %s",
    async (metric) => {
      const { state, answer } = await fitted(optionsWith({ metric, k: 2, layers: "coarse" }));
      const { map, shape } = answer(others[1]);
      expect(shape).toEqual([1, 1, SIDE, SIDE]);
      const { shares, length } = naiveShares(others[1], state, metric, 2);
      // Together the shares, negative ones too, make up the whole distance.
      expect(shares.reduce((a, b) => a + b)).toBeCloseTo(length, 5);
      const unit = metric === "cosine" ? 25 : 25 / Math.sqrt(96);
      const expected = enlarged(shares).map((share) => Math.max(0, unit * share));
      expect(largestDifference(map, expected)).toBeLessThan(1e-5);
      expect(Math.max(...expected)).toBeGreaterThan(0);
    },
  );

  test("is one place's share where features are changed there only", () => {
    // Features that are the image's own brightness, in cells of 5 pixels.
    const featuresOf = (x: Tensor) => [avgPool2d(x, 5)];
    const rows = Array.from({ length: 5 }, (_, i) => new Float32Array(16).map((_, j) => ((i * 7 + j * 3) % 5) / 5));
    const state = bankOf(rows, [16], { k: 1, metric: "euclidean" });
    const inference = nearestNeighbours(state, featuresOf, { k: 1, metric: "euclidean", regions: 4 });
    const x = input("x", [1, 1, SIDE, SIDE]);
    const map = inference.anomalyMap(x);
    const image = Float64Array.from({ length: AREA }, (_, i) => {
      const cell = 4 * Math.floor(i / SIDE / 5) + Math.floor((i % SIDE) / 5);
      return rows[2][cell] + (cell === 6 ? 3 : 0);
    });
    const arrays = Object.fromEntries([...state].map(([name, { data }]) => [name, data]));
    const [{ data: drawn }, { data: score }] = evaluate([map, inference.score!(map, x)], { ...arrays, x: image });
    const centre = (cell: number) => drawn[(5 * Math.floor(cell / 4) + 2) * SIDE + 5 * (cell % 4) + 2];
    for (let cell = 0; cell < 16; cell++) {
      if (cell === 6) expect(centre(cell)).toBeCloseTo(16 * score[0], 3);
      else expect(centre(cell), `cell ${cell}`).toBeLessThan(1e-4);
    }
    const mean = drawn.reduce((a, b) => a + b) / AREA;
    expect(mean / score[0]).toBeCloseTo(1, 3);
  });
});

describe("regions", () => {
  test("fade into one another between their centres, and each is a mean", () => {
    // Five places, whose middles lie at -0.3, 0.1, 0.5, 0.9 and 1.3 in centres of the two regions.
    const first = [1, 0.9, 0.5, 0.1, 0];
    const weights = regionWeights(5, 2);
    first.forEach((weight, i) => {
      expect(weights[i]).toBeCloseTo(weight / 2.5, 6);
      expect(weights[5 + i]).toBeCloseTo(first[4 - i] / 2.5, 6);
    });
    expect([...regionWeights(3, 3)]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    for (const weight of regionWeights(8, 1)) expect(weight).toBeCloseTo(1 / 8, 6);
  });

  test("and places are each other's adjoints", () => {
    const [x, v] = [input("x", [1, 2, 5, 7]), input("v", [1, 2, 3, 3])];
    const values = { x: noise(70, 3), v: noise(18, 4) };
    const [{ data: means }, { data: places }] = evaluate([regionMeans(x, 3), toPlaces(v, [5, 7])], values);
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a, (value, i) => value * b[i]).reduce((p, q) => p + q);
    expect(dot(means, values.v)).toBeCloseTo(dot(places, values.x), 6);
    expect(Math.abs(dot(means, values.v))).toBeGreaterThan(0.01);
  });
});

describe("what cannot be is refused with a remedy", () => {
  const row = new Float32Array(20_000);
  test("fewer normals than neighbours", () => {
    expect(() => bankOf([row, row], [20_000], { k: 3, metric: "euclidean" })).toThrow(
      /3 nearest normals were asked for, and there are 2.*fewer neighbours/,
    );
  });

  test("a memory that no detector holds, before it is made", () => {
    const many = new Array<Float32Array>(10_000).fill(row);
    expect(() => bankOf(many, [20_000], { k: 3, metric: "euclidean" })).toThrow(
      /10000 normals, 20000 numbers each, take 763 MB.*at most 512 MB.*fewer regions/,
    );
  });

  test("more regions than places, layers that there are not, a backbone that was not read", () => {
    const made = (changes: Partial<KnnOptions>) =>
      knn.create(optionsWith(changes), { size: SIDE, channels: 1 }).observe(input("x", [1, 1, SIDE, SIDE]));
    expect(() => made({ regions: 6 })).toThrow(/5 x 5 places at the layer fine, fewer than 6 regions/);
    expect(() => made({ layers: "fine,finest" })).toThrow(/no layer finest/);
    expect(() => made({ layers: "fine,fine" })).toThrow(/named twice/);
    expect(() => made({ backbone: "a.onnx" })).toThrow(/a\.onnx was not read/);
    expect(() => knn.checkShape({ size: 8, channels: 1 })).toThrow(/8 pixels are too small/);
  });
});

test("features that all normals share decide nothing, and nothing divides by zero", () => {
  const rows = [0, 1, 2, 3].map((i) => Float32Array.of(i, 7, 5, 5));
  const state = bankOf(rows, [2, 2], { k: 1, metric: "euclidean" });
  const scale = state.get("knn/scale")!.data;
  expect(scale.every(Number.isFinite)).toBe(true);
  // Of the first layer one varies and keeps the other from deciding alone; of the second neither does.
  expect(scale[0]).toBeCloseTo(1 / Math.sqrt(0.99 * 1.25 + 0.01 * 0.625), 5);
  expect(scale[1]).toBeCloseTo(1 / Math.sqrt(0.01 * 0.625), 5);
  expect([...scale.subarray(2)]).toEqual([0, 0]);
  const rowsOf = state.get("knn/rows")!;
  expect(rowsOf.shape).toEqual([4, 4]);
  state.get("knn/squares")!.data.forEach((square, i) => {
    const own = rowsOf.data.subarray(4 * i, 4 * i + 4);
    expect(square).toBeCloseTo(
      own.reduce((total, value) => total + value * value, 0),
      5,
    );
  });
});

/** Of one image: the share of each of the 25 places of the coarse layer, by loops, and the length that they make up. */
function naiveShares(image: readonly number[], state: ReadonlyMap<string, NamedArray>, metric: Metric, k: number) {
  const [layer] = builtInFilters("log").features(input("x", [1, 1, SIDE, SIDE]), ["coarse"]);
  const [{ data: features }] = evaluate([layer], { x: image });
  const [rows, mean, scale] = ["rows", "mean", "scale"].map((name) => state.get(`knn/${name}`)!);
  const width = mean.data.length;
  const along = regionWeights(5, 2);
  /** Weight of a place in region j % 4. */
  const weight = (j: number, at: number) =>
    along[5 * (Math.floor(j / 2) % 2) + Math.floor(at / 5)] * along[5 * (j % 2) + (at % 5)];
  const z = (j: number, at: number) => (features[Math.floor(j / 4) * 25 + at] - mean.data[j]) * scale.data[j];
  const places = Array.from({ length: 25 }, (_, at) => at);
  const raw = Array.from({ length: width }, (_, j) =>
    places.reduce((total, at) => total + weight(j, at) * z(j, at), 0),
  );
  const factor = metric === "cosine" ? 1 / Math.hypot(...raw) : 1;
  const query = raw.map((value) => value * factor);
  const bank = Array.from({ length: rows.shape[0] }, (_, i) => rows.data.subarray(i * width, (i + 1) * width));
  const distance = (row: Float32Array) => query.reduce((total, value, j) => total + (value - row[j]) ** 2, 0);
  const nearest = bank.sort((a, b) => distance(a) - distance(b)).slice(0, k);
  const centre = query.map((_, j) => nearest.reduce((total, row) => total + row[j] / k, 0));
  const away = query.map((value, j) => value - centre[j]);
  const length = Math.hypot(...away);
  const shares = places.map((at) =>
    away.reduce((total, d, j) => total + (weight(j, at) * (z(j, at) * factor - centre[j]) * d) / length, 0),
  );
  return { shares, length };
}

/** Bilinear interpolation of 5 x 5 values to 20 x 20, the centres of cells keeping their values. */
function enlarged(values: readonly number[]): number[] {
  const at = (pixel: number) => Math.min(4, Math.max(0, (pixel + 0.5) / 4 - 0.5));
  return Array.from({ length: AREA }, (_, i) => {
    const [y, x] = [at(Math.floor(i / SIDE)), at(i % SIDE)];
    let total = 0;
    values.forEach((value, cell) => {
      const near = (place: number, of: number) => Math.max(0, 1 - Math.abs(place - of));
      total += value * near(Math.floor(cell / 5), y) * near(cell % 5, x);
    });
    return total;
  });
}

/** Three planes of a convolution and five of one upon it. */
function tinyNetwork(): Backbone {
  const weights = new Map<string, NamedArray>([
    ["stem/weight", { shape: [3, 3, 3, 3], data: Float32Array.from(noise(81, 1)) }],
    ["top/weight", { shape: [5, 3, 3, 3], data: Float32Array.from(noise(135, 2)) }],
  ]);
  const layer = (id: string, from: string): Layer => ({
    id,
    op: "conv",
    inputs: [from],
    kernel: 3,
    stride: 1,
    padding: 1,
    activation: "relu",
    weight: `${id}/weight`,
  });
  return {
    weights,
    description: {
      format: 2,
      name: "Tiny",
      origin: "made up",
      licence: "CC0",
      leakySlope: 0,
      layers: [layer("stem", "input"), layer("top", "stem")],
      featureLayers: ["stem", "top"],
      weightsSha256: "0".repeat(64),
      input: { size: 16, channelOrder: "RGB", mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
    },
  };
}
