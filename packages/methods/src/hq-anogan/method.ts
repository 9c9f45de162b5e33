/**
 * @file HQ-AnoGAN as a method: its networks and scores put together, its stages, and its registration. A run has two stages: the
 * generator learns to draw normal images, then the encoder learns to find each image's styles.
 */
import {
  abs,
  adamState,
  averageName,
  input,
  mean,
  mul,
  type NamedArray,
  Parameters,
  rangerInputs,
  rangerState,
  sizeOf,
  sub,
  type Tensor,
} from "@hale/autodiff";
import { HaleError } from "@hale/core";
import type { Backbone } from "../backbone/description.ts";
import { creditOf } from "../backbone/feature-source.ts";
import type { ImageShape, Method, RestoringRecipe } from "../method.ts";
import { selectTransforms } from "./ada/transforms.ts";
import { settle } from "./calibration.ts";
import { PATH_LENGTH } from "./gan.ts";
import { averagedGenerator } from "./generation.ts";
import { draw, encode, inversionStep } from "./inversion.ts";
import { type HqAnoGanOptions, options } from "./options.ts";
import { FULL_STYLE_WIDTH, LITE_SMALLEST } from "./psp/encoder.ts";
import { calibrationOf, combine, type Prior, type ScoreName, scoreParts, standardised } from "./scores.ts";
import { type Architecture, isSize, styleCount } from "./stylegan2/architecture.ts";
import { discriminatorFeatures, GROUP } from "./stylegan2/discriminator.ts";
import { averageLatent } from "./stylegan2/mapping.ts";
import { AUGMENTATION, ganTurn } from "./turn.ts";

function transformsOf(name: string) {
  return name === "none" ? {} : selectTransforms(name);
}

function create(settings: HqAnoGanOptions, { size, channels }: ImageShape, backbone?: Backbone): RestoringRecipe {
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

  const parameters = new Parameters();
  const gan = ganTurn(parameters, architecture, {
    ...settings,
    gamma,
    augmentation: transformsOf(settings.augmentation),
  });
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
    fAnoGan: settings.scoreFAnoGan,
  };
  const parts = (x: Tensor, healthy: Tensor) =>
    standardised(partsOf(x, healthy), (name) => calibrationOf(calibration, name));
  if (Object.values(weights).every((value) => value === 0)) {
    throw new HaleError("OPTION_INVALID", "All of the score's parts have weight 0.", "Give one of them a weight.");
  }

  const generator = averagedGenerator(
    { mapping: averages.scope(averageName("mapping")), synthesis: frozen.synthesis },
    architecture,
  );

  // Asking once declares what only the detector reads: averages, statistics of scores.
  const dummy = input("x", [1, channels, size, size]);
  parts(dummy, restore(dummy));
  averageLatent(frozen.mapping, architecture);
  generator.draw(generator.code(input("z", [1, latent])));

  const learnt = settings.generator !== "train";
  const generatorIterations = (iterations: number) => (learnt ? 0 : Math.round(settings.generatorShare * iterations));

  return {
    learning: "gradient",
    ...(backbone && { backbone: creditOf(backbone) }),
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
        ...gan.state,
      ]);
    },
    programs: learnt ? [encoder] : [...gan.programs, encoder],
    async step(context) {
      const before = generatorIterations(context.iterations);
      if (context.iteration <= before) return gan.take(context);
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
    score: (_map, x, healthy) => combine(parts(x, healthy), weights),
    parts,
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

export const hqAnoGan: Method<HqAnoGanOptions, RestoringRecipe> = {
  name: "hq-anogan",
  learning: "gradient",
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
  inherits: ({ generator }) =>
    generator === "train"
      ? null
      : {
          from: generator,
          prefixes: ["mapping/", "synthesis/", "discriminator/", averageName(""), PATH_LENGTH, AUGMENTATION],
          alike: ["latent", "mappingLayers", "base", "maxChannels"],
        },
  backbone: ({ perceptual }) => (perceptual === "discriminator" ? null : perceptual),
  create,
};
