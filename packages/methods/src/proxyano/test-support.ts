/** @file Small networks and values for ProxyAno's tests. */
import type { Parameters } from "@hale/autodiff";
import { Random } from "@hale/core";
import { type ProxyAnoOptions, proxyAno } from "./method.ts";

/** The method's options at the smallest size that is still all of it. */
export const tiny = (changes: Partial<ProxyAnoOptions> = {}): ProxyAnoOptions =>
  proxyAno.options.parse({ width: 4, slots: 6, batch: 2, superpixels: 16, adversarialWeight: 0.1, ...changes });

/** First values of all parameters and buffers, by name. */
export function values(parameters: Parameters, seed = 1): Record<string, ArrayLike<number>> {
  return Object.fromEntries(
    [...parameters.initialise(new Random(seed, "test"))].map(([name, { data }]) => [name, data] as const),
  );
}

export const pictures = (count: number, side: number, name = "pictures") =>
  new Random(7, name).uniforms(count * side * side);
