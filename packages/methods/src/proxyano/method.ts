/**
 * @file ProxyAno as a method: options, what an iteration draws and runs, and its registration.
 */
import {
  abs,
  adamInputs,
  adamState,
  add,
  constant,
  matmul,
  mean,
  mul,
  reshape,
  type Schedule,
  stepDecay,
  sub,
  type Tensor,
  topMean,
} from "@hale/autodiff";
import { HaleError } from "@hale/core";
import * as z from "zod";
import type { ImageShape, Method, RestoringRecipe, StepContext } from "../method.ts";
import { PROXIES, proxyImage } from "../superpixels/proxy.ts";
import { decodeSlots, extractProxy, reconstruct } from "./networks.ts";
import { damageProxy } from "./pseudo-anomaly.ts";
import { trainingSteps } from "./steps.ts";

const options = z.strictObject({
  width: z.int().min(4).max(128).default(16).describe("channels of the first layer; 64 as in P-Net"),
  proxy: z
    .enum(PROXIES)
    .default("superpixel")
    .describe(`what stands between image and restoration: ${PROXIES.join(", ")}`),
  superpixels: z
    .union([z.literal("auto"), z.int().min(1).max(100_000)])
    .default("auto")
    .describe("number of superpixels; auto is 100 at 64 x 64, 144 at 128, 196 at 224"),
  compactness: z
    .number()
    .positive()
    .default(10)
    .describe("of superpixels: weight of place against brightness (0 to 100)"),
  memory: z
    .enum(["shared", "keyValue", "none"])
    .default("shared")
    .describe("slots that are addressed and read, keys and values apart, or no memory"),
  slots: z.int().min(1).max(10_000).default(100).describe("slots of the memory"),
  shrink: z.number().min(0).max(1).default(0.5).describe("addresses below this share of 1/slots are dropped"),
  sharpness: z.number().positive().default(10).describe("of addressing; 1 in MemAE's code"),
  pseudoAbnormal: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("share of proxies with a patch pasted on them; 0 for none"),
  patchSource: z.enum(["self", "other"]).default("self").describe("whose patches: the image's own, or another's"),
  entropyWeight: z.number().min(0).default(2e-4).describe("weight of the addresses' entropy"),
  adversarialWeight: z
    .number()
    .min(0)
    .default(0)
    .describe("weight of the adversarial loss; 0.1 in P-Net, 0 for no discriminator"),
  batch: z.int().min(2).max(256).default(8).describe("images in a step"),
  learningRate: z.number().positive().default(3e-3).describe("Adam's rate; 1e-3 as in P-Net"),
  discriminatorRate: z
    .union([z.literal("reference"), z.number().positive()])
    .default(0.1)
    .describe(
      "the discriminator's rate, as a share; reference: 0.1 that becomes 1 at the first milestone, as in P-Net's code",
    ),
  beta1: z.number().min(0).max(1).default(0.5).describe("Adam's first decay; 0.1 as in P-Net"),
  beta2: z.number().min(0).max(1).default(0.999).describe("Adam's second decay; 0.9 as in P-Net"),
  weightDecay: z.number().min(0).default(1e-4).describe("pulls parameters towards 0"),
  milestones: z
    .union([z.literal("run"), z.array(z.int().min(1)).max(20)])
    .default("run")
    .describe("epochs from which the rate is a tenth, [20,40,80,120] in P-Net; run: at 2/3 and 11/12 of the run"),
  evaluation: z
    .enum(["running", "batch"])
    .default("running")
    .describe("normalise with the training's statistics, or with each image's own as in P-Net's code"),
  reduction: z.enum(["mean", "top"]).default("mean").describe("the score: mean of the map, or of its highest 5 %"),
  smoothing: z.number().min(0).max(10).default(0).describe("blurs the map; 1 is a deviation of side/56"),
});

export type ProxyAnoOptions = z.infer<typeof options>;

/** Share of the pixels that the reduction "top" looks at. */
const TOP = 0.05;

/** About side/6.4 superpixels a side at 64, fewer for their size in larger images. */
export function superpixelCount(size: number): number {
  return Math.max(1, Math.round(2 * Math.log2(size)) - 2) ** 2;
}

/** Where the milestones "run" are, as shares of a run. */
const SHARES = [2 / 3, 11 / 12];

/** Rates of modules and discriminator by iteration (from 0), for a run over so many normals. */
export function ratesOf(
  settings: Pick<ProxyAnoOptions, "learningRate" | "milestones" | "discriminatorRate" | "batch">,
  { iterations, normals }: Pick<StepContext, "iterations" | "normals">,
): { modules: Schedule; discriminator: Schedule } {
  const { learningRate, milestones, discriminatorRate, batch } = settings;
  const steps =
    milestones === "run"
      ? SHARES.map((share) => share * iterations)
      : milestones.map((epoch) => (epoch * normals) / batch);
  const modules = stepDecay(learningRate, steps, 0.1);
  const share = discriminatorRate === "reference" ? 0.1 : discriminatorRate;
  const first = discriminatorRate === "reference" ? Math.min(...steps) : Number.POSITIVE_INFINITY;
  return { modules, discriminator: (step) => modules(step) * (step < first ? share : 1) };
}

/** Each row a Gaussian around its own pixel, sum 1: blurs without darkening the borders. */
function blurMatrix(size: number, deviation: number): Tensor {
  const rows = Array.from({ length: size }, (_, i) => {
    const row = Array.from({ length: size }, (_, j) => Math.exp(-((i - j) ** 2) / (2 * deviation ** 2)));
    const total = row.reduce((sum, v) => sum + v, 0);
    return row.map((v) => v / total);
  });
  return constant(rows.flat(), [1, 1, size, size]);
}

function create(settings: ProxyAnoOptions, { size, channels }: ImageShape): RestoringRecipe {
  const { batch } = settings;
  const { parameters, scopes, restoration, discriminator } = trainingSteps(settings, { size, channels });
  const segments = settings.superpixels === "auto" ? superpixelCount(size) : settings.superpixels;
  if (segments > size * size) {
    throw new HaleError(
      "OPTION_INVALID",
      `${segments} superpixels are more than the ${size * size} pixels of an image.`,
      "Ask for fewer, or leave it to auto.",
    );
  }
  const length = channels * size * size;
  const mode = { evaluate: settings.evaluation };

  const toUnit = (x: Tensor) => add(mul(x, 0.5), 0.5);
  const fromUnit = (x: Tensor) => sub(mul(x, 2), 1);
  const proxyOf = (x: Tensor) => extractProxy(scopes.pem, toUnit(x), settings, mode).proxy;

  /** Proxies of a batch, some of them with patches of their own or of other images. */
  function damage(
    proxies: Float32Array,
    sources: Float32Array,
    random: ReturnType<StepContext["random"]>,
  ): Float32Array {
    const result = proxies.slice();
    const image = (all: Float32Array, i: number) => all.subarray(i * length, (i + 1) * length);
    for (let i = 0; i < batch; i++) {
      if (random.uniform() >= settings.pseudoAbnormal) continue;
      result.set(damageProxy(image(proxies, i), image(sources, i), size, random), i * length);
    }
    return result;
  }

  return {
    learning: "gradient",
    parameters,
    initialState: (random) => new Map([...parameters.initialise(random), ...adamState(parameters.trainable())]),
    programs: discriminator ? [restoration, discriminator] : [restoration],
    companion: (image) =>
      proxyImage(
        settings.proxy,
        image.map((v) => (v + 1) / 2),
        { width: size, height: size, channels },
        { segments, compactness: settings.compactness },
      ),
    async step(context) {
      const { iteration, draw, random, run } = context;
      const rates = ratesOf(settings, context);
      const { images, indices, companions: proxies } = draw("normal", batch);
      const unit = (values: Float32Array) => values.map((v) => (v + 1) / 2);
      const image = unit(images);
      const sources = settings.patchSource === "self" ? image : unit(draw("unlike", indices).images);
      const damaged = damage(proxies, sources, random("patches"));
      const result = await run("restoration", {
        image,
        proxy: proxies,
        damaged,
        ...adamInputs(settings, iteration, rates.modules(iteration - 1)),
      });
      const losses: Record<string, number> = { "pem/extraction": result.extraction[0] };
      if (result.entropy) losses["pem/entropy"] = result.entropy[0];
      losses["irm/reconstruction"] = result.reconstruction[0];
      if (discriminator) {
        losses["irm/adversarial"] = result.adversarial[0];
        const { loss } = await run("discriminator", {
          image,
          restored: result.restored,
          ...adamInputs(settings, iteration, rates.discriminator(iteration - 1)),
        });
        losses["discriminator/loss"] = loss[0];
      }
      return losses;
    },
    restore: (x) => fromUnit(reconstruct(scopes.irm, proxyOf(x), settings, mode)),
    anomalyMap(x, healthy) {
      const map = mul(mean(abs(sub(x, healthy)), [1], true), 0.5);
      if (settings.smoothing === 0) return map;
      const blur = blurMatrix(size, (settings.smoothing * size) / 56);
      return matmul(matmul(blur, map), blur, { transposeB: true });
    },
    score(map) {
      if (settings.reduction === "mean") return mean(map, [1, 2, 3]);
      const top = topMean(reshape(map, [map.shape[0], size * size]), Math.max(1, Math.round(TOP * size * size)));
      return reshape(top, [map.shape[0]]);
    },
    views: (x) => ({ proxy: fromUnit(proxyOf(x)) }),
    galleries(): Record<string, Tensor> {
      const slots = decodeSlots(scopes.pem, { size, channels }, settings);
      return slots ? { memory: fromUnit(slots) } : {};
    },
    inferencePrefixes: ["pem/", "irm/"],
  };
}

export const proxyAno: Method<ProxyAnoOptions, RestoringRecipe> = {
  name: "proxyano",
  learning: "gradient",
  title: "ProxyAno: proxy-bridged image reconstruction",
  source: "arXiv 2110.01761, IEEE TMI 2021",
  needsUnlabelled: false,
  options,
  presets: {
    small: { size: 64, options: { width: 16, slots: 100, adversarialWeight: 0 } },
    medium: { size: 128, options: { width: 32, slots: 200, adversarialWeight: 0.1 } },
    paper: {
      size: 224,
      options: {
        width: 64,
        slots: 200,
        adversarialWeight: 0.1,
        learningRate: 1e-3,
        beta1: 0.1,
        beta2: 0.9,
        milestones: [20, 40, 80, 120],
      },
    },
  },
  checkShape: ({ size }) => {
    if (!Number.isInteger(size) || size < 32 || size % 16 !== 0) {
      throw new HaleError(
        "OPTION_INVALID",
        `ProxyAno cannot take images of ${size} x ${size} pixels.`,
        "Choose a size divisible by 16, from 32 up.",
      );
    }
  },
  create,
};
