/** @file What a method answers to images, as tensors: the same in a run, while it trains, and in the detector's model. */
import type { Tensor } from "@hale/autodiff";
import { type Recipe, scoreOf } from "./method.ts";

/** Views have it before their names, by the model's contract in @hale/detector; the trainer does without that room. */
export const VIEW_PREFIX = "view:";
/** Parts of the score have it. */
export const PART_PREFIX = "part:";

/** `score`, `map`, `healthy`, and views and parts of the score under their prefixed names, for x [N, C, S, S]. */
export function answersTo(recipe: Recipe, x: Tensor): Record<string, Tensor> {
  const healthy = recipe.restore(x);
  const map = recipe.anomalyMap(x, healthy);
  const named = (prefix: string, tensors: Readonly<Record<string, Tensor>> = {}) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
  return {
    score: scoreOf(recipe, map, x, healthy),
    map,
    healthy,
    ...named(VIEW_PREFIX, recipe.views?.(x)),
    ...named(PART_PREFIX, recipe.parts?.(x, healthy)),
  };
}

/** The answers under a prefix, by name without it. */
export function answersUnder<Value>(prefix: string, answers: Readonly<Record<string, Value>>): Record<string, Value> {
  const found = Object.entries(answers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}
