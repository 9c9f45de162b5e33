/** @file HQ-AnoGAN as a whole: averages, stages, scores and their calibration, options that cannot be. */
import { evaluate, input, type NamedArray } from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { adjustProbability } from "../../methods/src/hq-anogan/ada/controller.ts";
import { hqAnoGan } from "../../methods/src/hq-anogan/method.ts";
import { SCORES } from "../../methods/src/hq-anogan/scores.ts";
import { tiny } from "../../methods/src/hq-anogan/tiny-fixture.ts";
import { Trainer } from "./trainer.ts";

const shape = { size: 32, channels: 1 } as const;

test("generator first, then encoder, which changes nothing that it works with", async () => {
  const random = new Random(1, "images");
  const images = { normals: Array.from({ length: 4 }, () => random.uniforms(1024, -1, 1)), unlabelled: [] };
  const recipe = hqAnoGan.create(tiny({ generatorShare: 0.5 }), shape);
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

  // What the controller remembers follows from the signs of the generator's share.
  const signs = generating.map((losses) => losses["discriminator/sign"]);
  const p = adjustProbability(0, signs.reduce((a, b) => a + b) / 4, { batch: 4, kimg: 100 });
  expect(between.get("augmentation/p")!.data[0]).toBeCloseTo(p, 6);
  expect(between.get("augmentation/signs")!.data[0]).toBe(0);

  // Each part but the prior has mean 0 and deviation 1 on the normals that it is calibrated on, and the score is the sum of two.
  await trainer.calibrate(images.normals);
  const { scores, parts } = await trainer.restore(images.normals);
  expect(Object.keys(parts)).toEqual([...SCORES]);
  for (const [name, values] of Object.entries(parts).filter(([name]) => name !== "prior")) {
    expect(values.reduce((a, b) => a + b) / 4, name).toBeCloseTo(0, 3);
    expect(Math.sqrt(values.reduce((total, v) => total + v * v, 0) / 4), name).toBeCloseTo(1, 3);
  }
  scores.forEach((score, i) => {
    expect(score).toBeCloseTo(parts.image[i] + parts.cycle[i], 4);
  });
  await trainer.release();
});

test("an encoder whose last layers are zero restores every image to the mean one, with no cycle and no offset", () => {
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
  const { cycle, offset, image } = recipe.parts!(x, recipe.restore(x));
  const parts = evaluate([cycle, offset, image], { ...values, x: Float64Array.from(new Random(1, "x").normals(1024)) });
  expect(parts[0].data[0]).toBe(0);
  expect(parts[1].data[0]).toBeCloseTo(0, 5);
  expect(parts[2].data[0]).toBeGreaterThan(0.1);
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
