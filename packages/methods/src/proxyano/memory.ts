/**
 * @file The memory of the proxy extraction module (after MemAE, Gong et al. 2019): each position's feature is replaced by
 * a sparse mixture of learnt slots, so that only what normal images taught it can pass.
 */
import {
  add,
  div,
  equal,
  greater,
  log,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  type Scope,
  softmax,
  sqrt,
  sum,
  type Tensor,
  transpose,
  uniform,
} from "@hale/autodiff";

export interface MemoryOptions {
  /** Number of slots N. */
  slots: number;
  /** "shared": addressed and read in the same slots. "keyValue": keys are addressed, values of their own are read. */
  memory: "shared" | "keyValue";
  /** Weights below this many times 1/N are dropped; 0 keeps all. */
  shrink: number;
  /** κ: how sharply the most similar slots are preferred. */
  sharpness: number;
}

export interface MemoryRead {
  /** The mixture, of the queries' shape. */
  output: Tensor;
  /** Address weights [positions, N], at least 0, sum 1. */
  weights: Tensor;
}

const TINY = 1e-12;

const unitRows = (x: Tensor) => div(x, sqrt(add(sum(mul(x, x), [1], true), TINY)));

/**
 * Drops weights up to λ and scales the others to sum 1; rows that would lose all keep what they had. Written with a mask
 * instead of max(w - λ, 0)·w/(|w - λ| + ε): the same values, and a gradient that does not blow up near λ.
 */
export function hardShrink(weights: Tensor, threshold: number): Tensor {
  if (threshold <= 0) return weights;
  const kept = mul(weights, greater(weights, threshold));
  const empty = equal(sum(kept, [1], true), 0);
  const chosen = add(kept, mul(weights, empty));
  return div(chosen, sum(chosen, [1], true));
}

/** Mean over positions of -Σ w log(w + ε): 0 where one slot answers, ln N where all answer alike. */
export function addressEntropy(weights: Tensor): Tensor {
  return neg(mean(sum(mul(weights, log(add(weights, TINY))), [1])));
}

/** The slots that are read: the values where there are keys too. [N, C] */
export function memorySlots(
  scope: Scope,
  { slots, memory }: MemoryOptions,
  channels: number,
): { keys: Tensor; values: Tensor } {
  const start = uniform(1 / Math.sqrt(channels));
  if (memory === "shared") {
    const both = scope.parameter("slots", [slots, channels], start);
    return { keys: both, values: both };
  }
  return {
    keys: scope.parameter("keys", [slots, channels], start),
    values: scope.parameter("values", [slots, channels], start),
  };
}

/** Reads the memory at every position of features [n, C, h, w], by cosine similarity. */
export function readMemory(scope: Scope, features: Tensor, options: MemoryOptions): MemoryRead {
  const [n, c, h, w] = features.shape;
  const { keys, values } = memorySlots(scope, options, c);
  const queries = reshape(transpose(features, [0, 2, 3, 1]), [n * h * w, c]);
  const similarity = matmul(unitRows(queries), unitRows(keys), { transposeB: true });
  const weights = hardShrink(softmax(mul(similarity, options.sharpness), 1), options.shrink / options.slots);
  const mixture = matmul(weights, values);
  return { output: transpose(reshape(mixture, [n, h, w, c]), [0, 3, 1, 2]), weights };
}
