/**
 * @file The mapping network: latents z to intermediate latents w, their running mean, truncation, and styles for all layers.
 */
import {
  add,
  div,
  expand,
  mean,
  mul,
  reshape,
  type Scope,
  sqrt,
  square,
  sub,
  type Tensor,
  zeros,
} from "@hale/autodiff";
import type { Random } from "@hale/core";
import { type Architecture, styleCount } from "./architecture.ts";
import { activate, equalisedDense } from "./layers.ts";

/** Share of a batch's mean in the running mean of w. */
const AVERAGE_MOVES = 0.005;
/** Learning-rate multiplier of the mapping's layers. */
const MULTIPLIER = 0.01;

/** Latents z [N, d] scaled to a mean square of 1. */
export function normaliseLatents(z: Tensor): Tensor {
  return div(z, sqrt(add(mean(square(z), [1], true), 1e-8)));
}

/** z [N, d] to w [N, d]. */
export function mapLatents(scope: Scope, z: Tensor, { latent, mappingLayers }: Architecture): Tensor {
  let w = normaliseLatents(z);
  for (let i = 0; i < mappingLayers; i++) {
    w = activate(equalisedDense(scope.child(`${i}`), w, latent, { multiplier: MULTIPLIER }));
  }
  return w;
}

/** The running mean of w, [d]. */
export function averageLatent(scope: Scope, { latent }: Architecture): Tensor {
  return scope.buffer("average", [latent], zeros);
}

/** The running mean after a batch w [N, d], by its name in state. */
export function averageUpdate(scope: Scope, w: Tensor, architecture: Architecture): Record<string, Tensor> {
  const average = averageLatent(scope, architecture);
  return { [`${scope.path}/average`]: add(average, mul(sub(mean(w, [0]), average), AVERAGE_MOVES)) };
}

/** w drawn towards its mean: mean + ψ(w - mean). */
export function truncate(w: Tensor, average: Tensor, psi: number): Tensor {
  const centre = reshape(average, [...new Array(w.rank - 1).fill(1), average.shape[0]]);
  return add(centre, mul(sub(w, centre), psi));
}

/** w [N, d] for every layer: [N, L, d]. */
export function broadcastStyles(w: Tensor, architecture: Pick<Architecture, "size">): Tensor {
  const [n, d] = w.shape;
  return expand(reshape(w, [n, 1, d]), [n, styleCount(architecture), d]);
}

/** Styles of which those where `mask` [N, L, 1] is 1 come from a second latent. */
export function mixStyles(first: Tensor, second: Tensor, mask: Tensor): Tensor {
  return add(first, mul(sub(second, first), mask));
}

/** Masks [N, L, 1]: with probability p an image's styles from a cut in 1..L-1 on are the second latent's. */
export function mixingMask(random: Random, images: number, styles: number, p: number): Float32Array {
  const mask = new Float32Array(images * styles);
  for (let i = 0; i < images; i++) {
    const cut = random.uniform() < p ? random.integer(1, styles) : styles;
    mask.fill(1, i * styles + cut, (i + 1) * styles);
  }
  return mask;
}
