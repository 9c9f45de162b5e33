/** @file Small networks and values for SAGAN's tests. */
import type { Parameters } from "@hale/autodiff";
import { Random } from "@hale/core";

export const settings = (width: number, residualBlocks = 6) => ({
  width,
  residualBlocks,
  grid: 2,
  positionCode: "effective" as const,
  head: "published" as const,
  criticStart: "published" as const,
  identityWeight: 1,
  restorationWeight: 1,
});

/** Values for every parameter, and for x. */
export function values(parameters: Parameters, x: ArrayLike<number>, seed = 1): Record<string, ArrayLike<number>> {
  const initial = [...parameters.initialise(new Random(seed, "test"))].map(([name, { data }]) => [name, data] as const);
  return { ...Object.fromEntries(initial), x };
}

export const tiny = { ...settings(2), residualBlocks: 1 };

export const tinyImage = new Random(3, "image").uniforms(32 * 32, -1, 1);
