/** @file ProxyAno as a method: rates, superpixel numbers, presets, refusals, what a step draws. */
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import type { DrawImages, StepContext } from "../method.ts";
import { proxyAno, ratesOf, superpixelCount } from "./method.ts";
import { pictures, tiny } from "./test-support.ts";

const SIZE = 32;
const shape = { size: SIZE, channels: 1 } as const;

describe("rates", () => {
  const paper = { ...proxyAno.options.parse(proxyAno.presets!.paper.options), batch: 8 };
  /** One step an epoch. */
  const run = { iterations: 180, normals: 8 };

  test("of the paper's preset fall at epochs 20, 40, 80 and 120, the discriminator's a tenth of them", () => {
    const { modules, discriminator } = ratesOf(paper, run);
    for (const [epoch, rate] of [
      [0, 1e-3],
      [19, 1e-3],
      [20, 1e-4],
      [40, 1e-5],
      [80, 1e-6],
      [120, 1e-7],
    ]) {
      expect(modules(epoch)).toBeCloseTo(rate, 12);
      expect(discriminator(epoch)).toBeCloseTo(rate / 10, 12);
    }
  });

  test("of the discriminator become those of the modules at the first milestone, as in the reference, on request", () => {
    const { discriminator } = ratesOf({ ...paper, discriminatorRate: "reference" }, run);
    expect(discriminator(19)).toBeCloseTo(1e-4, 12);
    expect(discriminator(20)).toBeCloseTo(1e-4, 12);
    expect(discriminator(40)).toBeCloseTo(1e-5, 12);
  });

  test("fall at two thirds and eleven twelfths of a run where no epochs are named", () => {
    const { modules } = ratesOf(proxyAno.options.parse({}), { iterations: 120, normals: 1000 });
    expect([0, 79, 80, 109, 110, 119].map((step) => Number(modules(step).toPrecision(6)))).toEqual([
      3e-3, 3e-3, 3e-4, 3e-4, 3e-5, 3e-5,
    ]);
  });
});

test("there are 100 superpixels at 64 x 64, 144 at 128 and 196 at 224", () => {
  expect([64, 128, 224].map(superpixelCount)).toEqual([100, 144, 196]);
});

test("every preset is a valid setting, and the small one is the default", () => {
  for (const { size, options } of Object.values(proxyAno.presets!)) {
    proxyAno.checkShape({ size, channels: 1 });
    expect(proxyAno.options.safeParse(options).success).toBe(true);
  }
  expect(proxyAno.options.parse(proxyAno.presets!.small.options)).toEqual(proxyAno.options.parse({}));
});

test("sizes that four halvings do not divide, and more superpixels than pixels, are refused", () => {
  expect(() => proxyAno.checkShape({ size: 72, channels: 1 })).toThrow(/divisible by 16/);
  expect(() => proxyAno.create(tiny({ superpixels: 2000 }), shape)).toThrow(/2000 superpixels are more than the 1024/);
});

test("a step pastes patches on half of the proxies, with the rate of its epoch", async () => {
  const recipe = proxyAno.create(tiny({ batch: 8, adversarialWeight: 0, milestones: [20] }), shape);
  const image = pictures(8, SIZE).map((v) => 2 * v - 1);
  const companions = new Float32Array(8 * SIZE * SIZE);
  for (let i = 0; i < 8; i++) {
    const length = SIZE * SIZE;
    companions.set(recipe.companion!(image.slice(i * length, (i + 1) * length)), i * length);
  }
  let changed = 0;
  const rates: number[] = [];
  const step = (iteration: number) => {
    const context: Partial<StepContext> = {
      iteration,
      iterations: 1000,
      normals: 8,
      draw: (() => ({ images: image, indices: [0, 1, 2, 3, 4, 5, 6, 7], companions })) as unknown as DrawImages,
      random: (name) => new Random(iteration, name),
      run: async (_program, inputs) => {
        rates.push(inputs.rate[0]);
        expect(inputs.proxy).toBe(companions);
        expect(Math.min(...inputs.image)).toBeGreaterThanOrEqual(0);
        for (let i = 0; i < 8; i++) {
          const part = (values: Float32Array) => values.slice(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
          if (part(inputs.damaged).some((v, p) => v !== part(companions)[p])) changed++;
        }
        const one = Float32Array.of(1);
        return { extraction: one, entropy: one, reconstruction: one };
      },
    };
    return recipe.step(context as StepContext);
  };
  for (let i = 1; i <= 40; i++) await step(i);
  expect(changed / (40 * 8)).toBeGreaterThan(0.4);
  expect(changed / (40 * 8)).toBeLessThan(0.6);
  // Eight images an epoch, so that iteration 21 begins the twenty-first epoch.
  expect(rates[20] / rates[19]).toBeGreaterThan(0.08);
  expect(rates[20] / rates[19]).toBeLessThan(0.12);
});

test("patches come from the image itself, or from another where that is asked for", async () => {
  const grey = (value: number) => new Float32Array(2 * SIZE * SIZE).fill(value);
  for (const patchSource of ["self", "other"] as const) {
    const recipe = proxyAno.create(tiny({ patchSource, pseudoAbnormal: 1, adversarialWeight: 0 }), shape);
    let damaged = new Float32Array();
    const one = Float32Array.of(1);
    const context: Partial<StepContext> = {
      iteration: 1,
      iterations: 10,
      normals: 2,
      draw: ((kind: string) => ({
        images: grey(kind === "unlike" ? 0.8 : 0.4),
        indices: [0, 1],
        companions: grey(0.2),
      })) as unknown as DrawImages,
      random: (name) => new Random(4, name),
      run: async (_program, inputs) => {
        damaged = inputs.damaged as Float32Array<ArrayBuffer>;
        return { extraction: one, entropy: one, reconstruction: one };
      },
    };
    await recipe.step(context as StepContext);
    const values = new Set([...damaged].map((v) => Number(v.toFixed(4))));
    expect(values).toEqual(new Set([0.2, patchSource === "self" ? 0.7 : 0.9]));
  }
});
