/**
 * @file Which images a training step sees: a function of seed and iteration alone. Normals bring along what the method
 * works out once for each of them.
 */
import { HaleError, joined, Random } from "@hale/core";
import type { DrawImages, DrawnImages, GradientRecipe } from "@hale/methods";
import { Sampler } from "./sampler.ts";

/** Images that a run learns from, each [C, S, S] in [-1, 1]. */
export interface TrainingImages {
  normals: readonly Float32Array[];
  unlabelled: readonly Float32Array[];
}

/** Draws for each iteration (from 1) of a run. What it gives throws DATASET_INVALID for unlabelled images of a set without. */
export function imageDrawer(
  { normals, unlabelled }: TrainingImages,
  seed: number,
  { companion }: Pick<GradientRecipe, "companion">,
): (iteration: number) => DrawImages {
  const samplers = {
    normal: new Sampler(normals.length, seed, "normal"),
    unlabelled: unlabelled.length > 0 ? new Sampler(unlabelled.length, seed, "unlabelled") : null,
  };
  const companions = new Map<number, Float32Array>();
  const companionOf = (index: number): Float32Array => {
    const known = companions.get(index);
    if (known) return known;
    const made = companion!(normals[index]);
    companions.set(index, made);
    return made;
  };
  const gather = (pool: readonly Float32Array[], indices: readonly number[]): DrawnImages => ({
    images: joined(indices.map((index) => pool[index])),
    indices,
    companions: joined(pool === normals && companion ? indices.map(companionOf) : []),
  });
  /** For each of these normals another one. */
  const others = (indices: readonly number[], iteration: number): number[] => {
    const random = new Random(seed, `unlike/${iteration}`);
    const count = normals.length;
    return indices.map((index) => {
      const other = random.integer(0, Math.max(1, count - 1));
      return count > 1 && other >= index ? other + 1 : other;
    });
  };
  return (iteration) => (kind: "normal" | "unlabelled" | "unlike", what: number | readonly number[]) => {
    if (typeof what !== "number") return gather(normals, others(what, iteration));
    const sampler = kind === "unlabelled" ? samplers.unlabelled : samplers.normal;
    if (!sampler) {
      throw new HaleError(
        "DATASET_INVALID",
        "This method learns from unlabelled images too, and the data set has none.",
        "Add an unlabelled/ folder, or rows with an empty label.",
      );
    }
    return gather(kind === "unlabelled" ? unlabelled : normals, sampler.indices((iteration - 1) * what, what));
  };
}
