/**
 * @file Layers: an op together with parameters from a scope, initialised as PyTorch does by default.
 */
import { type ConvOptions, conv2d, convTranspose2d } from "../ops/convolution.ts";
import { add } from "../ops/elementwise.ts";
import { linear } from "../ops/linear.ts";
import { batchNorm, batchNormFrozen, instanceNorm, perChannel } from "../ops/normalisation.ts";
import type { Tensor } from "../tensor.ts";
import { type Initialiser, ones, torchDefault, zeros } from "./initialisers.ts";
import type { Scope } from "./parameters.ts";

export interface ConvLayerOptions extends ConvOptions {
  /**
   * "cancelled" is a bias that the next layer, a normalisation without scale and shift, subtracts again: it is declared, so
   * that parameters are the published ones, and never computed.
   */
  bias?: boolean | "cancelled";
  initialise?: Initialiser;
}

/** A square convolution from x's channels to `channels`. */
export function convLayer(
  scope: Scope,
  x: Tensor,
  channels: number,
  kernel: number,
  { bias = false, initialise, ...options }: ConvLayerOptions = {},
): Tensor {
  const perGroup = x.shape[1] / (options.groups ?? 1);
  const start = torchDefault(perGroup * kernel * kernel);
  const weight = scope.parameter("weight", [channels, perGroup, kernel, kernel], initialise ?? start);
  const offset = bias ? scope.parameter("bias", [channels], start) : undefined;
  return conv2d(x, weight, options, bias === true ? offset : undefined);
}

/** A square transposed convolution from x's channels to `channels`. */
export function convTransposeLayer(
  scope: Scope,
  x: Tensor,
  channels: number,
  kernel: number,
  {
    bias = false,
    initialise,
    ...options
  }: Omit<ConvLayerOptions, "bias"> & { bias?: boolean; outputPadding?: number } = {},
): Tensor {
  const perGroup = channels / (options.groups ?? 1);
  const start = torchDefault(perGroup * kernel * kernel);
  const weight = scope.parameter("weight", [x.shape[1], perGroup, kernel, kernel], initialise ?? start);
  const y = convTranspose2d(x, weight, options);
  return bias ? add(y, perChannel(scope.parameter("bias", [channels], start))) : y;
}

/** A dense layer on x [N, in]. */
export function linearLayer(scope: Scope, x: Tensor, features: number, { bias = true } = {}): Tensor {
  const start = torchDefault(x.shape[1]);
  const weight = scope.parameter("weight", [features, x.shape[1]], start);
  return linear(x, weight, bias ? scope.parameter("bias", [features], start) : undefined);
}

/** Instance normalisation with a learnt scale and shift a channel. */
export function instanceNormLayer(scope: Scope, x: Tensor): Tensor {
  const channels = [x.shape[1]];
  return instanceNorm(x, scope.parameter("scale", channels, ones), scope.parameter("shift", channels, zeros));
}

/**
 * Batch normalisation. While training it returns the new running statistics as updates for the program's state; in
 * evaluation it uses the running ones alone.
 */
export function batchNormLayer(
  scope: Scope,
  x: Tensor,
  mode: "train" | "evaluate",
): { output: Tensor; updates: Record<string, Tensor> } {
  const channels = [x.shape[1]];
  const scale = scope.parameter("scale", channels, ones);
  const shift = scope.parameter("shift", channels, zeros);
  const running = {
    mean: scope.buffer("runningMean", channels, zeros),
    variance: scope.buffer("runningVariance", channels, ones),
  };
  if (mode === "evaluate") return { output: batchNormFrozen(x, scale, shift, running), updates: {} };
  const result = batchNorm(x, scale, shift, running);
  return {
    output: result.output,
    updates: {
      [`${scope.path}/runningMean`]: result.runningMean,
      [`${scope.path}/runningVariance`]: result.runningVariance,
    },
  };
}
