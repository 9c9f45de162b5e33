/** @file HQ-AnoGAN as a whole: averages, stages, scores and their calibration, options that cannot be. */
import { constant, evaluate, input, type NamedArray, Random, sizeOf, type Tensor } from "@hale/autodiff";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { Trainer } from "../../trainer/trainer.ts";
import { settle } from "./calibration.ts";
import { hqAnoGan } from "./method.ts";
import { combine, SCORES, type ScoreName, scoreParts } from "./scores.ts";

const shape = { size: 32, channels: 1 } as const;
const tiny = (others: object = {}) =>
  hqAnoGan.options.parse({
    latent: 16,
    base: 256,
    maxChannels: 8,
    batch: 4,
    encoderWidth: 4,
    encoderBatch: 2,
    generatorShare: 0.5,
    ...others,
  });

test("generator first, then encoder, which changes nothing that it works with", async () => {
  const random = new Random(1, "images");
  const images = { normals: Array.from({ length: 4 }, () => random.uniforms(1024, -1, 1)), unlabelled: [] };
  const recipe = hqAnoGan.create(tiny(), shape);
  const device = await openDevice({ threads: 2 });
  const trainer = await Trainer.create({ recipe, shape, device, seed: 1, iterations: 8, images });
  const before = (await trainer.snapshot()).arrays;
  const generating = [];
  for (let i = 0; i < 4; i++) generating.push(await trainer.step());
  expect(generating[3]).toHaveProperty("generator/pathLength");
  const between = (await trainer.snapshot()).arrays;
  const changed = (a: Map<string, NamedArray>, b: Map<string, NamedArray>, prefix: string) =>
    [...a].filter(([name, { data }]) => name.startsWith(prefix) && data.some((v, i) => v !== b.get(name)!.data[i]))
      .length;
  for (const prefix of ["mapping/", "synthesis/", "discriminator/", "average/"]) {
    expect(changed(before, between, prefix), prefix).toBeGreaterThan(0);
  }
  expect(changed(before, between, "encoder/")).toBe(0);
  const encoding = [];
  for (let i = 0; i < 4; i++) encoding.push(await trainer.step());
  expect(Object.keys(encoding[0])).toEqual(["encoder/loss", "encoder/pixels", "encoder/perceptual", "encoder/length"]);
  const after = (await trainer.snapshot()).arrays;
  for (const prefix of ["mapping/", "synthesis/", "discriminator/", "average/", "pathLength/", "augmentation/"]) {
    expect(changed(between, after, prefix), prefix).toBe(0);
  }
  expect(changed(between, after, "encoder/")).toBeGreaterThan(0);

  // Scores of the normals that they are calibrated on have mean 0; two parts of deviation 1 each have at most 2 together.
  await trainer.calibrate(images.normals);
  const { scores } = await trainer.restore(images.normals);
  expect(scores.reduce((a, b) => a + b) / 4).toBeCloseTo(0, 4);
  expect(Math.sqrt(scores.reduce((total, v) => total + v * v, 0) / 4)).toBeLessThan(2.001);
  await trainer.release();
});

describe("scores", () => {
  const [n, l, d] = [6, 5, 3];
  const random = new Random(2, "scores");
  const value = (dims: number[]) => constant(random.normals(sizeOf(dims)), dims);
  const restored = {
    image: value([n, 1, 4, 4]),
    restoration: value([n, 1, 4, 4]),
    features: { image: value([n, 2, 2, 2]), restoration: value([n, 2, 2, 2]) },
    offsets: { image: value([n, l, d]), restoration: value([n, l, d]) },
  };
  const range = [1, 3] as const;
  const rows = (tensor: Tensor) => {
    const { data } = evaluate([tensor], {})[0];
    const length = data.length / n;
    return Array.from({ length: n }, (_, i) => Float32Array.from(data.subarray(i * length, (i + 1) * length)));
  };

  test("are z-scores on the normals that they are calibrated on, each with mean 0 and deviation 1", () => {
    const none = {
      mean: constant(new Float32Array(l * d), [l, d]),
      variance: constant(new Float32Array(l * d).fill(1), [l, d]),
    };
    const first = scoreParts(restored, none, range);
    const observed = {
      offsets: rows(restored.offsets.image),
      ...Object.fromEntries(SCORES.map((name) => [name, rows(first[name])])),
    };
    const state = settle(observed, { count: l, width: d, range });
    const held = (name: string, dims: number[]) => constant(state.get(`calibration/${name}`)!.data, dims);
    const prior = { mean: held("priorMean", [l, d]), variance: held("priorVariance", [l, d]) };
    const parts = scoreParts(restored, prior, range);
    for (const name of SCORES) {
      const z = evaluate([combine(parts, { [name]: 1 }, (which) => held(which, [2]))], {})[0].data;
      expect(z.reduce((a, b) => a + b) / n, name).toBeCloseTo(0, 5);
      expect(Math.sqrt(z.reduce((total, v) => total + v * v, 0) / n), name).toBeCloseTo(1, 5);
    }
    const both = evaluate([combine(parts, { image: 2, cycle: 1 }, (which) => held(which, [2]))], {})[0].data;
    const one = (name: ScoreName) => evaluate([combine(parts, { [name]: 1 }, (which) => held(which, [2]))], {})[0].data;
    const [image, cycle] = [one("image"), one("cycle")];
    both.forEach((v, i) => {
      expect(v).toBeCloseTo(2 * image[i] + cycle[i], 6);
    });
  });

  test("look at the chosen styles alone", () => {
    const prior = {
      mean: constant(new Float32Array(l * d), [l, d]),
      variance: constant(new Float32Array(l * d).fill(1), [l, d]),
    };
    const given = input("offsets", [n, l, d]);
    const parts = scoreParts({ ...restored, offsets: { ...restored.offsets, image: given } }, prior, range);
    const base = Float64Array.from(random.normals(n * l * d));
    const outside = base.map((v, i) => ([0, 4].includes(Math.floor(i / d) % l) ? v + 5 : v));
    const inside = base.map((v, i) => (Math.floor(i / d) % l === 2 ? v + 5 : v));
    const at = (offsets: Float64Array) =>
      evaluate([parts.cycle, parts.prior, parts.offset], { offsets }).map(({ data }) => data[0]);
    expect(at(outside)).toEqual(at(base));
    at(inside).forEach((v, i) => {
      expect(v).not.toBe(at(base)[i]);
    });
  });
});

test("an encoder whose last layers are zero restores every image to the mean one", () => {
  const recipe = hqAnoGan.create(tiny(), shape);
  const state = recipe.initialState(new Random(3, "state"));
  const values = Object.fromEntries(
    [...state].map(([name, { data }]) => {
      const last = name.startsWith("encoder/style/") && /dense\/(weight|bias)$/.test(name);
      return [name, last ? new Float64Array(data.length) : Float64Array.from(data)];
    }),
  );
  const zeroed = Object.values(values).filter(
    (data, i) => [...state.keys()][i].includes("dense") && data.every((v) => v === 0),
  );
  expect(zeroed.length).toBeGreaterThan(0);
  const x = input("x", [1, 1, 32, 32]);
  const restore = (seed: number) =>
    evaluate([recipe.restore(x)], { ...values, x: Float64Array.from(new Random(seed, "x").normals(1024)) })[0].data;
  expect(restore(1)).toEqual(restore(2));
});

test("the paper's preset has pSp's encoder on StyleGAN2's generator", () => {
  const { size, options } = hqAnoGan.presets!.paper;
  const { parameters } = hqAnoGan.create(hqAnoGan.options.parse(options), { size, channels: 1 });
  expect(parameters.count("encoder/")).toBe(209_449_536);
  expect(parameters.count("synthesis/")).toBe(22_661_204);
});

test.each([
  [{ batch: 6 }, /groups of 4/],
  [{ firstStyle: 5, lastStyle: 2 }, /styles 0 to 7/],
  [{ lastStyle: 8 }, /styles 0 to 7/],
  [{ encoder: "full" }, /512 dimensions/],
  [{ scoreImage: 0, scoreCycle: 0 }, /weight 0/],
  [{ augmentation: "xyz" }, /xyz/],
])("%j is refused", (others, message) => {
  expect(() => hqAnoGan.create(tiny(others), shape)).toThrow(message);
});
