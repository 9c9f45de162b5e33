/** @file StyleGAN2's losses and regularisers against figures worked out by hand, and their gradients against differences. */
import {
  constant,
  evaluate,
  expand,
  gradients,
  input,
  lazyAdam,
  mul,
  Parameters,
  reshape,
  sliceAxis,
  sum,
  type Tensor,
} from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import type { Architecture } from "./architecture.ts";
import { discriminate } from "./discriminator.ts";
import { discriminatorLoss, generatorLoss, movedLength, pathLengthPenalty, r1Penalty } from "./losses.ts";
import { synthesise } from "./synthesis.ts";

const toy: Architecture = { size: 16, channels: 1, latent: 8, mappingLayers: 2, base: 32, maxChannels: 4 };
const at = (tensor: Tensor, values: Record<string, Float64Array> = {}) => evaluate([tensor], values)[0].data[0];

test("losses of a discriminator that says 0 are ln 2 and 2 ln 2", () => {
  const zeros = constant(new Array(8).fill(0), [8]);
  expect(at(generatorLoss(zeros))).toBeCloseTo(Math.LN2, 6);
  expect(at(discriminatorLoss(zeros, zeros))).toBeCloseTo(2 * Math.LN2, 6);
});

test("R1 of a linear discriminator is half of gamma times its squared length", () => {
  const random = new Random(1, "r1");
  const v = random.normals(25);
  const images = input("x", [3, 1, 5, 5]);
  const logits = sum(mul(images, constant(v, [1, 1, 5, 5])), [1, 2, 3]);
  const length = v.reduce((total, value) => total + value ** 2, 0);
  const penalty = r1Penalty(logits, images, 0.8);
  expect(at(penalty, { x: Float64Array.from(random.normals(75)) })).toBeCloseTo(0.4 * length, 5);
});

describe("path length", () => {
  test("of an image that is a multiple of one latent is known", () => {
    // E ℓ = c·√(2/π)/√L for c = 3 and L = 5.
    const n = 20_000;
    const styles = input("w", [n, 5, 1]);
    const images = expand(reshape(mul(sliceAxis(styles, 1, 0, 1), 3), [n, 1, 1, 1]), [n, 1, 2, 2]);
    const noise = constant(new Random(2, "noise").normals(4 * n), [n, 1, 2, 2]);
    const { lengths, penalty } = pathLengthPenalty(images, styles, noise, constant([0.5], []), 2);
    const [all, cost] = evaluate([lengths, penalty], { w: new Float64Array(5 * n) });
    const mean = all.data.reduce((a, b) => a + b, 0) / n;
    expect(Math.abs(mean - 1.0705)).toBeLessThan(0.02);
    const expected = all.data.reduce((total, length) => total + 2 * (length - 0.5) ** 2, 0) / n;
    expect(cost.data[0]).toBeCloseTo(expected, 6);
    expect(at(movedLength(constant([2], []), constant([7], [])))).toBeCloseTo(2.05, 6);
  });
});

/** Gradients of a loss against central differences in float64, at one place of each parameter. */
function checkGradients(loss: Tensor, parameters: Parameters, feeds: Record<string, Float64Array>): void {
  const random = new Random(3, "places");
  const values: Record<string, Float64Array> = { ...feeds };
  for (const [name, { data }] of parameters.initialise(new Random(4, "parameters")))
    values[name] = Float64Array.from(data, (v) => v + 0.05);
  const trained = [...parameters.trainable()];
  const slopes = evaluate(
    gradients(
      loss,
      trained.map(([, tensor]) => tensor),
    ),
    values,
  );
  const reached = slopes.filter(({ data }) => data.some((v) => v !== 0)).length;
  expect(reached).toBeGreaterThan(trained.length / 2);
  trained.forEach(([name], i) => {
    const place = random.integer(0, values[name].length);
    const moved = (by: number) => {
      const copy = values[name].slice();
      copy[place] += by;
      return at(loss, { ...values, [name]: copy });
    };
    const numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
    expect(Math.abs(slopes[i].data[place] - numeric) / Math.max(1, Math.abs(numeric)), name).toBeLessThan(2e-5);
  });
}

describe("gradients through gradients are those of central differences", () => {
  const random = new Random(5, "values");

  test("R1 in the discriminator's parameters", () => {
    const parameters = new Parameters();
    const images = input("x", [4, 1, 16, 16]);
    const { logits } = discriminate(parameters.scope("d"), images, toy);
    checkGradients(r1Penalty(logits, images, 1), parameters, { x: Float64Array.from(random.normals(1024)) });
  });

  test("path length in the synthesis's parameters", () => {
    const parameters = new Parameters();
    const styles = input("w", [2, 6, 8]);
    const images = synthesise(parameters.scope("g"), styles, toy, "constant");
    const noise = constant(random.normals(512), [2, 1, 16, 16]);
    const { penalty } = pathLengthPenalty(images, styles, noise, constant([0.2], []), 2);
    checkGradients(penalty, parameters, { w: Float64Array.from(random.normals(96)) });
  });
});

test("lazy regularisation shortens rates and memories by k/(k+1)", () => {
  const adam = { learningRate: 0.0025, beta1: 0, beta2: 0.99 };
  const generator = lazyAdam(adam, 4);
  expect(generator.learningRate).toBeCloseTo(0.002, 9);
  expect(generator.beta2).toBeCloseTo(0.991992, 6);
  const discriminator = lazyAdam(adam, 16);
  expect(discriminator.learningRate).toBeCloseTo(0.00235294, 8);
  expect(discriminator.beta2).toBeCloseTo(0.990585, 6);
});
