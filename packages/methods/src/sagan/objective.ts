/**
 * @file SAGAN's losses: a Wasserstein critic with gradient penalty that makes restored unlabelled images look like known
 * normals, an identity loss on normals, and a restoration loss on normals with pasted pseudo-anomalies.
 */
import {
  abs,
  add,
  concat,
  detach,
  gradients,
  maximum,
  mean,
  mul,
  neg,
  type Scope,
  sliceAxis,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from "@hale/autodiff";
import { type CriticOptions, critic, generator, type NetworkOptions } from "./networks.ts";

/**
 * Mean over images of (‖∇D‖₂ - 1)² at points x [N, C, S, S], the gradient that of the sum of D's outputs and the norm
 * over all pixels of an image (Gulrajani et al. 2017).
 */
export function gradientPenalty(x: Tensor, criticOf: (x: Tensor) => Tensor): Tensor {
  const [slope] = gradients(sum(criticOf(x)), [x]);
  // The floor keeps the gradient of √ finite where the critic is flat, and is below float32's resolution beside 1.
  const norm = sqrt(maximum(sum(square(slope), [1, 2, 3]), 1e-30));
  return mean(square(sub(norm, 1)));
}

export interface CriticLosses {
  total: Tensor;
  /** Mean of D on normals minus on restored unlabelled images: the estimate of their distance. */
  distance: Tensor;
  penalty: Tensor;
}

/**
 * L_D = -E[D(normal)] + E[D(restored)] + 10·penalty, at points mixed image by image with `mix` [N, 1, 1, 1] in [0, 1].
 * `restored` gets no gradient.
 */
export function criticLosses(
  scope: Scope,
  options: CriticOptions,
  normal: Tensor,
  restored: Tensor,
  mix: Tensor,
): CriticLosses {
  const fake = detach(restored);
  const d = (x: Tensor) => critic(scope, x, options);
  const n = normal.shape[0];
  const both = d(concat([normal, fake], 0));
  const distance = sub(mean(sliceAxis(both, 0, 0, n)), mean(sliceAxis(both, 0, n, n)));
  const mixed = add(fake, mul(mix, sub(normal, fake)));
  const penalty = gradientPenalty(mixed, d);
  return { total: add(neg(distance), mul(penalty, 10)), distance, penalty };
}

/**
 * The identity loss's weight at which an image counts as much for it as for the critic. At an image of d pixels and channels
 * the gradient of mean|·| has norm 1/√d; the critic's, held by its penalty, has norm 1.
 */
function balancedWeight({ shape: [, channels, height, width] }: Tensor): number {
  return Math.sqrt(channels * height * width);
}

export interface GeneratorOptions {
  /** "balanced" is √d for images of d values. */
  identityWeight: number | "balanced";
  restorationWeight: number;
}

export interface GeneratorLosses {
  total: Tensor;
  adversarial: Tensor;
  identity: Tensor;
  restoration: Tensor;
}

/**
 * L_G = -E[D(G(unlabelled))] + w·mean|normal - G(normal)| + v·mean(normal - G(pasted))²; w = v = 1 as published.
 * One pass of G serves all three batches, since nothing in it looks
 * across images; `mask` is [3N, 1, S, S] in the order unlabelled, normal, pasted.
 */
export function generatorLosses(
  scopes: { generator: Scope; critic: Scope },
  options: NetworkOptions & GeneratorOptions,
  batch: { unlabelled: Tensor; normal: Tensor; pasted: Tensor; mask: Tensor },
): GeneratorLosses {
  const { unlabelled, normal, pasted, mask } = batch;
  const n = normal.shape[0];
  const restored = generator(scopes.generator, concat([unlabelled, normal, pasted], 0), options, mask);
  const part = (i: number) => sliceAxis(restored, 0, i * n, n);
  const adversarial = neg(mean(critic(scopes.critic, part(0), options)));
  const identity = mean(abs(sub(normal, part(1))));
  const restoration = mean(square(sub(normal, part(2))));
  const weight = options.identityWeight === "balanced" ? balancedWeight(normal) : options.identityWeight;
  const total = add(add(adversarial, mul(identity, weight)), mul(restoration, options.restorationWeight));
  return { total, adversarial, identity, restoration };
}
