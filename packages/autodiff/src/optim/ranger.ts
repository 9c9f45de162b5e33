/**
 * @file Ranger as graph: RAdam (Liu et al. 2020), gradient centralisation (Yong et al. 2020) and Lookahead (Zhang et al.
 * 2019). Moments, slow weights and what depends on the step's number go in, new values come out.
 */
import { add, div, mul, sqrt, sub } from "../ops/elementwise.ts";
import { input } from "../ops/leaf.ts";
import { mean } from "../ops/reduction.ts";
import type { NamedArray } from "../program.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { updateJointly } from "./jointly.ts";

export interface RangerOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Lookahead meets the slow weights every so many steps. */
  interval?: number;
  /** How far the slow weights then go towards the fast ones. */
  blend?: number;
}

const DEFAULTS = { beta1: 0.95, beta2: 0.999, epsilon: 1e-5, interval: 6, blend: 0.5 };

/** RAdam trusts the second moment once it stands for more than so many gradients. */
const ENOUGH = 5;

/** What a step reads of a parameter and replaces. */
type Values = Record<"parameter" | "first" | "second" | "slow", Tensor>;

/** Name in state of a parameter's array. */
const nameIn = (field: keyof Values, name: string) => (field === "parameter" ? name : `ranger/${field}/${name}`);

/** Zero moments, and slow weights that begin at the parameters' values, to be written into state with those. */
export function rangerState(
  parameters: ReadonlyMap<string, Tensor>,
  values: ReadonlyMap<string, NamedArray>,
): Map<string, NamedArray> {
  const state = new Map<string, NamedArray>();
  for (const [name, { shape }] of parameters) {
    const value = values.get(name);
    if (!value) throw new Error(`${name} has no value for the slow weights to begin at.`);
    state.set(nameIn("first", name), { shape, data: new Float32Array(sizeOf(shape)) });
    state.set(nameIn("second", name), { shape, data: new Float32Array(sizeOf(shape)) });
    state.set(nameIn("slow", name), { shape, data: value.data.slice() });
  }
  return state;
}

/**
 * The gradient of a weight [O, ...] less its mean over all axes but the first. Vectors stay as they are, and so do weights
 * with one value for each output: that less its mean would be zero, and the weight would never move.
 */
function centralised(gradient: Tensor): Tensor {
  const { shape, rank } = gradient;
  if (rank < 2 || sizeOf(shape) === shape[0]) return gradient;
  const axes = Array.from({ length: rank - 1 }, (_, i) => i + 1);
  return sub(gradient, mean(gradient, axes, true));
}

/** Run inputs of every step, without axes; their values are `rangerInputs`'. */
interface StepInputs {
  rate: Tensor;
  epsilon: Tensor;
  /** 1 where the step is divided by the root of the second moment, 0 where it is momentum alone. */
  rectified: Tensor;
  /** How far the slow weights go towards the fast ones; 0 where they rest. */
  sync: Tensor;
  /** 1 where the parameter becomes the fast weights, 0 where it becomes the slow ones. */
  keep: Tensor;
}

/** The moments are kept unnormalised as in Adam, M = m/(1-β₁) and V = v/(1-β₂). */
function stepOf(
  { parameter, first, second, slow }: Values,
  gradient: Tensor,
  { beta1, beta2 }: { beta1: number; beta2: number },
  { rate, epsilon, rectified, sync, keep }: StepInputs,
): Values {
  const m = add(mul(first, beta1), gradient);
  const v = add(mul(second, beta2), mul(gradient, gradient));
  const fast = sub(parameter, mul(div(m, add(mul(sqrt(v), rectified), epsilon)), rate));
  const met = add(slow, mul(sub(fast, slow), sync));
  // Weights of exactly 0 and 1 choose without rounding, which fast + (met - fast) would not.
  return { parameter: add(mul(fast, keep), mul(met, sub(1, keep))), first: m, second: v, slow: met };
}

/**
 * The updates of one Ranger step: state name → new value, moments and slow weights included. The program gains the run
 * inputs of `rangerInputs` and is the same for every step.
 */
export function rangerUpdates(
  parameters: ReadonlyMap<string, Tensor>,
  gradients: readonly Tensor[],
  options: RangerOptions = {},
): Record<string, Tensor> {
  const decays = { ...DEFAULTS, ...options };
  const inputs = {
    rate: input("rate", []),
    epsilon: input("epsilon", []),
    rectified: input("rectified", []),
    sync: input("sync", []),
    keep: input("keep", []),
  };
  const updated = [...parameters].map(([name, parameter], i) => {
    const state = (field: keyof Values) => input(nameIn(field, name), parameter.shape);
    return {
      names: perField((field) => nameIn(field, name)),
      values: { parameter, first: state("first"), second: state("second"), slow: state("slow") },
      gradient: centralised(gradients[i]),
    };
  });
  return updateJointly(updated, (values, gradient) => stepOf(values, gradient, decays, inputs));
}

function perField<Value>(make: (field: keyof Values) => Value): Record<keyof Values, Value> {
  return { parameter: make("parameter"), first: make("first"), second: make("second"), slow: make("slow") };
}

/**
 * Values of the run inputs for step `step` (from 1) at `learningRate`.
 *
 * With M and V as above, each step is rate·M/(rectified·√V + epsilon). N, the number of gradients that v stands for, is about
 * `step` at first and N∞ = 2/(1-β₂) - 1 in the end. While N is at most 5 the step is momentum with its bias corrected,
 * lr·m̂: rectified = 0, epsilon = 1. After that it is lr·r·m̂·√(1-β₂ᵗ)/(√v + ε), r the paper's rectification; ε stands
 * beside the uncorrected √v, as in PyTorch's RAdam.
 */
export function rangerInputs(
  options: RangerOptions,
  step: number,
  learningRate: number,
): Record<keyof StepInputs, Float32Array> {
  const { beta1, beta2, epsilon, interval, blend } = { ...DEFAULTS, ...options };
  const inTheEnd = 2 / (1 - beta2) - 1;
  const unbiased = 1 - beta2 ** step;
  const n = inTheEnd - (2 * step * beta2 ** step) / unbiased;
  const rectified = n > ENOUGH;
  const momentum = (learningRate * (1 - beta1)) / (1 - beta1 ** step);
  const secondScale = Math.sqrt(1 - beta2);
  const rectification = () => Math.sqrt(((n - 4) * (n - 2) * inTheEnd) / ((inTheEnd - 4) * (inTheEnd - 2) * n));
  const meets = step % interval === 0;
  const one = (value: number) => Float32Array.of(value);
  return {
    rate: one(rectified ? (momentum * rectification() * Math.sqrt(unbiased)) / secondScale : momentum),
    epsilon: one(rectified ? epsilon / secondScale : 1),
    rectified: one(rectified ? 1 : 0),
    sync: one(meets ? blend : 0),
    keep: one(meets ? 0 : 1),
  };
}
