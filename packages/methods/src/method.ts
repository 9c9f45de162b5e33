/**
 * @file What a method is to the rest of hale: options with defaults, how it learns (by gradient: programs and one training
 * step; by fit: what is gathered of each normal and what becomes of it), and what it then answers to an image. Trainer,
 * detector, evaluation and command line know methods only through this.
 */
import type { NamedArray, Parameters, ProgramSpec, Shape, StepSpec, Tensor } from "@hale/autodiff";
import type { Random } from "@hale/core";
import type * as z from "zod";
import type { Backbone } from "./backbone/description.ts";
import type { BackboneCredit } from "./backbone/feature-source.ts";

/** Images of a step: [n, C, S, S] in [-1, 1], one after the other, and which of the pool they are. */
export interface DrawnImages {
  images: Float32Array;
  indices: readonly number[];
  /** Of normals, what `GradientLearning.companion` made of each, one after the other; empty without one. */
  companions: Float32Array;
}

/** Draws images of one kind. `unlike` asks for as many normals, each another one than the given. */
export interface DrawImages {
  (kind: "normal" | "unlabelled", count: number): DrawnImages;
  (kind: "unlike", indices: readonly number[]): DrawnImages;
}

/** What a training step may use. Everything random comes from here, so that a step is a function of its iteration. */
export interface StepContext {
  /** Counted from 1. */
  iteration: number;
  iterations: number;
  /** How many normal images there are to draw from. */
  normals: number;
  draw: DrawImages;
  /** A stream of random numbers of this iteration. */
  random(name: string): Random;
  run(program: string, inputs: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
}

/** Shape of the images that a run works on. */
export interface ImageShape {
  size: number;
  channels: 1 | 3;
}

/** What is the same with and without a healthy counterpart. No answer depends on another image of the batch. */
interface Answering {
  /** Pictures [N, C, S, S] in [-1, 1] that tell how the answer came about, by name. */
  views?(x: Tensor): Readonly<Record<string, Tensor>>;
}

/** Answers of a method that makes a healthy counterpart of an image. */
export interface RestoringInference extends Answering {
  /** The healthy counterpart of x [N, C, S, S]. */
  restore(x: Tensor): Tensor;
  /** The anomaly map [N, 1, S, S], at least 0. */
  anomalyMap(x: Tensor, healthy: Tensor): Tensor;
  /** The images' scores [N] from their maps, or from more; the map's mean where it is missing. */
  score?(map: Tensor, x: Tensor, healthy: Tensor): Tensor;
  /** What the score is made of, or could be [N] each, by name. Higher is more abnormal; nothing is chosen by them. */
  parts?(x: Tensor, healthy: Tensor): Readonly<Record<string, Tensor>>;
}

/** Answers of a method that has no counterpart to show: map and score of the image itself. */
export interface DirectInference extends Answering {
  restore?: undefined;
  anomalyMap(x: Tensor): Tensor;
  score?(map: Tensor, x: Tensor): Tensor;
  parts?(x: Tensor): Readonly<Record<string, Tensor>>;
}

/** What a trained method answers to images x [N, C, S, S] in [-1, 1], as tensors over its state. */
export type Inference = RestoringInference | DirectInference;

/** What a recipe of either kind may have. */
interface Learning {
  /** The frozen network or filters that it looks through, for the card; missing where there is none. */
  backbone?: BackboneCredit;
}

/** How a method learns by steps over batches. */
export interface GradientLearning extends Learning {
  learning: "gradient";
  parameters: Parameters;
  /** First values of all state: parameters, moments, averages. */
  initialState(random: Random): Map<string, NamedArray>;
  /** Whole programs, and steps that may be run a few images at a time. */
  programs: readonly (ProgramSpec | StepSpec)[];
  /** One iteration; returns losses by name. */
  step(context: StepContext): Promise<Record<string, number>>;
  /** False for iterations whose checkpoints cannot restore yet and must not be selected; true where it is missing. */
  ready?(iteration: number, iterations: number): boolean;
  /** What the score needs to know of normals that nothing else is learnt from. */
  calibration?: Calibration;
  /** Pictures [n, C, S, S] in [-1, 1] that show what has been learnt, made of state alone, by name. */
  galleries?(): Readonly<Record<string, Tensor>>;
  /** Draws images from random numbers alone; missing where a method only changes images that it is given. */
  generator?: Generator;
  /** What a step needs of a normal image [C, S, S] besides itself; worked out once for each. */
  companion?(image: Float32Array): Float32Array;
  /** Names of the state arrays that the answers read begin with one of these. */
  inferencePrefixes: readonly string[];
}

/** A method that learns by gradient, made concrete for a size and options. */
export type GradientRecipe = GradientLearning & Inference;
/** One that learns by gradient to make healthy counterparts. */
export type RestoringRecipe = GradientLearning & RestoringInference;

/** What was gathered of normals: by name, one array for each image, in their order; or what a `Gathering` made of them, one. */
export type Observed = Readonly<Record<string, readonly Float32Array[]>>;

/** What a fit keeps of the normals where a row for each would be too much. All that it keeps enters its checkpoints. */
export interface Gathering {
  /** Arrays before the first of `total` normals; however many there are, their sizes stay bounded. */
  start(total: number): ReadonlyMap<string, NamedArray>;
  /**
   * Takes in what was observed of a normal, one after the other from 0, by changing the arrays' numbers. A function of its
   * arguments alone; `random` is of this normal's own.
   */
  add(
    arrays: ReadonlyMap<string, NamedArray>,
    observed: Readonly<Record<string, Float32Array>>,
    index: number,
    random: Random,
  ): void;
}

/**
 * A method that learns by one pass over the normals, made concrete for a size and options. The state that comes out may be
 * of any size: it follows from the data.
 */
export interface FitRecipe extends Learning {
  learning: "fit";
  /** What is gathered of each normal of x [N, C, S, S]: tensors [N, ...] by name. Depends on no other image of the batch. */
  observe(x: Tensor): Readonly<Record<string, Tensor>>;
  /** What is kept of that; missing where all of it is, one row for each normal. */
  gathering?: Gathering;
  /** Arrays that `observe` and the answers read and that nothing changes, such as the weights of a backbone. */
  frozen?: ReadonlyMap<string, NamedArray>;
  /** State from all that was gathered. A function of its arguments alone; what it draws at random, it draws from `random`. */
  settle(
    observed: Observed,
    random: Random,
  ): ReadonlyMap<string, NamedArray> | Promise<ReadonlyMap<string, NamedArray>>;
  /** The answers with that state; arrays of `state` and `frozen` are read as inputs of their names. */
  inference(state: ReadonlyMap<string, NamedArray>): Inference;
}

/** A method made concrete for a size and options. */
export type Recipe = GradientRecipe | FitRecipe;

/** A generator of images, in two parts, since it is between them that one image turns smoothly into another. */
export interface Generator {
  /** Numbers of a latent z, standard normal. */
  latent: number;
  /** Codes [N, ...] of latents z [N, latent]; images are interpolated by mixing their codes. */
  code(z: Tensor): Tensor;
  /** What else an image is drawn from, standard normal: by name the shape for one image. */
  noise: Readonly<Record<string, Shape>>;
  /** Images [N, C, S, S], about [-1, 1], of codes; without `noise` [N, ...shape] the code alone decides. */
  draw(code: Tensor, noise?: Readonly<Record<string, Tensor>>): Tensor;
}

/** State that is worked out from held-out normals before images are scored. */
export interface Calibration {
  /** What is gathered of each normal, [N, ...] by name. */
  observe(x: Tensor): Readonly<Record<string, Tensor>>;
  /** State from all that was gathered: for each name one array an image. */
  settle(observed: Observed): ReadonlyMap<string, NamedArray>;
}

/** Settings that go together. */
export interface Preset {
  size: number;
  options: Readonly<Record<string, unknown>>;
}

/** What a run takes over from another run of its method instead of learning it. */
export interface Inheritance {
  /** The other run's folder, or one of its checkpoints. */
  from: string;
  /** Names of the state arrays that are taken begin with one of these. */
  prefixes: readonly string[];
  /** Options that must be alike in both runs, since sizes follow from them. */
  alike: readonly string[];
}

export interface Method<Options = Record<string, unknown>, Made extends Recipe = Recipe> {
  name: string;
  /** By steps over batches, or by one pass over the normals. */
  learning: Made["learning"];
  title: string;
  /** The paper. */
  source: string;
  needsUnlabelled: boolean;
  /** Side of images where none is asked for, in pixels; 64 where it is missing. */
  size?: number;
  /** Options with defaults, in the field's words; `--help` and the card are made from it. */
  options: z.ZodType<Options>;
  /** By name, from small to the paper's. */
  presets?: Readonly<Record<string, Preset>>;
  /** Throws OPTION_INVALID for sizes the networks cannot take. */
  checkShape(shape: ImageShape): void;
  /** File of the frozen network that the options ask for, or null. */
  backbone?(options: Options): string | null;
  /** What the options ask to take from another run, or null. */
  inherits?(options: Options): Inheritance | null;
  create(options: Options, shape: ImageShape, backbone?: Backbone): Made;
}

/** The answers of a recipe with the state that it has learnt; that of a fit decides their sizes. */
export function inferenceOf(recipe: Recipe, state: ReadonlyMap<string, NamedArray>): Inference {
  return recipe.learning === "gradient" ? recipe : recipe.inference(state);
}

/**
 * Of a run's arrays those that the answers read, and what is frozen beside them: all that a detector is made of.
 */
export function inferenceArrays(
  recipe: Recipe,
  arrays: ReadonlyMap<string, NamedArray>,
): ReadonlyMap<string, NamedArray> {
  if (recipe.learning === "fit") return new Map([...(recipe.frozen ?? []), ...arrays]);
  return new Map([...arrays].filter(([name]) => recipe.inferencePrefixes.some((prefix) => name.startsWith(prefix))));
}
