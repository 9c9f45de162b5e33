/** @file The encoder's step: whose features it compares by, and what its distances are of equal and of different images. */
import {
  constant,
  evaluate,
  input,
  mean,
  Parameters,
  Program,
  type ProgramSpec,
  rangerInputs,
  rangerState,
  State,
} from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import type { Backbone } from "../backbone/description.ts";
import { FeatureNetwork } from "../backbone/network.ts";
import { tinyPlain } from "../backbone/node/test-support.ts";
import { perceptualDistance } from "../backbone/perceptual.ts";
import { readPlainModel } from "../backbone/plain-model.ts";
import { draw, encode, featureDistance, type InversionOptions, inversionStep } from "./inversion.ts";

const architecture = { size: 32, channels: 1, latent: 8, mappingLayers: 1, base: 64, maxChannels: 4 } as const;
const options: InversionOptions = {
  encoder: "lite",
  encoderBatch: 2,
  encoderWidth: 4,
  perceptualWeight: 1,
  latentWeight: 0,
  featureWeight: 0,
};
const plain = tinyPlain();
const backbone = await readPlainModel(JSON.stringify(plain.record), plain.bytes, "tiny");

/** The step on networks of its own, and what it makes of two images in one run. */
async function run(backbone?: Backbone) {
  const parameters = new Parameters();
  const scopes = {
    synthesis: parameters.scope("average/synthesis"),
    mapping: parameters.scope("mapping"),
    discriminator: parameters.scope("discriminator"),
  };
  const step = inversionStep(parameters, scopes, architecture, options, backbone);
  const images = input("image", [2, 1, 32, 32]);
  const restored = draw(
    scopes,
    encode(parameters.scope("encoder"), images, architecture, options, { train: {} }),
    architecture,
  );
  const first = parameters.initialise(new Random(1, "parameters"));
  const state = new State(await openDevice({ threads: 1 }));
  state.write(new Map([...first, ...rangerState(parameters.trainable("encoder/"), first)]));
  const program = await Program.compile(state, {
    ...step,
    outputs: {
      ...step.outputs,
      ...(backbone && { expected: mean(perceptualDistance(new FeatureNetwork(backbone), images, restored)) }),
    },
  } satisfies ProgramSpec);
  const image = new Random(2, "images").uniforms(2048, -1, 1);
  const losses = await program.run({ image, ...rangerInputs({}, 1, 0.01) });
  const after = await state.read([...parameters.trainable("encoder/").keys()]);
  await program.release();
  return { losses, after };
}

test("with a backbone image and restoration are compared by its features, and the encoder learns from them", async () => {
  const [without, with_] = [await run(), await run(backbone)];
  const { perceptual, expected, loss, pixels } = with_.losses;
  expect(perceptual[0]).toBeGreaterThan(0);
  expect(perceptual[0]).toBeCloseTo(expected[0], 5);
  expect(loss[0]).toBeCloseTo(pixels[0] + perceptual[0], 5);
  // The same images and weights: only the features differ, and so do the steps.
  expect(pixels[0]).toBeCloseTo(without.losses.pixels[0], 5);
  expect(Math.abs(perceptual[0] - without.losses.perceptual[0])).toBeGreaterThan(1e-3);
  const moved = [...with_.after].filter(([name, { data }]) =>
    data.some((v, i) => v !== without.after.get(name)!.data[i]),
  );
  expect(moved.length).toBeGreaterThan(with_.after.size / 2);
});

test("the distance between features is 0 for equal ones, and greater for others", () => {
  const random = new Random(3, "features");
  const features = () =>
    [
      [2, 3, 4, 4],
      [2, 5, 2, 2],
    ].map((dims) => constant(random.normals(dims.reduce((a, b) => a * b)), dims));
  const [a, b] = [features(), features()];
  const at = (x: typeof a, y: typeof a) => evaluate([featureDistance(x, y)], {})[0].data[0];
  expect(at(a, a)).toBe(0);
  // Features of one law, each layer scaled to a second moment of 1: their distance is about 2.
  expect(at(a, b)).toBeGreaterThan(1);
  expect(at(a, b)).toBeLessThan(4);
});
