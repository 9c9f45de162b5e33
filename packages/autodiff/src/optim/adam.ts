/**
 * @file Adam (Kingma and Ba 2015) as graph: moments and step sizes go in, new values come out.
 */
import { add, div, mul, sqrt, sub } from "../ops/elementwise.ts";
import { finite } from "../ops/finite.ts";
import { input } from "../ops/leaf.ts";
import type { NamedArray } from "../program.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { updateJointly } from "./jointly.ts";

export interface AdamOptions {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon?: number;
  /** Adds this times the parameter to its gradient (the L2 form, as in PyTorch's Adam); none by default. */
  weightDecay?: number;
  /** Gradients that are not numbers are replaced as `finite` does it, so that one bad step does not end a run. */
  guarded?: boolean;
}

/**
 * StyleGAN2's correction for a loss whose regulariser runs only every `interval` steps: with ratio c = k/(k+1) the rate
 * becomes c·lr and the decays β^c, so that moments see as much time as before (Karras et al. 2020, appendix B).
 */
export function lazyAdam(options: AdamOptions, interval: number): AdamOptions {
  const ratio = interval / (interval + 1);
  return {
    ...options,
    learningRate: options.learningRate * ratio,
    beta1: options.beta1 ** ratio,
    beta2: options.beta2 ** ratio,
  };
}

/** Names of a parameter's moments in state. */
const firstMoment = (name: string) => `adam/first/${name}`;
const secondMoment = (name: string) => `adam/second/${name}`;

/** Zero moments for the parameters, to be written into state. */
export function adamState(parameters: ReadonlyMap<string, Tensor>): Map<string, NamedArray> {
  const moments = new Map<string, NamedArray>();
  for (const [name, { shape }] of parameters) {
    moments.set(firstMoment(name), { shape, data: new Float32Array(sizeOf(shape)) });
    moments.set(secondMoment(name), { shape, data: new Float32Array(sizeOf(shape)) });
  }
  return moments;
}

/**
 * The updates of one Adam step: state name → new value, moments included. The program gains the run inputs `rate` and
 * `epsilon` (see `adamInputs`), which carry schedule and bias correction.
 *
 * The moments are kept unnormalised, M = m/(1-β₁) and V = v/(1-β₂): the same algebra with two passes over memory fewer.
 */
export function adamUpdates(
  parameters: ReadonlyMap<string, Tensor>,
  gradients: readonly Tensor[],
  { beta1, beta2, weightDecay = 0, guarded = false }: Omit<AdamOptions, "learningRate">,
): Record<string, Tensor> {
  const rate = input("rate", []);
  const epsilon = input("epsilon", []);
  const updated = [...parameters].map(([name, parameter], i) => {
    const names = { parameter: name, first: firstMoment(name), second: secondMoment(name) };
    const moment = (field: "first" | "second") => input(names[field], parameter.shape);
    return { names, values: { parameter, first: moment("first"), second: moment("second") }, gradient: gradients[i] };
  });
  return updateJointly(updated, ({ parameter, ...moments }, given) => {
    const gradient = guarded ? finite(given) : given;
    const g = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
    const first = add(mul(moments.first, beta1), g);
    const second = add(mul(moments.second, beta2), mul(g, g));
    return { parameter: sub(parameter, mul(div(first, add(sqrt(second), epsilon)), rate)), first, second };
  });
}

/**
 * Values of the inputs `rate` and `epsilon` for step `step` (from 1) at `learningRate`. With M and V as above,
 * lr·m̂/(√v̂ + ε) = rate·M/(√V + epsilon).
 */
export function adamInputs(
  { beta1, beta2, epsilon = 1e-8 }: Omit<AdamOptions, "learningRate">,
  step: number,
  learningRate: number,
): Record<"rate" | "epsilon", Float32Array> {
  const secondScale = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  const firstScale = (1 - beta1) / (1 - beta1 ** step);
  return {
    rate: Float32Array.of((learningRate * firstScale) / secondScale),
    epsilon: Float32Array.of(epsilon / secondScale),
  };
}
