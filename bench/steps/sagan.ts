/**
 * @file SAGAN's training step on our side. A turn is two iterations: a critic step in each, a generator step in the
 * second (docs of the method, section 5).
 */

import * as ad from "@hale/autodiff";
import { Random } from "@hale/core";
import { type NetworkOptions, pasteBox, randomBox, trainingSteps } from "@hale/methods/sagan";
import { openDevice } from "@hale/runtime/node";
import type { StepConfig, StepFactory } from "../step.ts";
import { smoothPictures } from "./pictures.ts";

/**
 * The published rate is 5e-5. Adam's first steps have the size of the rate whatever the gradient's, so that rounding grows
 * with it: at 5e-5 and width 32 PyTorch differs from itself by 3.4e-3 after ten iterations.
 */
const ADAM: ad.AdamOptions = { learningRate: 2e-5, beta1: 0.5, beta2: 0.999 };
const NETWORK = {
  grid: 2,
  residualBlocks: 6,
  positionCode: "effective",
  head: "published",
  criticStart: "published",
} satisfies Partial<NetworkOptions>;
const IDENTITY_WEIGHT = 1;
/** Iterations of a turn, so critic steps to one generator step. */
const ITERATIONS = 2;
/** Share of pixels at which the generator's change is kept. */
const KEEP = 0.95;

/** Both networks' parameters, and their steps. */
const steps = ({ batch, size, width }: StepConfig) => {
  const options = { ...NETWORK, ...ADAM, width, batch, identityWeight: IDENTITY_WEIGHT, restorationWeight: 1 };
  return trainingSteps(options, { size, channels: 1 });
};

/** Every image with a box of the next image pasted in. */
function pasted(normal: Float32Array, { batch, size }: StepConfig, random: Random): Float32Array {
  const plane = size * size;
  const result = new Float32Array(normal.length);
  for (let n = 0; n < batch; n++) {
    const at = (i: number) => normal.subarray((i % batch) * plane, ((i % batch) + 1) * plane);
    result.set(pasteBox(at(n), at(n + 1), size, randomBox(size, random), random.uniform()), n * plane);
  }
  return result;
}

export const saganStep: StepFactory = {
  peer: "sagan_step.py",
  shares: { critic: 1, generator: 1 },
  losses: ["critic", "penalty", "generator", "adversarial", "identity", "restoration"],
  defaults: { size: 64, batch: 16, compare: 5 },

  peerOptions: () => ({ ...NETWORK, identityWeight: IDENTITY_WEIGHT, adam: ADAM, iterations: ITERATIONS }),

  parameters: (config) => steps(config).parameters.initialise(new Random(config.seed, "parameters")),

  async batches(config, turns) {
    const { batch: n, size: s } = config;
    const random = new Random(config.seed, "batches");
    const mask = (rows: number) => Float32Array.from({ length: rows * s * s }, () => (random.uniform() < KEEP ? 1 : 0));
    const result = new Map<string, ad.NamedArray>();
    for (let turn = 0; turn < turns; turn++) {
      for (let i = 0; i < ITERATIONS; i++) {
        const put = (name: string, data: Float32Array, shape: number[]) =>
          result.set(`${name}/${i}/${turn}`, { shape, data });
        const normal = smoothPictures(config, random);
        put("normal", normal, [n, 1, s, s]);
        put("unlabelled", smoothPictures(config, random), [n, 1, s, s]);
        put("mask", mask(n), [n, 1, s, s]);
        put("mix", random.uniforms(n), [n, 1, 1, 1]);
        if (i < ITERATIONS - 1) continue;
        put("pasted", pasted(normal, config, random), [n, 1, s, s]);
        put("masks", mask(3 * n), [n, 3, s, s]);
      }
    }
    return result;
  },

  programs: (config) => {
    const { critic, generator } = steps(config);
    return { critic, generator };
  },

  async open(config, values, batches, numerics) {
    const { parameters, critic, generator } = steps(config);
    const state = new ad.State(await openDevice({ threads: config.threads }), numerics);
    state.write(values);
    state.write(ad.adamState(parameters.trainable()));
    const criticStep = await ad.compileStep(state, critic);
    const generatorStep = await ad.compileStep(state, generator);
    const turns = Math.max(...[...batches.keys()].map((name) => Number(name.split("/")[2]))) + 1;
    const feeds = (turn: number, i: number) =>
      Object.fromEntries(
        [...batches]
          .filter(([name]) => name.endsWith(`/${i}/${turn % turns}`))
          .map(([name, { data }]) => [name.split("/")[0], data]),
      );
    return {
      async critic(turn) {
        let last: Record<string, Float32Array> = {};
        for (let i = 0; i < ITERATIONS; i++) {
          const adam = ad.adamInputs(ADAM, turn * ITERATIONS + i + 1, ADAM.learningRate);
          last = await criticStep.run({ ...feeds(turn, i), ...adam });
        }
        return { critic: last.loss[0], penalty: last.penalty[0] };
      },
      async generator(turn) {
        const adam = ad.adamInputs(ADAM, turn + 1, ADAM.learningRate);
        const { loss, ...parts } = await generatorStep.run({ ...feeds(turn, ITERATIONS - 1), ...adam });
        return Object.fromEntries(
          Object.entries({ generator: loss, ...parts }).map(([name, [value]]) => [name, value]),
        );
      },
    };
  },
};
