/** @file The autoencoder against what is known of it. */
import { evaluate, input, Parameters } from "@hale/autodiff";
import { Random } from "@hale/core";
import { expect, test } from "vitest";
import { autoencoder, plainAutoencoder } from "./method.ts";

test("has the published number of parameters", () => {
  const { parameters } = plainAutoencoder.create(
    { latent: 16, hidden: 2048, batch: 2, learningRate: 1e-3, beta1: 0.5, beta2: 0.999 },
    { size: 64, channels: 1 },
  );
  expect(parameters.count()).toBe(4_487_248);
});

test("with a last layer of zeros scores the mean of x²", () => {
  const parameters = new Parameters();
  const x = input("x", [1, 1, 32, 32]);
  const { output } = autoencoder(parameters.scope("a"), x, { latent: 2, hidden: 16 }, "evaluate");
  const map = plainAutoencoder
    .create({ latent: 2, hidden: 16, batch: 2, learningRate: 1, beta1: 0, beta2: 0 }, { size: 32, channels: 1 })
    .anomalyMap(x, output);
  const image = new Random(1, "image").uniforms(1024, -1, 1);
  const weights = [...parameters.initialise(new Random(2, "w"))].map(([name, { data }]) => [
    name,
    name === "a/dec3/weight" ? data.fill(0) : data,
  ]);
  const [scores] = evaluate([map], { ...Object.fromEntries(weights), x: image });
  const score = scores.data.reduce((total, v) => total + v, 0) / 1024;
  expect(score).toBeCloseTo(image.reduce((total, v) => total + v * v, 0) / 1024, 8);
});
