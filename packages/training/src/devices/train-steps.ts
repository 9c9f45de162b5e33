/**
 * @file The training that every device is compared on: SAGAN at its smallest, on made-up images, from one seed. The same
 * function runs in Node and in the browser's bundle, so it uses nothing that either of them lacks.
 */
import { Random } from "@hale/core";
import type { Device } from "@hale/runtime";
import { sagan } from "../../../methods/src/sagan/method.ts";
import { nearestRecipe } from "../fit-fixture.ts";
import { Fitter } from "../fitter.ts";
import { Trainer } from "../trainer.ts";

const SHAPE = { size: 32, channels: 1 } as const;
const SEED = 7;
/** Of the schedule; whoever takes fewer steps ends within it. */
const ITERATIONS = 20;
/** A software GPU does under 1 GFLOP/s, and a generator step is 3000 nodes: few of them. The rate is the published one. */
const SMALLEST = { width: 8, residualBlocks: 0, batch: 1, criticSteps: 4, learningRate: 5e-5 } as const;

export interface StepLosses {
  /** Scores of images that a fit has not seen, by what it has learnt. */
  fit: number[];
  /** Losses by name, one entry a step. */
  losses: Record<string, number>[];
  /** Where the state's arrays lie after the last step, each place once. */
  locations: string[];
  seconds: number;
}

/** Trains `steps` steps on a device and returns all losses. */
export async function trainSteps(device: Device, steps: number): Promise<StepLosses> {
  const start = performance.now();
  const random = new Random(SEED, "images");
  const pool = (count: number) =>
    Array.from({ length: count }, () => random.uniforms(SHAPE.channels * SHAPE.size ** 2, -1, 1));
  const trainer = await Trainer.create({
    recipe: sagan.create(sagan.options.parse(SMALLEST), SHAPE),
    shape: SHAPE,
    device,
    seed: SEED,
    iterations: ITERATIONS,
    images: { normals: pool(4), unlabelled: pool(4) },
  });
  const fit = await fitScores(device, pool(11), pool(3));
  const losses: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++) losses.push(await trainer.step());
  const locations = [...new Set(trainer.state.names.map((name) => trainer.state.tensor(name).location))];
  await trainer.release();
  return { fit, losses, locations, seconds: (performance.now() - start) / 1000 };
}

/** One pass over normals, then the scores of others. */
async function fitScores(device: Device, normals: Float32Array[], others: Float32Array[]): Promise<number[]> {
  const fitter = await Fitter.create({ recipe: nearestRecipe(SHAPE), shape: SHAPE, device, seed: SEED, normals });
  while (fitter.done < fitter.total) await fitter.advance();
  const answers = await fitter.answers(await fitter.settle());
  const { scores } = await answers.answer(others);
  await answers.release();
  await fitter.release();
  return [...scores];
}
