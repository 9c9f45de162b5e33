/** @file The encoder learns: of images that the generator itself has drawn, it finds the styles. */
import { constant, Program, State } from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { hqAnoGan } from "../../../methods/src/hq-anogan/method.ts";
import { tiny } from "../../../methods/src/hq-anogan/tiny-fixture.ts";
import { Trainer } from "../trainer.ts";

const SEED = 1;
const STEPS = 100;
const shape = { size: 32, channels: 1 } as const;
const mean = (values: Float32Array) => values.reduce((total, v) => total + v, 0) / values.length;

test("images that the generator drew come back, from styles that stay as they are when they go round once more", async () => {
  const options = tiny({ generator: "as it is drawn", encoderRate: 0.03 });
  const recipe = hqAnoGan.create(options, shape);
  const device = await openDevice({ threads: 1 });
  // The trainer's own first state: two images that this generator, and no encoder, has made.
  const state = new State(device);
  state.write(recipe.initialState(new Random(SEED, "initialise")));
  const z = constant(new Random(SEED, "samples").normals(2 * options.latent), [2, options.latent]);
  const { code, draw } = recipe.generator!;
  const artist = await Program.compile(state, { name: "samples", outputs: { samples: draw(code(z)) } });
  const { samples } = await artist.run();
  await artist.release();
  state.dispose();
  const normals = [samples.slice(0, 1024), samples.slice(1024, 2048)];

  const images = { normals, unlabelled: [] };
  const trainer = await Trainer.create({ recipe, shape, device, seed: SEED, iterations: STEPS, images });
  const first = await trainer.restore(normals);
  const losses: Record<string, number>[] = [];
  for (let i = 0; i < STEPS; i++) losses.push(await trainer.step());
  const { parts } = await trainer.restore(normals);
  await trainer.release();

  expect(losses[STEPS - 1]["encoder/pixels"]).toBeLessThan(0.05 * losses[0]["encoder/pixels"]);
  // Not calibrated, so that the parts are the raw scores.
  expect(mean(parts.image)).toBeLessThan(0.4 * mean(first.parts.image));
  expect(mean(parts.features)).toBeLessThan(0.4 * mean(first.parts.features));
  // The styles differ from image to image; beside that, going round changes them little.
  const squares = mean(parts.offset.map((length) => length ** 2)) / (8 * options.latent);
  expect(squares).toBeGreaterThan(0.05);
  expect(mean(parts.cycle)).toBeLessThan(0.1 * squares);
});
