/** @file The averaged generator as one that draws images from random numbers alone, for galleries and figures of quality. */
import type { Scope } from "@hale/autodiff";
import type { Generator } from "../method.ts";
import { type Architecture, noiseSides } from "./stylegan2/architecture.ts";
import { broadcastStyles, mapLatents } from "./stylegan2/mapping.ts";
import { synthesise } from "./stylegan2/synthesis.ts";

/**
 * From latents over w to images, without truncation, as StyleGAN2's own figures of quality are made. Images are
 * interpolated in w, where the path-length regulariser makes equal steps change equally much.
 */
export function averagedGenerator(
  { mapping, synthesis }: { mapping: Scope; synthesis: Scope },
  architecture: Architecture,
): Generator {
  const noise = Object.fromEntries(noiseSides(architecture).map((side, i) => [`noise/${i}`, [1, side, side]]));
  return {
    latent: architecture.latent,
    code: (z) => mapLatents(mapping, z, architecture),
    noise,
    draw: (w, given) =>
      synthesise(
        synthesis,
        broadcastStyles(w, architecture),
        architecture,
        given ? { random: Object.keys(noise).map((name) => given[name]) } : "constant",
      ),
  };
}
