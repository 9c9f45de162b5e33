/** @file Images drawn in batches: each a function of seed, stream and number, and equal to what the generator's tensors say. */
import { add, constant, evaluate, mul, Parameters, reshape, State, type Tensor } from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { afterAll, expect, test } from "vitest";
import { averagedGenerator } from "../../methods/src/hq-anogan/generation.ts";
import type { Generator } from "../../methods/src/method.ts";
import { ImageGenerator } from "./image-generator.ts";

const device = await openDevice({ threads: 1 });

/** Four pixels that are a tenth of the latent, and a fifth of the noise on top. */
const plain: Generator = {
  latent: 4,
  code: (z) => mul(z, 0.1),
  noise: { grain: [1, 2, 2] },
  draw(code, noise) {
    const image = reshape(code, [code.shape[0], 1, 2, 2]);
    return noise ? add(image, mul(noise.grain, 0.2)) : image;
  },
};
const drawing = await ImageGenerator.compile(new State(device), plain);
afterAll(() => drawing.release());
const stream = { seed: 5, name: "test" };

test("an image is a function of seed, stream and number, whatever is drawn with it", async () => {
  const many = await drawing.samples(stream, 0, 19);
  expect(many).toHaveLength(19);
  expect(await drawing.samples(stream, 0, 19)).toEqual(many);
  expect(await drawing.samples(stream, 17, 2)).toEqual(many.slice(17));
  expect((await drawing.samples({ ...stream, seed: 6 }, 0, 1))[0]).not.toEqual(many[0]);
  expect((await drawing.samples({ ...stream, name: "other" }, 0, 1))[0]).not.toEqual(many[0]);
});

test("samples have noise of their own on the picture of the same latent", async () => {
  const [sample] = await drawing.samples(stream, 3, 1);
  const picture = (await drawing.pictures(stream, 4))[3];
  const random = new Random(5, "test/3");
  const z = random.normals(4);
  const grain = random.normals(4);
  picture.forEach((value, i) => {
    expect(value).toBeCloseTo(0.1 * z[i], 6);
    expect(sample[i]).toBeCloseTo(0.1 * z[i] + 0.2 * grain[i], 6);
  });
});

test("an interpolation goes straight from one picture to another, both included", async () => {
  const ends = await drawing.pictures(stream, 6);
  const ways = await drawing.interpolations(stream, 3, 5);
  expect(ways).toHaveLength(15);
  for (let pair = 0; pair < 3; pair++) {
    const way = ways.slice(5 * pair, 5 * pair + 5);
    expect(way[0]).toEqual(ends[2 * pair]);
    expect(way[4]).toEqual(ends[2 * pair + 1]);
    way[1].forEach((value, i) => {
      expect(value).toBeCloseTo(0.75 * way[0][i] + 0.25 * way[4][i], 6);
    });
  }
});

test("the averaged generator of HQ-AnoGAN draws what its tensors say in float64, with noise where it is given", async () => {
  const architecture = { size: 16, channels: 1 as const, latent: 8, mappingLayers: 2, base: 128, maxChannels: 8 };
  const parameters = new Parameters();
  const generator = averagedGenerator(
    { mapping: parameters.scope("mapping"), synthesis: parameters.scope("synthesis") },
    architecture,
  );
  const random = new Random(1, "z");
  const z = constant(random.normals(16), [2, 8]);
  const noise = Object.fromEntries(
    Object.entries(generator.noise).map(([name, shape]): [string, Tensor] => {
      const of = [2, ...shape];
      return [name, constant(random.normals(of.reduce((a, b) => a * b)), of)];
    }),
  );
  const outputs = () => [generator.draw(generator.code(z)), generator.draw(generator.code(z), noise)];
  outputs();
  const arrays = parameters.initialise(new Random(2, "state"));
  // At first noise has no strength.
  for (const [name, { data }] of arrays) if (name.endsWith("noiseStrength")) data.fill(0.3);
  const values = Object.fromEntries([...arrays].map(([name, { data }]) => [name, Float64Array.from(data)]));
  const [without, withNoise] = evaluate(outputs(), values).map(({ data }) => data);
  expect(withNoise).not.toEqual(without);

  const state = new State(device);
  state.write(arrays);
  const compiled = await ImageGenerator.compile(state, generator);
  const [picture] = await compiled.pictures(stream, 1);
  const own = constant(new Random(5, "test/0").normals(8), [1, 8]);
  const [expected] = evaluate([generator.draw(generator.code(own))], values);
  picture.forEach((value, i) => {
    expect(value).toBeCloseTo(Math.min(Math.max(expected.data[i], -1), 1), 4);
  });
  expect((await compiled.samples(stream, 0, 1))[0]).not.toEqual(picture);
  await compiled.release();
  state.dispose();
});
