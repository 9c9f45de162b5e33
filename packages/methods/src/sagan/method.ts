/**
 * @file SAGAN as a method: options, what an iteration draws and runs, and its registration.
 */
import { abs, adamInputs, adamState, linearDecay, mean, mul, type Schedule, sub } from "@hale/autodiff";
import { HaleError, type Random } from "@hale/core";
import * as z from "zod";
import type { ImageShape, Method, RestoringRecipe, StepContext } from "../method.ts";
import { generator } from "./networks.ts";
import { pasteBox, randomBox } from "./pseudo-anomaly.ts";
import { trainingSteps } from "./steps.ts";

const options = z.strictObject({
  width: z
    .union([z.literal(8), z.literal(16), z.literal(32), z.literal(64)])
    .default(16)
    .describe("channels of the first layer; 64 is the paper's code"),
  grid: z
    .union([z.literal(1), z.literal(2), z.literal(4)])
    .default(2)
    .describe("windows a side"),
  residualBlocks: z.int().min(0).max(12).default(6).describe("residual blocks in the bottleneck"),
  positionCode: z
    .enum(["effective", "reference"])
    .default("effective")
    .describe("position code after the norm, or before it as in the released code, where it does nothing"),
  batch: z.int().min(1).max(256).default(16).describe("images of each kind in a step"),
  learningRate: z.number().positive().default(5e-4).describe("Adam's rate, both networks; 5e-5 as published"),
  beta1: z.number().min(0).max(1).default(0.5).describe("Adam's first decay"),
  beta2: z.number().min(0).max(1).default(0.999).describe("Adam's second decay"),
  decay: z
    .enum(["reference", "linear"])
    .default("reference")
    .describe("rate nearly constant as in the released code, or to zero over the second half"),
  criticSteps: z.int().min(1).max(10).default(2).describe("critic steps for one of the generator"),
  identityWeight: z
    .union([z.literal("balanced"), z.number().min(0)])
    .default("balanced")
    .describe("weight of the identity loss; 1 as published, balanced is as strong as the critic"),
  head: z
    .enum(["logit", "published"])
    .default("logit")
    .describe("tanh(atanh(x) + r), which starts by changing nothing, or tanh(x + r) as published"),
  criticStart: z
    .enum(["he", "published"])
    .default("he")
    .describe("first weights of the critic: of a size that lets it speak at once, or PyTorch's default as published"),
  restorationWeight: z.number().min(0).default(30).describe("weight of the restoration loss; 1 as published"),
  keep: z.number().gt(0).max(1).default(0.95).describe("share of pixels whose change is kept while training"),
});

export type SaganOptions = z.infer<typeof options>;

/**
 * The released code's schedule for a run of `total` iterations: over the second half, every hundredth of the run, the
 * rate falls by a (total/2)th of itself: 5e-5 ends at 4.995e-5 after 100 000.
 */
export function referenceDecay(rate: number, total: number): Schedule {
  return (step) => {
    const periods = Math.max(0, Math.floor((step - total / 2) / (total / 100)));
    return rate - periods * (rate / (total / 2));
  };
}

/** A plane of ones with zeros at random places, each with probability 1 - keep. Gaps between zeros are geometric. */
export function keepMask(length: number, keep: number, random: Random): Float32Array {
  const mask = new Float32Array(length).fill(1);
  if (keep >= 1) return mask;
  const rate = Math.log(keep);
  for (let at = -1; ; ) {
    at += 1 + Math.floor(Math.log1p(-random.uniform()) / rate);
    if (!(at < length)) return mask;
    mask[at] = 0;
  }
}

function create(settings: SaganOptions, { size, channels }: ImageShape): RestoringRecipe {
  const { batch, keep, grid } = settings;
  // Three halvings must leave each window at least 2 x 2 pixels, or instance norms would see a single one.
  if (size % (8 * grid) !== 0 || size / grid < 16) {
    throw new HaleError(
      "OPTION_INVALID",
      `${grid} x ${grid} windows do not fit into images of ${size} x ${size} pixels.`,
      `Choose a size divisible by ${8 * grid}, at least ${16 * grid}, or fewer windows.`,
    );
  }
  const { parameters, scopes, ...steps } = trainingSteps(settings, { size, channels });
  const planes = size * size;
  const imageLength = channels * planes;

  /** Every normal of the batch with a pseudo-anomaly taken from a different normal of the set. */
  function paste(normals: Float32Array, sources: Float32Array, random: Random): Float32Array {
    const result = new Float32Array(normals.length);
    for (let i = 0; i < batch; i++) {
      const target = normals.subarray(i * imageLength, (i + 1) * imageLength);
      const source = sources.subarray(i * imageLength, (i + 1) * imageLength);
      result.set(pasteBox(target, source, size, randomBox(size, random), random.uniform()), i * imageLength);
    }
    return result;
  }

  return {
    learning: "gradient",
    parameters,
    initialState: (random) => new Map([...parameters.initialise(random), ...adamState(parameters.trainable())]),
    programs: [steps.critic, steps.generator],
    async step({ iteration, iterations, draw, random, run }: StepContext) {
      const schedule =
        settings.decay === "linear"
          ? linearDecay(settings.learningRate, iterations / 2, iterations)
          : referenceDecay(settings.learningRate, iterations);
      const rate = schedule(iteration - 1);
      const { images: normals, indices } = draw("normal", batch);
      const mixed = draw("unlabelled", batch).images;
      const chance = random("critic");
      const criticResult = await run("critic", {
        normal: normals,
        unlabelled: mixed,
        mask: keepMask(batch * planes, keep, chance),
        mix: chance.uniforms(batch),
        ...adamInputs(settings, iteration, rate),
      });
      const losses: Record<string, number> = {
        "critic/loss": criticResult.loss[0],
        "critic/distance": criticResult.distance[0],
        "critic/penalty": criticResult.penalty[0],
      };
      if (iteration % settings.criticSteps === 0) {
        const stream = random("generator");
        const result = await run("generator", {
          normal: normals,
          unlabelled: mixed,
          pasted: paste(normals, draw("unlike", indices).images, stream),
          masks: keepMask(3 * batch * planes, keep, stream),
          ...adamInputs(settings, iteration / settings.criticSteps, rate),
        });
        for (const name of ["loss", "adversarial", "identity", "restoration"])
          losses[`generator/${name}`] = result[name][0];
      }
      return losses;
    },
    restore: (x) => generator(scopes.generator, x, settings),
    anomalyMap: (x, healthy) => mul(mean(abs(sub(x, healthy)), [1], true), 0.5),
    inferencePrefixes: ["generator/"],
  };
}

export const sagan: Method<SaganOptions, RestoringRecipe> = {
  name: "sagan",
  learning: "gradient",
  title: "SAGAN: spatial-aware attention GAN, semi-supervised",
  source: "arXiv 2405.12872, MICCAI 2024",
  needsUnlabelled: true,
  options,
  checkShape: ({ size }) => {
    if (!Number.isInteger(size) || size < 32 || size % 16 !== 0) {
      throw new HaleError(
        "OPTION_INVALID",
        `SAGAN cannot take images of ${size} x ${size} pixels.`,
        "Choose a size divisible by 16, from 32 up, for example 64.",
        { setting: "size" },
      );
    }
  },
  create,
};
