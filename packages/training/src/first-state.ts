/** @file What the state of a run begins as: drawn anew, in part another run's, or a checkpoint's. */
import { type NamedArray, sameShape } from "@hale/autodiff";
import { HaleError, Random } from "@hale/core";
import type { GradientRecipe } from "@hale/methods";

type Arrays = ReadonlyMap<string, NamedArray>;

/** Arrays of another run, which a run of these prefixes takes over. */
export interface Inherited {
  prefixes: readonly string[];
  arrays: Arrays;
}

/** Arrays by name. Throws CHECKPOINT_MISMATCH where those of a checkpoint or of another run do not fit the recipe. */
export function firstState(recipe: GradientRecipe, seed: number, from?: Arrays, inherited?: Inherited): Arrays {
  const fresh = recipe.initialState(new Random(seed, "initialise"));
  if (from) {
    const other = [...fresh].find(([name, { data }]) => from.get(name)?.data.length !== data.length);
    if (!other) return from;
    throw new HaleError(
      "CHECKPOINT_MISMATCH",
      `The checkpoint does not fit this method and its options: ${other[0]} is missing or of another size.`,
      "Resume with the options that the run was started with.",
    );
  }
  for (const [name, { shape }] of fresh) {
    if (!inherited?.prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const taken = inherited.arrays.get(name);
    if (!taken || !sameShape(taken.shape, shape)) {
      throw new HaleError(
        "CHECKPOINT_MISMATCH",
        `What is taken from another run does not fit: ${name} is ${taken ? `[${taken.shape}]` : "missing"} there and [${shape}] here.`,
        "Train with the sizes and options of that run, or take another one.",
      );
    }
    fresh.set(name, taken);
  }
  return fresh;
}

/** Arrays whose names begin with one of the prefixes, in order of their names. */
export function arraysUnder(
  arrays: ReadonlyMap<string, NamedArray>,
  prefixes: readonly string[],
): Map<string, NamedArray> {
  const names = [...arrays.keys()].filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  return new Map(names.sort().map((name) => [name, arrays.get(name)!]));
}
