/** @file What a method answers to images, as tensors: the same in a run, while it trains, and in the detector's model. */
import { mean, type Tensor } from "@hale/autodiff";
import type { DirectInference, Inference, RestoringInference } from "./method.ts";

/** Views have it before their names, by the model's contract in @hale/detector; the trainer does without that room. */
export const VIEW_PREFIX = "view:";
/** Parts of the score have it. */
export const PART_PREFIX = "part:";

/**
 * `score`, `map`, `healthy` where the method makes a counterpart, and views and parts of the score under their prefixed
 * names, for x [N, C, S, S].
 */
export function answersTo(inference: Inference, x: Tensor): Record<string, Tensor> {
  const named = (prefix: string, tensors: Readonly<Record<string, Tensor>> = {}) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
  const { map, score, parts, healthy } = inference.restore ? withCounterpart(inference, x) : direct(inference, x);
  return {
    score: score ?? mean(map, [1, 2, 3]),
    map,
    ...(healthy && { healthy }),
    ...named(VIEW_PREFIX, inference.views?.(x)),
    ...named(PART_PREFIX, parts),
  };
}

interface Answer {
  map: Tensor;
  score?: Tensor;
  parts?: Readonly<Record<string, Tensor>>;
  healthy?: Tensor;
}

function withCounterpart(inference: RestoringInference, x: Tensor): Answer {
  const healthy = inference.restore(x);
  const map = inference.anomalyMap(x, healthy);
  return { map, healthy, score: inference.score?.(map, x, healthy), parts: inference.parts?.(x, healthy) };
}

function direct(inference: DirectInference, x: Tensor): Answer {
  const map = inference.anomalyMap(x);
  return { map, score: inference.score?.(map, x), parts: inference.parts?.(x) };
}

/** The answers under a prefix, by name without it. */
export function answersUnder<Value>(prefix: string, answers: Readonly<Record<string, Value>>): Record<string, Value> {
  const found = Object.entries(answers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}
