/**
 * @file The augmentation T of everything that a discriminator sees (StyleGAN2-ADA, arXiv 2006.06676, appendix B): a graph
 * of the stages that a selection needs, and the arrays that tell it what to do with each image of a batch. T is affine in the
 * images, so gradients of any order go through it, as the gradient penalty on real images asks.
 */
import { add, constant, input, matmul, mul, reshape, type Shape, sizeOf, type Tensor, transpose } from "@hale/autodiff";
import { HaleError, type Random } from "@hale/core";
import { blit, blitIndices } from "./blit.ts";
import { colourMap, recolour } from "./colour.ts";
import { resample, samplingPlaces } from "./geometric.ts";
import { drawTransformation, type Selection, type Stage, stagesOf, type Transformation } from "./transforms.ts";
import { bandMatrices, samplesOf } from "./wavelets.ts";

/** What the stages take, each with the batch as its first axis; a stage whose arrays are missing is left out. */
export type AugmentationInputs = Partial<Record<ArrayName, Tensor>>;

export type ArrayName = "blit" | "places" | "weights" | "matrix" | "offset" | "bands" | "noise" | "mask";

export interface AugmentationSpec {
  /** Height and width of the images. */
  size: number;
  /** 1 or 3. */
  channels: number;
  transforms: Selection;
}

type Arrays = Partial<Record<ArrayName, Float32Array>>;

/** A stage: the shapes of its arrays for one image, and those of an image that is to be transformed so. */
interface StageArrays {
  shapes(size: number, channels: number): Partial<Record<ArrayName, Shape>>;
  values(transformation: Transformation, spec: AugmentationSpec, random: Random): Arrays;
}

const ARRAYS: Record<Stage, StageArrays> = {
  blit: {
    shapes: (size) => ({ blit: [size * size] }),
    values: (transformation, { size }) => ({ blit: blitIndices(transformation, size) }),
  },
  geometric: {
    shapes: (size) => ({ places: [samplesOf(size) ** 2], weights: [4, samplesOf(size) ** 2] }),
    values: (transformation, { size }) => {
      const { indices, weights } = samplingPlaces(transformation, size);
      return { places: indices, weights };
    },
  },
  colour: {
    shapes: (_size, channels) => ({ matrix: [channels * channels], offset: [channels] }),
    values: (transformation, { channels }) => ({ ...colourMap(transformation, channels) }),
  },
  filter: {
    shapes: () => ({ bands: [4] }),
    values: ({ bands }) => ({ bands: Float32Array.from(bands) }),
  },
  noise: {
    shapes: (size, channels) => ({ noise: [channels, size, size] }),
    values: ({ noise }, { size, channels }, random) => {
      const count = channels * size * size;
      return { noise: noise === 0 ? new Float32Array(count) : random.normals(count, noise) };
    },
  },
  cutout: {
    shapes: (size) => ({ mask: [1, size, size] }),
    values: ({ cutout }, { size }) => ({ mask: cutoutMask(cutout, size) }),
  },
};

/** 1 outside the square, 0 where a pixel's centre is within it; parts of the square may lie outside the image. */
function cutoutMask(cutout: Transformation["cutout"], size: number): Float32Array {
  const mask = new Float32Array(size * size).fill(1);
  if (!cutout) return mask;
  const within = (pixel: number, centre: number) => Math.abs((pixel + 0.5) / size - centre) < cutout.side / 2;
  return mask.map((_, i) => (within(i % size, cutout.at[0]) && within(Math.floor(i / size), cutout.at[1]) ? 0 : 1));
}

/** Shapes of the arrays that the graph takes, for one image. */
export function augmentationShapes({
  size,
  channels,
  transforms,
}: AugmentationSpec): Partial<Record<ArrayName, Shape>> {
  if (channels !== 1 && channels !== 3) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `Images of ${channels} channels cannot be augmented.`,
      "Use 1 or 3 channels.",
    );
  }
  return Object.assign({}, ...stagesOf(transforms, channels).map((stage) => ARRAYS[stage].shapes(size, channels)));
}

/** Input tensors for a batch, named as `drawAugmentation` with the same prefix names its arrays. */
export function augmentationInputs(spec: AugmentationSpec & { batch: number; prefix?: string }): AugmentationInputs {
  const { batch, prefix = "augment/" } = spec;
  const shapes = Object.entries(augmentationShapes(spec));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(prefix + name, [batch, ...shape])]));
}

/** Arrays that make the graph do the given to a batch of images, one transformation each. */
export function augmentationArrays(
  random: Random,
  transformations: readonly Transformation[],
  spec: AugmentationSpec & { prefix?: string },
): Record<string, Float32Array> {
  const { channels, transforms, prefix = "augment/" } = spec;
  const stages = stagesOf(transforms, channels);
  const result: Record<string, Float32Array> = {};
  for (const [name, shape] of Object.entries(augmentationShapes(spec))) {
    result[prefix + name] = new Float32Array(transformations.length * sizeOf(shape));
  }
  transformations.forEach((transformation, i) => {
    for (const stage of stages) {
      for (const [name, values] of Object.entries(ARRAYS[stage].values(transformation, spec, random))) {
        result[prefix + name].set(values, i * values.length);
      }
    }
  });
  return result;
}

/** Draws what happens to a batch of images: each transform with probability `p` times its multiplier, each image alone. */
export function drawAugmentation(
  random: Random,
  spec: AugmentationSpec & { batch: number; p: number; prefix?: string },
): Record<string, Float32Array> {
  const transformations = Array.from({ length: spec.batch }, () => drawTransformation(random, spec.transforms, spec));
  return augmentationArrays(random, transformations, spec);
}

/** Every band of every image times its gain (`gains` [N, 4]), along rows and columns. */
function filterBands(images: Tensor, gains: Tensor): Tensor {
  const [n, , size] = images.shape;
  const matrices = matmul(gains, constant(bandMatrices(size), [4, size * size]));
  const filter = reshape(matrices, [n, 1, size, size]);
  return matmul(matmul(filter, images), transpose(filter, [0, 1, 3, 2]));
}

/** Images [N, C, R, R] with C of 1 or 3 and values in [-1, 1], transformed as the inputs say; values may leave [-1, 1]. */
export function augment(images: Tensor, inputs: AugmentationInputs): Tensor {
  let x = images;
  if (inputs.blit) x = blit(x, inputs.blit);
  if (inputs.places && inputs.weights) x = resample(x, inputs.places, inputs.weights);
  if (inputs.matrix && inputs.offset) x = recolour(x, inputs.matrix, inputs.offset);
  if (inputs.bands) x = filterBands(x, inputs.bands);
  if (inputs.noise) x = add(x, inputs.noise);
  if (inputs.mask) x = mul(x, inputs.mask);
  return x;
}
