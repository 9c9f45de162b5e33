/**
 * @file Training of the generator (StyleGAN2-ADA): four steps over one state. Every iteration the generator's and the
 * discriminator's, every fourth the path-length regulariser, every sixteenth R1. Images never meet outside their group of
 * four, so all of them run in parts.
 */
import {
  type AdamOptions,
  adamUpdates,
  averageUpdates,
  detach,
  input,
  lazyAdam,
  mean,
  mul,
  type Parameters,
  type ProgramSpec,
  type Shape,
  type StepSpec,
  sign,
  type Tensor,
} from "@hale/autodiff";
import { type ArrayName, augment, augmentationShapes } from "./ada/pipe.ts";
import type { Selection } from "./ada/transforms.ts";
import { type Architecture, noiseSides, styleCount } from "./stylegan2/architecture.ts";
import { discriminate, GROUP } from "./stylegan2/discriminator.ts";
import { discriminatorLoss, generatorLoss, movedLength, pathLengthPenalty, r1Penalty } from "./stylegan2/losses.ts";
import { averageUpdate, broadcastStyles, mapLatents, mixStyles } from "./stylegan2/mapping.ts";
import { synthesise } from "./stylegan2/synthesis.ts";

export interface GanOptions {
  batch: number;
  learningRate: number;
  /** Weight γ of R1. */
  gamma: number;
  /** Weight of the path length; 0 leaves it out. */
  pathLengthWeight: number;
  /** What may happen to the images that the discriminator sees; empty for nothing. */
  augmentation: Selection;
}

/** Images a part: two groups, since a part spends much on weights. */
const PART = 2 * GROUP;

/** Iterations from one regularisation to the next. */
export const INTERVALS = { pathLength: 4, r1: 16 };

/** Adam's settings of a network that is regularised every so many steps, or never. As in the source, its gradients are guarded. */
export function adamOptions(learningRate: number, interval: number | null): AdamOptions {
  const options = { learningRate, beta1: 0, beta2: 0.99, guarded: true };
  return interval === null ? options : lazyAdam(options, interval);
}

export const PATH_LENGTH = "pathLength/average";

/** Latents, noise and mixing of one kind of fakes, by name and shape an image. */
function latentShapes(architecture: Architecture): Record<string, Shape> {
  const { latent } = architecture;
  const noise = noiseSides(architecture).map((side, i) => [`noise/${i}`, [1, side, side]] as const);
  return { z: [latent], other: [latent], mask: [styleCount(architecture), 1], ...Object.fromEntries(noise) };
}

const noiseOf = (inputs: Readonly<Record<string, Tensor>>, architecture: Architecture) =>
  noiseSides(architecture).map((_, i) => inputs[`noise/${i}`]);

const prefixed = (prefix: string, shapes: Partial<Record<string, Shape>>): Record<string, Shape> =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape!]));

/** Prefixes of the arrays of augmentation: of real images and of generated ones. */
export const AUGMENT = { real: "augment/real/", fake: "augment/fake/" };

export interface GanSteps {
  generator: StepSpec;
  /** The regulariser, and the running mean of lengths after it; null without. */
  pathLength: { step: StepSpec; average: ProgramSpec } | null;
  discriminator: StepSpec;
  r1: StepSpec;
  /** The generator's averages, after all of an iteration's steps. */
  average: ProgramSpec;
}

/** The four steps. Networks are declared under `mapping/`, `synthesis/` and `discriminator/`. */
export function ganSteps(parameters: Parameters, architecture: Architecture, options: GanOptions): GanSteps {
  const { size, channels } = architecture;
  const { batch, learningRate, gamma, pathLengthWeight } = options;
  const scopes = {
    mapping: parameters.scope("mapping"),
    synthesis: parameters.scope("synthesis"),
    discriminator: parameters.scope("discriminator"),
  };
  const image = [channels, size, size];
  const spec = { size, channels, transforms: options.augmentation };
  const augmentation = augmentationShapes(spec);

  const augmented = (images: Tensor, inputs: Readonly<Record<string, Tensor>>, prefix: string) => {
    const names = Object.keys(augmentation) as ArrayName[];
    return augment(images, Object.fromEntries(names.map((name) => [name, inputs[prefix + name]])));
  };
  const stylesOf = (inputs: Readonly<Record<string, Tensor>>) => {
    const map = (z: Tensor) => broadcastStyles(mapLatents(scopes.mapping, z, architecture), architecture);
    return mixStyles(map(inputs.z), map(inputs.other), inputs.mask);
  };
  const fakesOf = (inputs: Readonly<Record<string, Tensor>>) =>
    synthesise(scopes.synthesis, stylesOf(inputs), architecture, { random: noiseOf(inputs, architecture) });
  const judge = (images: Tensor) => discriminate(scopes.discriminator, images, architecture).logits;

  const generatorTrace = (inputs: Readonly<Record<string, Tensor>>) => {
    const loss = generatorLoss(judge(augmented(fakesOf(inputs), inputs, AUGMENT.fake)));
    return { loss, outputs: { loss } };
  };
  const generatorInputs = { ...latentShapes(architecture), ...prefixed(AUGMENT.fake, augmentation) };
  // Declares all parameters, whose maps the steps below are made from.
  const declare = (inputs: Record<string, Shape>) =>
    Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, input(name, [GROUP, ...shape])]));
  generatorTrace(declare(generatorInputs));
  const generator = new Map([...parameters.trainable("mapping/"), ...parameters.trainable("synthesis/")]);
  const discriminator = parameters.trainable("discriminator/");

  const generatorAdam = adamOptions(learningRate, pathLengthWeight > 0 ? INTERVALS.pathLength : null);
  const discriminatorAdam = adamOptions(learningRate, INTERVALS.r1);
  /** The mapping is small: the update works out the batch's w anew, all images together. */
  const meanOfLatents = () => {
    const z = input("z", [batch, architecture.latent]);
    return averageUpdate(scopes.mapping, mapLatents(scopes.mapping, z, architecture), architecture);
  };

  return {
    average: { name: "average", updates: averageUpdates(Object.fromEntries(generator)) },
    generator: {
      name: "generator",
      batch,
      part: PART,
      group: GROUP,
      inputs: generatorInputs,
      trace: generatorTrace,
      parameters: generator,
      updates: (slopes) => ({ ...adamUpdates(generator, slopes, generatorAdam), ...meanOfLatents() }),
    },
    pathLength: pathLengthWeight > 0 ? pathLengthStep() : null,
    discriminator: {
      name: "discriminator",
      batch,
      part: PART,
      group: GROUP,
      inputs: { image, ...generatorInputs, ...prefixed(AUGMENT.real, augmentation) },
      trace(inputs) {
        const fake = judge(augmented(detach(fakesOf(inputs)), inputs, AUGMENT.fake));
        const real = judge(augmented(inputs.image, inputs, AUGMENT.real));
        const loss = discriminatorLoss(real, fake);
        return { loss, outputs: { loss, sign: mean(sign(real)) } };
      },
      parameters: discriminator,
      updates: (slopes) => ({ ...adamUpdates(discriminator, slopes, discriminatorAdam), ...meanOfLatents() }),
    },
    r1: {
      name: "r1",
      batch,
      part: PART,
      group: GROUP,
      inputs: { image, ...prefixed(AUGMENT.real, augmentation) },
      trace(inputs) {
        const penalty = r1Penalty(judge(augmented(inputs.image, inputs, AUGMENT.real)), inputs.image, gamma);
        return { loss: mul(penalty, INTERVALS.r1), outputs: { penalty } };
      },
      parameters: discriminator,
      updates: (slopes) => adamUpdates(discriminator, slopes, discriminatorAdam),
    },
  };

  function pathLengthStep(): NonNullable<GanSteps["pathLength"]> {
    const { mask: _, other: __, ...drawn } = latentShapes(architecture);
    const running = input(PATH_LENGTH, []);
    return {
      step: {
        name: "path length",
        batch: pathLengthBatch(batch),
        part: GROUP,
        inputs: { ...drawn, direction: image },
        trace(inputs) {
          const styles = broadcastStyles(mapLatents(scopes.mapping, inputs.z, architecture), architecture);
          const images = synthesise(scopes.synthesis, styles, architecture, { random: noiseOf(inputs, architecture) });
          const { penalty, lengths } = pathLengthPenalty(images, styles, inputs.direction, running, pathLengthWeight);
          return { loss: mul(penalty, INTERVALS.pathLength), outputs: { penalty, length: mean(lengths) } };
        },
        parameters: generator,
        updates: (slopes) => adamUpdates(generator, slopes, generatorAdam),
      },
      average: { name: "path length average", updates: { [PATH_LENGTH]: movedLength(running, input("length", [])) } },
    };
  }
}

/** The path length is worked out on half as many images. */
export const pathLengthBatch = (batch: number): number => Math.max(1, Math.floor(batch / 2));
