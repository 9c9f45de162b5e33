/** @file The generator's four steps: what they are given changes their losses, in float64. */
import {
  adamInputs,
  adamState,
  compileStep,
  evaluate,
  Parameters,
  State,
  type StepSpec,
  sizeOf,
  traceStep,
} from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { drawAugmentation } from "./ada/pipe.ts";
import { selectTransforms } from "./ada/transforms.ts";
import { AUGMENT, adamOptions, ganSteps } from "./gan.ts";
import { GROUP } from "./stylegan2/discriminator.ts";

const architecture = { size: 16, channels: 1, latent: 8, mappingLayers: 1, base: 32, maxChannels: 4 } as const;
const transforms = selectTransforms("bc");
const parameters = new Parameters();
const steps = ganSteps(parameters, architecture, {
  batch: GROUP,
  learningRate: 1e-3,
  gamma: 1,
  pathLengthWeight: 2,
  augmentation: transforms,
});

const random = new Random(1, "values");
const state = Object.fromEntries(
  [...parameters.initialise(new Random(2, "parameters"))].map(([name, { data }]) => [name, Float64Array.from(data)]),
);
state["pathLength/average"] = Float64Array.of(0.1);

/** Augmentation of one kind of images, none of it at p = 0. */
const augmentation = (kind: keyof typeof AUGMENT, p: number) =>
  drawAugmentation(new Random(3, kind), { size: 16, channels: 1, transforms, batch: GROUP, p, prefix: AUGMENT[kind] });

/** Values of everything that a step takes, with no mixing and no augmentation. */
function inputsOf(step: StepSpec): Record<string, ArrayLike<number>> {
  const drawn = Object.entries(step.inputs).map(([name, shape]) => [name, random.normals(GROUP * sizeOf(shape))]);
  return {
    ...Object.fromEntries(drawn),
    ...augmentation("real", 0),
    ...augmentation("fake", 0),
    mask: new Float32Array(GROUP * 6),
  };
}

/** The loss of a step, as a function of those of its inputs that are replaced. */
function lossOf(step: StepSpec) {
  const { loss } = traceStep(step, GROUP);
  const base = inputsOf(step);
  return (others: Record<string, ArrayLike<number>> = {}) => {
    const [{ data }] = evaluate([loss], { ...state, ...base, ...others });
    return data[0];
  };
}

const generator = lossOf(steps.generator);
const discriminator = lossOf(steps.discriminator);
const r1 = lossOf(steps.r1);

describe("augmentation", () => {
  test.each([
    ["the generator's loss, of its images", generator, "fake"],
    ["the discriminator's loss, of generated images", discriminator, "fake"],
    ["the discriminator's loss, of real images", discriminator, "real"],
    ["R1, of real images", r1, "real"],
  ] as const)("changes %s", (_what, loss, kind) => {
    expect(Number.isFinite(loss())).toBe(true);
    expect(Math.abs(loss(augmentation(kind, 1)) - loss())).toBeGreaterThan(1e-4);
  });
});

describe("style mixing", () => {
  // A cut of 3 of 6 styles for every image.
  const mask = Float32Array.from({ length: GROUP * 6 }, (_, i) => (i % 6 < 3 ? 0 : 1));
  const other = random.normals(GROUP * 8);

  test.each([
    ["the generator's", generator],
    ["the discriminator's", discriminator],
  ] as const)("changes %s loss, by the second latent and only where the mask says so", (_whose, loss) => {
    expect(Math.abs(loss({ mask }) - loss())).toBeGreaterThan(1e-6);
    expect(Math.abs(loss({ mask, other }) - loss({ mask }))).toBeGreaterThan(1e-6);
    expect(loss({ other })).toBe(loss());
  });
});

test("a gradient that is not a number leaves weights that are", async () => {
  const arrays = new Map([...parameters.initialise(new Random(2, "parameters")), ...adamState(steps.r1.parameters)]);
  const held = new State(await openDevice({ threads: 1 }));
  held.write(arrays);
  const step = await compileStep(held, steps.r1);
  const image = new Float32Array(GROUP * 256).fill(0.1);
  image[0] = Number.NaN;
  const { penalty } = await step.run({
    image,
    ...augmentation("real", 0),
    ...adamInputs(adamOptions(1e-3, 16), 1, 1e-3),
  });
  await step.release();
  expect(penalty[0]).toBeNaN();
  for (const [name, { data }] of await held.read([...steps.r1.parameters.keys()])) {
    expect(data.every(Number.isFinite), name).toBe(true);
  }
});

test("only the discriminator's own steps train it, and only the generator's train mapping and synthesis", () => {
  const rootsOf = (step: StepSpec) => [...new Set([...step.parameters.keys()].map((name) => name.split("/")[0]))];
  expect(rootsOf(steps.generator)).toEqual(["mapping", "synthesis"]);
  expect(rootsOf(steps.pathLength!.step)).toEqual(["mapping", "synthesis"]);
  expect(rootsOf(steps.discriminator)).toEqual(["discriminator"]);
  expect(rootsOf(steps.r1)).toEqual(["discriminator"]);
  // What is averaged is what is trained.
  expect(Object.keys(steps.average.updates!)).toEqual(
    [...steps.generator.parameters.keys()].map((n) => `average/${n}`),
  );
});
