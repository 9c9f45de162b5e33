/**
 * @file One turn of the generator's training: what an iteration draws, which of the steps it takes, and what it remembers of
 * the augmentation.
 */
import { adamInputs, input, type NamedArray, type Parameters, type ProgramSpec, type StepSpec } from "@hale/autodiff";
import type { Random } from "@hale/core";
import type { StepContext } from "../method.ts";
import { adjustProbability } from "./ada/controller.ts";
import { drawAugmentation } from "./ada/pipe.ts";
import { AUGMENT, adamOptions, type GanOptions, ganSteps, INTERVALS, PATH_LENGTH, pathLengthBatch } from "./gan.ts";
import { type Architecture, noiseSides, styleCount } from "./stylegan2/architecture.ts";
import { mixingMask } from "./stylegan2/mapping.ts";

export interface TurnOptions extends GanOptions {
  /** Share of generated images whose styles come from two latents. */
  mixing: number;
  /** Half-life of the generator's average, in thousands of images. */
  averageKimg: number;
  /** Thousands of images in which the augmentation can go from never to always. */
  augmentationKimg: number;
}

export interface GanTurn {
  programs: (ProgramSpec | StepSpec)[];
  /** First values of the state that no network and no optimiser declares. */
  state: Map<string, NamedArray>;
  /** Does all steps of an iteration and returns their losses. */
  take(context: StepContext): Promise<Record<string, number>>;
}

/** Half-life of the average while training begins, as a share of the images seen. */
const RAMP = 0.05;
/** Iterations between two adjustments of the augmentation. */
const ADJUST_EVERY = 4;

/** What is remembered of the augmentation: its probability p, and the sum of the discriminator's signs since it was adjusted. */
export const AUGMENTATION = "augmentation/";
const PROBABILITY = `${AUGMENTATION}p`;
const SIGNS = `${AUGMENTATION}signs`;

/** Factor of the generator's average after so many images: half of it goes in `kimg` thousand images, sooner at first. */
export function averageDecay(batch: number, kimg: number, seen: number): number {
  const halfLife = Math.min(kimg * 1000, RAMP * seen);
  return halfLife > 0 ? 0.5 ** (batch / halfLife) : 0;
}

/** Networks are declared as `ganSteps` does it. */
export function ganTurn(parameters: Parameters, architecture: Architecture, options: TurnOptions): GanTurn {
  const { size, channels, latent } = architecture;
  const { batch, augmentation: transforms } = options;
  const styles = styleCount(architecture);
  const gan = ganSteps(parameters, architecture, options);
  const generatorAdam = adamOptions(options.learningRate, gan.pathLength ? INTERVALS.pathLength : null);
  const discriminatorAdam = adamOptions(options.learningRate, INTERVALS.r1);
  const memory: ProgramSpec = {
    name: "augmentation",
    outputs: { p: input(PROBABILITY, [1]), signs: input(SIGNS, [1]) },
  };
  const remember: ProgramSpec = {
    name: "augmentation next",
    updates: { [PROBABILITY]: input("nextP", [1]), [SIGNS]: input("nextSigns", [1]) },
  };

  /** Random numbers behind n generated images. */
  function latents(random: Random, n: number): Record<string, Float32Array> {
    const noise = noiseSides(architecture).map((side, i) => [`noise/${i}`, random.normals(n * side * side)]);
    return {
      z: random.normals(n * latent),
      other: random.normals(n * latent),
      mask: mixingMask(random, n, styles, options.mixing),
      ...Object.fromEntries(noise),
    };
  }

  return {
    programs: [
      gan.generator,
      ...(gan.pathLength ? [gan.pathLength.step, gan.pathLength.average] : []),
      gan.discriminator,
      gan.r1,
      gan.average,
      memory,
      remember,
    ],
    state: new Map<string, NamedArray>([
      [PATH_LENGTH, { shape: [], data: new Float32Array(1) }],
      [PROBABILITY, { shape: [1], data: new Float32Array(1) }],
      [SIGNS, { shape: [1], data: new Float32Array(1) }],
    ]),
    async take({ iteration, draw, random, run }) {
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
      const { images } = draw("normal", batch);
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
      const decay = averageDecay(batch, options.averageKimg, iteration * batch);
      await run("average", { decay: Float32Array.of(decay) });

      if (Object.keys(transforms).length === 0) return losses;
      const sum = signs[0] + judged.sign[0];
      const due = iteration % ADJUST_EVERY === 0;
      const adjust = { batch, interval: ADJUST_EVERY, kimg: options.augmentationKimg };
      const next = due ? adjustProbability(p[0], sum / ADJUST_EVERY, adjust) : p[0];
      losses["augmentation/p"] = next;
      await run("augmentation next", { nextP: Float32Array.of(next), nextSigns: Float32Array.of(due ? 0 : sum) });
      return losses;
    },
  };
}
