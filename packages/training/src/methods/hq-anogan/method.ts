/**
 * @file HQ-AnoGAN as a method: options, what an iteration draws and runs, and its registration. A run has two stages: the
 * generator learns to draw normal images, then the encoder learns to find each image's styles.
 */
import {
  abs,
  adamInputs,
  adamState,
  averageName,
  input,
  mean,
  mul,
  type NamedArray,
  Parameters,
  type ProgramSpec,
  type Random,
  rangerInputs,
  rangerState,
  sizeOf,
  sub,
  type Tensor,
} from "@hale/autodiff";
import { HaleError } from "@hale/errors";
import { z } from "zod";
import type { Backbone } from "../../backbone/description.ts";
import type { ImageShape, Method, Recipe, StepContext } from "../method.ts";
import { adjustProbability } from "./ada/controller.ts";
import { drawAugmentation } from "./ada/pipe.ts";
import { selectTransforms } from "./ada/transforms.ts";
import { settle } from "./calibration.ts";
import { AUGMENT, adamOptions, ganSteps, INTERVALS, PATH_LENGTH, pathLengthBatch } from "./gan.ts";
import { averagedGenerator } from "./generation.ts";
import { draw, encode, inversionStep } from "./inversion.ts";
import { FULL_STYLE_WIDTH, LITE_SMALLEST } from "./psp/encoder.ts";
import { calibrationOf, combine, type Prior, SCORES, type ScoreName, scoreParts } from "./scores.ts";
import { type Architecture, isSize, noiseSides, styleCount } from "./stylegan2/architecture.ts";
import { discriminatorFeatures, GROUP } from "./stylegan2/discriminator.ts";
import { averageLatent, mixingMask } from "./stylegan2/mapping.ts";

const weight = (value: number) => z.number().min(0).default(value);

const options = z.strictObject({
  latent: z.int().min(8).max(512).default(128).describe("dimensions of z and w; 512 in StyleGAN2"),
  mappingLayers: z.int().min(1).max(8).default(2).describe("dense layers from z to w"),
  base: z
    .int()
    .min(64)
    .max(32768)
    .default(1024)
    .describe("channels at resolution r are base/r; 16384 in StyleGAN2-ADA"),
  maxChannels: z.int().min(8).max(512).default(64).describe("but at most so many; 512 in StyleGAN2"),
  batch: z.int().min(GROUP).max(256).default(16).describe("images in a step of the generator, a multiple of 4"),
  learningRate: z.number().positive().default(0.0025).describe("Adam's rate for generator and discriminator"),
  gamma: z
    .union([z.literal("auto"), z.number().min(0)])
    .default("auto")
    .describe("weight of R1; auto is 0.0002 times the pixels over the batch"),
  pathLengthWeight: weight(2).describe("weight of the path-length regulariser; 0 leaves it out"),
  mixing: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe("share of generated images whose styles come from two latents"),
  averageKimg: z.number().positive().default(5).describe("half-life of the generator's average, thousands of images"),
  augmentation: z
    .string()
    .default("medical")
    .describe(
      "what ADA may do: medical, letters of bgcfnc as published (b blit, g geometric, c colour, f filter, n noise), or none",
    ),
  augmentationKimg: z
    .number()
    .positive()
    .default(100)
    .describe("thousands of images in which it can go from never to always"),
  generatorShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe("share of the iterations in which the generator learns"),
  encoder: z
    .enum(["lite", "full"])
    .default("lite")
    .describe("lite for small images and few of them, or pSp's with 150 to 270 million parameters"),
  encoderWidth: z.int().min(4).max(64).default(16).describe("channels of the lite encoder's first layer"),
  encoderBatch: z.int().min(2).max(256).default(8).describe("images in a step of the encoder"),
  encoderRate: z.number().positive().default(1e-3).describe("Ranger's rate; 1e-4 in pSp"),
  perceptual: z
    .string()
    .min(1)
    .default("discriminator")
    .describe("whose features image and restoration are compared by: discriminator, or a file of hale backbone import"),
  perceptualWeight: weight(0.8).describe("weight of that comparison"),
  latentWeight: weight(0).describe("weight of the styles' distance from the mean latent"),
  featureWeight: weight(0).describe("weight of the distance between the discriminator's last features; 1 in f-AnoGAN"),
  scoreImage: weight(1).describe("weight of the image's residual in the score, as a z-score like those that follow"),
  scoreFeatures: weight(0).describe("of the discriminator's features"),
  scoreCycle: weight(1).describe("of the distance between the styles of image and restoration"),
  scorePrior: weight(0).describe("of the styles' distance to those of normals"),
  scoreOffset: weight(0).describe("of the styles' distance from the mean latent"),
  firstStyle: z.int().min(0).default(0).describe("of those that the style scores look at; coarse 0 to 2, fine from 7"),
  lastStyle: z
    .union([z.literal("all"), z.int().min(0)])
    .default("all")
    .describe("of those"),
});

export type HqAnoGanOptions = z.infer<typeof options>;

/** Half-life of the average while training begins, as a share of the images seen. */
const RAMP = 0.05;
/** Iterations between two adjustments of the augmentation. */
const ADJUST_EVERY = 4;
/** Factor of the generator's average after so many images: half of it goes in `kimg` thousand images, sooner at first. */
export function averageDecay(batch: number, kimg: number, seen: number): number {
  const halfLife = Math.min(kimg * 1000, RAMP * seen);
  return halfLife > 0 ? 0.5 ** (batch / halfLife) : 0;
}

function transformsOf(name: string) {
  return name === "none" ? {} : selectTransforms(name);
}

function create(settings: HqAnoGanOptions, { size, channels }: ImageShape, backbone?: Backbone): Recipe {
  const { batch, latent } = settings;
  if (batch % GROUP !== 0) {
    throw new HaleError(
      "OPTION_INVALID",
      `A batch of ${batch} cannot be divided into groups of ${GROUP}.`,
      "Take a multiple.",
    );
  }
  if (settings.encoder === "full" && latent !== FULL_STYLE_WIDTH) {
    throw new HaleError(
      "OPTION_INVALID",
      `The full encoder finds latents of ${FULL_STYLE_WIDTH} dimensions, not ${latent}.`,
      `Set latent to ${FULL_STYLE_WIDTH}, or take the lite encoder.`,
    );
  }
  const architecture: Architecture = { ...settings, size, channels };
  const styles = styleCount(architecture);
  const lastStyle = settings.lastStyle === "all" ? styles - 1 : settings.lastStyle;
  if (settings.firstStyle > lastStyle || lastStyle >= styles) {
    throw new HaleError(
      "OPTION_INVALID",
      `There are styles 0 to ${styles - 1} at ${size} pixels.`,
      "Choose a range of them.",
    );
  }
  const gamma = settings.gamma === "auto" ? (0.0002 * size * size) / batch : settings.gamma;
  const transforms = transformsOf(settings.augmentation);

  const parameters = new Parameters();
  const gan = ganSteps(parameters, architecture, { ...settings, gamma, augmentation: transforms });
  // The averages have the names of what they average, below their own.
  const averages = new Parameters();
  const frozen = {
    synthesis: averages.scope(averageName("synthesis")),
    mapping: parameters.scope("mapping"),
    discriminator: parameters.scope("discriminator"),
  };
  const encoder = inversionStep(parameters, frozen, architecture, settings, backbone);

  const offsetsOf = (x: Tensor) => encode(parameters.scope("encoder"), x, architecture, settings, "evaluate");
  const restore = (x: Tensor) => draw(frozen, offsetsOf(x), architecture);
  const lastFeatures = (x: Tensor) => discriminatorFeatures(frozen.discriminator, x, architecture).at(-1)!;
  const restored = (x: Tensor, healthy: Tensor) => ({
    image: x,
    restoration: healthy,
    features: { image: lastFeatures(x), restoration: lastFeatures(healthy) },
    offsets: { image: offsetsOf(x), restoration: offsetsOf(healthy) },
  });
  const calibration = parameters.scope("calibration");
  const statistic = (name: string, value: number) =>
    calibration.buffer(name, [styles, latent], (shape) => new Float32Array(sizeOf(shape)).fill(value));
  const prior: Prior = { mean: statistic("priorMean", 0), variance: statistic("priorVariance", 1) };
  const range = [settings.firstStyle, lastStyle] as const;
  const partsOf = (x: Tensor, healthy: Tensor) => scoreParts(restored(x, healthy), prior, range);
  const weights: Record<ScoreName, number> = {
    image: settings.scoreImage,
    features: settings.scoreFeatures,
    cycle: settings.scoreCycle,
    prior: settings.scorePrior,
    offset: settings.scoreOffset,
  };
  const score = (_map: Tensor, x: Tensor, healthy: Tensor) =>
    combine(partsOf(x, healthy), weights, (name) => calibrationOf(calibration, name));
  if (Object.values(weights).every((value) => value === 0)) {
    throw new HaleError("OPTION_INVALID", "All of the score's parts have weight 0.", "Give one of them a weight.");
  }

  const generator = averagedGenerator(
    { mapping: averages.scope(averageName("mapping")), synthesis: frozen.synthesis },
    architecture,
  );

  // Asking once declares what only the detector reads: averages, statistics of scores.
  const dummy = input("x", [1, channels, size, size]);
  score(dummy, dummy, restore(dummy));
  for (const name of SCORES) calibrationOf(calibration, name);
  averageLatent(frozen.mapping, architecture);
  generator.draw(generator.code(input("z", [1, latent])));

  const memory: ProgramSpec = {
    name: "augmentation",
    outputs: { p: mul(input("augmentation/p", [1]), 1), signs: mul(input("augmentation/signs", [1]), 1) },
  };
  const remember: ProgramSpec = {
    name: "augmentation next",
    updates: { "augmentation/p": mul(input("nextP", [1]), 1), "augmentation/signs": mul(input("nextSigns", [1]), 1) },
  };
  const generatorIterations = (iterations: number) => Math.round(settings.generatorShare * iterations);
  const generatorAdam = adamOptions(settings.learningRate, gan.pathLength ? INTERVALS.pathLength : null);
  const discriminatorAdam = adamOptions(settings.learningRate, INTERVALS.r1);

  /** Random numbers behind n generated images. */
  function latents(random: Random, n: number): Record<string, Float32Array> {
    const noise = noiseSides(architecture).map((side, i) => [`noise/${i}`, random.normals(n * side * side)]);
    return {
      z: random.normals(n * latent),
      other: random.normals(n * latent),
      mask: mixingMask(random, n, styles, settings.mixing),
      ...Object.fromEntries(noise),
    };
  }

  async function ganStep({ iteration, draw: take, random, run }: StepContext): Promise<Record<string, number>> {
    const { p, signs } = await run("augmentation", {});
    const augment = (kind: keyof typeof AUGMENT, stream: Random) =>
      drawAugmentation(stream, { size, channels, transforms, batch, p: p[0], prefix: AUGMENT[kind] });
    // Steps of Adam that came before, the regularisers' among them.
    const before = (interval: number) => iteration - 1 + Math.floor((iteration - 1) / interval);
    const losses: Record<string, number> = {};

    const g = random("generator");
    const generatorSteps = gan.pathLength ? before(INTERVALS.pathLength) : iteration - 1;
    const { loss } = await run("generator", {
      ...latents(g, batch),
      ...augment("fake", g),
      ...adamInputs(generatorAdam, generatorSteps + 1, generatorAdam.learningRate),
    });
    losses["generator/loss"] = loss[0];
    if (gan.pathLength && iteration % INTERVALS.pathLength === 0) {
      const r = random("path length");
      const n = pathLengthBatch(batch);
      const { mask: _, other: __, ...drawn } = latents(r, n);
      const { penalty, length } = await run("path length", {
        ...drawn,
        direction: r.normals(n * channels * size * size),
        ...adamInputs(generatorAdam, generatorSteps + 2, generatorAdam.learningRate),
      });
      await run("path length average", { length });
      losses["generator/pathLength"] = penalty[0];
    }

    const d = random("discriminator");
    const { images } = take("normal", batch);
    const real = { image: images, ...augment("real", d) };
    const judged = await run("discriminator", {
      ...real,
      ...latents(d, batch),
      ...augment("fake", d),
      ...adamInputs(discriminatorAdam, before(INTERVALS.r1) + 1, discriminatorAdam.learningRate),
    });
    losses["discriminator/loss"] = judged.loss[0];
    losses["discriminator/sign"] = judged.sign[0];
    if (iteration % INTERVALS.r1 === 0) {
      const { penalty } = await run("r1", {
        image: images,
        ...augment("real", random("r1")),
        ...adamInputs(discriminatorAdam, before(INTERVALS.r1) + 2, discriminatorAdam.learningRate),
      });
      losses["discriminator/r1"] = penalty[0];
    }
    const decay = averageDecay(batch, settings.averageKimg, iteration * batch);
    await run("average", { decay: Float32Array.of(decay) });

    if (Object.keys(transforms).length === 0) return losses;
    const sum = signs[0] + judged.sign[0];
    const due = iteration % ADJUST_EVERY === 0;
    const adjust = { batch, interval: ADJUST_EVERY, kimg: settings.augmentationKimg };
    const next = due ? adjustProbability(p[0], sum / ADJUST_EVERY, adjust) : p[0];
    losses["augmentation/p"] = next;
    await run("augmentation next", { nextP: Float32Array.of(next), nextSigns: Float32Array.of(due ? 0 : sum) });
    return losses;
  }

  return {
    parameters,
    initialState(random) {
      const first = parameters.initialise(random);
      const of = (...prefixes: string[]) => new Map(prefixes.flatMap((prefix) => [...parameters.trainable(prefix)]));
      const copies = [...averages.trainable(), ...averages.buffers()].map(([name]): [string, NamedArray] => {
        return [name, first.get(name.slice(averageName("").length))!];
      });
      return new Map([
        ...first,
        ...copies,
        ...adamState(of("mapping/", "synthesis/", "discriminator/")),
        ...rangerState(of("encoder/"), first),
        [PATH_LENGTH, { shape: [], data: new Float32Array(1) }],
        ["augmentation/p", { shape: [1], data: new Float32Array(1) }],
        ["augmentation/signs", { shape: [1], data: new Float32Array(1) }],
      ]);
    },
    programs: [
      gan.generator,
      ...(gan.pathLength ? [gan.pathLength.step, gan.pathLength.average] : []),
      gan.discriminator,
      gan.r1,
      gan.average,
      encoder,
      memory,
      remember,
    ],
    async step(context) {
      const before = generatorIterations(context.iterations);
      if (context.iteration <= before) return ganStep(context);
      const { images } = context.draw("normal", settings.encoderBatch);
      const step = context.iteration - before;
      const result = await context.run("encoder", { image: images, ...rangerInputs({}, step, settings.encoderRate) });
      return {
        "encoder/loss": result.loss[0],
        "encoder/pixels": result.pixels[0],
        "encoder/perceptual": result.perceptual[0],
        "encoder/length": result.length[0],
      };
    },
    ready: (iteration, iterations) => iteration > generatorIterations(iterations),
    restore,
    anomalyMap: (x, healthy) => mul(mean(abs(sub(x, healthy)), [1], true), 0.5),
    score,
    calibration: {
      observe(x) {
        const healthy = restore(x);
        return { offsets: offsetsOf(x), ...partsOf(x, healthy) };
      },
      settle: (observed) => settle(observed, { count: styles, width: latent, range }),
    },
    generator,
    inferencePrefixes: ["encoder/", averageName("synthesis/"), "mapping/average", "discriminator/", "calibration/"],
  };
}

export const hqAnoGan: Method<HqAnoGanOptions> = {
  name: "hq-anogan",
  title: "HQ-AnoGAN: StyleGAN2-ADA generator and pSp encoder",
  source: "doi 10.1007/s11548-023-03031-9, IJCARS 2024",
  needsUnlabelled: false,
  options,
  presets: {
    small: { size: 64, options: { latent: 128, base: 1024, maxChannels: 64, mappingLayers: 2, batch: 16 } },
    paper: {
      size: 256,
      options: {
        latent: 512,
        base: 16384,
        maxChannels: 512,
        mappingLayers: 2,
        batch: 16,
        encoder: "full",
        encoderRate: 1e-4,
      },
    },
  },
  checkShape: ({ size }) => {
    if (!isSize(size) || size < LITE_SMALLEST) {
      throw new HaleError(
        "OPTION_INVALID",
        `HQ-AnoGAN cannot take images of ${size} x ${size} pixels.`,
        `Choose a power of two from ${LITE_SMALLEST} to 1024.`,
      );
    }
  },
  backbone: ({ perceptual }) => (perceptual === "discriminator" ? null : perceptual),
  create,
};
