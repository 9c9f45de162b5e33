/**
 * @file What a method is to the rest of hale: options with defaults, networks and losses as programs, one training step,
 * and a restoration. Trainer, detector, evaluation and command line know methods only through this.
 */
import {
  mean,
  type NamedArray,
  type Parameters,
  type ProgramSpec,
  type Shape,
  type StepSpec,
  type Tensor,
} from "@hale/autodiff";
import type { Random } from "@hale/core";
import type { z } from "zod";
import type { Backbone } from "./backbone/description.ts";

/** Images of a step: [n, C, S, S] in [-1, 1], one after the other, and which of the pool they are. */
export interface DrawnImages {
  images: Float32Array;
  indices: readonly number[];
  /** Of normals, what `Recipe.companion` made of each, one after the other; empty without one. */
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

/** A method made concrete for a size and options: its programs and how a step uses them. */
export interface Recipe {
  parameters: Parameters;
  /** First values of all state: parameters, moments, averages. */
  initialState(random: Random): Map<string, NamedArray>;
  /** Whole programs, and steps that may be run a few images at a time. */
  programs: readonly (ProgramSpec | StepSpec)[];
  /** One iteration; returns losses by name. */
  step(context: StepContext): Promise<Record<string, number>>;
  /** False for iterations whose checkpoints cannot restore yet and must not be selected; true where it is missing. */
  ready?(iteration: number, iterations: number): boolean;
  /** The healthy counterpart of x [N, C, S, S]. Depends on no other image of the batch. */
  restore(x: Tensor): Tensor;
  /** The anomaly map [N, 1, S, S], at least 0. */
  anomalyMap(x: Tensor, healthy: Tensor): Tensor;
  /** The images' scores [N] from their maps, or from more; the map's mean where it is missing. */
  score?(map: Tensor, x: Tensor, healthy: Tensor): Tensor;
  /** What the score is made of, or could be [N] each, by name. Higher is more abnormal; nothing is chosen by them. */
  parts?(x: Tensor, healthy: Tensor): Readonly<Record<string, Tensor>>;
  /** What the score needs to know of normals that nothing else is learnt from. */
  calibration?: Calibration;
  /** Pictures [N, C, S, S] in [-1, 1] that lie between image and counterpart and tell how it came about, by name. */
  views?(x: Tensor): Readonly<Record<string, Tensor>>;
  /** Pictures [n, C, S, S] in [-1, 1] that show what has been learnt, made of state alone, by name. */
  galleries?(): Readonly<Record<string, Tensor>>;
  /** Draws images from random numbers alone; missing where a method only changes images that it is given. */
  generator?: Generator;
  /** What a step needs of a normal image [C, S, S] besides itself; worked out once for each. */
  companion?(image: Float32Array): Float32Array;
  /** Names of the state arrays that `restore` reads begin with one of these. */
  inferencePrefixes: readonly string[];
}

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
  settle(observed: Readonly<Record<string, readonly Float32Array[]>>): ReadonlyMap<string, NamedArray>;
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

export interface Method<Options = Record<string, unknown>> {
  name: string;
  title: string;
  /** The paper. */
  source: string;
  needsUnlabelled: boolean;
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
  create(options: Options, shape: ImageShape, backbone?: Backbone): Recipe;
}

/** Scores [N] of images x, from their restorations and maps [N, 1, S, S]. */
export function scoreOf(recipe: Recipe, map: Tensor, x: Tensor, healthy: Tensor): Tensor {
  return recipe.score?.(map, x, healthy) ?? mean(map, [1, 2, 3]);
}
