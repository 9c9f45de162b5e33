/**
 * @file Initial values of parameters. `fan` is the number of inputs that one output sums over.
 */
import type { Random } from "@hale/core";
import { type Shape, sizeOf } from "../shape.ts";

/** Makes the first values of a parameter. */
export type Initialiser = (shape: Shape, random: Random) => Float32Array;

export const zeros: Initialiser = (shape) => new Float32Array(sizeOf(shape));
export const ones: Initialiser = (shape) => new Float32Array(sizeOf(shape)).fill(1);

export function filled(value: number): Initialiser {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** N(0, deviation²). */
export function normal(deviation: number): Initialiser {
  return (shape, random) => random.normals(sizeOf(shape), deviation);
}

/** U(-bound, bound). */
export function uniform(bound: number): Initialiser {
  return (shape, random) => random.uniforms(sizeOf(shape), -bound, bound);
}

/**
 * PyTorch's default for convolutions and linear layers, weights and biases alike: U(-1/√fan, 1/√fan), which is Kaiming-
 * uniform with a = √5 for the weight.
 */
export function torchDefault(fan: number): Initialiser {
  return uniform(1 / Math.sqrt(fan));
}

/** Kaiming-normal for ReLU: N(0, 2/fan) (He et al. 2015). */
export function heNormal(fan: number): Initialiser {
  return normal(Math.sqrt(2 / fan));
}
