/** @file What a method answers to images, as tensors: the same in a run, while it trains, and in the detector's model. */
import type { Tensor } from "@hale/autodiff";
import { type Recipe, scoreOf } from "../methods/method.ts";

/** Views have it before their names, by the model's contract in @hale/detector; the trainer does without that room. */
export const VIEW_PREFIX = "view:";

/** `score`, `map`, `healthy`, and each view under its prefixed name, for x [N, C, S, S]. */
export function answersTo(recipe: Recipe, x: Tensor): Record<string, Tensor> {
  const healthy = recipe.restore(x);
  const map = recipe.anomalyMap(x, healthy);
  const views = Object.entries(recipe.views?.(x) ?? {}).map(([name, view]) => [VIEW_PREFIX + name, view]);
  return { score: scoreOf(recipe, map, x, healthy), map, healthy, ...Object.fromEntries(views) };
}
