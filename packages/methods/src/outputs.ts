/** @file What a method answers to images, as tensors: the same in a run, while it trains, and in the detector's model. */
import { mean, type Tensor } from "@hale/autodiff";
import { OUTPUTS, PART_PREFIX, prefixed, VIEW_PREFIX } from "@hale/detector";
import type { DirectInference, Inference, RestoringInference } from "./method.ts";

/**
 * `score`, `map`, `healthy` where the method makes a counterpart, and views and parts of the score under their prefixed
 * names, for x [N, C, S, S].
 */
export function answersTo(inference: Inference, x: Tensor): Record<string, Tensor> {
  const { map, score, parts, healthy } = inference.restore ? withCounterpart(inference, x) : direct(inference, x);
  return {
    [OUTPUTS.score]: score ?? mean(map, [1, 2, 3]),
    [OUTPUTS.map]: map,
    ...(healthy && { [OUTPUTS.healthy]: healthy }),
    ...prefixed(VIEW_PREFIX, inference.views?.(x) ?? {}),
    ...prefixed(PART_PREFIX, parts ?? {}),
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
