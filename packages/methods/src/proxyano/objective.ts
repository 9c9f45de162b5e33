/**
 * @file ProxyAno's losses. PEM learns to predict the superpixel image; IRM learns to return to the image from the true
 * superpixel image, from a damaged one, and from PEM's; the discriminator tells images from what IRM makes.
 */
import {
  abs,
  add,
  concat,
  constant,
  detach,
  mean,
  mul,
  neg,
  type Scope,
  softplus,
  sub,
  type Tensor,
} from "@hale/autodiff";
import { addressEntropy } from "./memory.ts";
import { discriminator, extractProxy, type NetworkOptions, reconstruct, type Updates } from "./networks.ts";

export interface Scopes {
  pem: Scope;
  irm: Scope;
  discriminator: Scope;
}

export interface ObjectiveOptions extends NetworkOptions {
  /** Of the addresses' entropy. */
  entropyWeight: number;
  /** Of the adversarial loss; 0 leaves the discriminator out. */
  adversarialWeight: number;
}

/** Images of a step, all [N, C, S, S] in [0, 1]. */
export interface StepImages {
  image: Tensor;
  /** The target s of PEM. */
  proxy: Tensor;
  /** s̃, what IRM starts from: s, or s with patches of the image pasted on it. */
  damaged: Tensor;
}

export interface RestorationLosses {
  total: Tensor;
  /** mean|ŝ - s| */
  extraction: Tensor;
  /** Mean entropy of the memory's addresses; null without a memory. */
  entropy: Tensor | null;
  /** Mean of mean|U(s̃) - x| and mean|U(ŝ) - x|. */
  reconstruction: Tensor;
  /** -mean log D(U(s̃)); null without a discriminator. */
  adversarial: Tensor | null;
  /** U(s̃), for the discriminator's step. */
  restored: Tensor;
  updates: Updates;
}

const distance = (a: Tensor, b: Tensor) => mean(abs(sub(a, b)));

/** -log sigmoid(logits): the cross-entropy of calling them real. */
export const callReal = (logits: Tensor) => mean(softplus(neg(logits)));

/** L_PEM + L_IRM. ŝ enters IRM with its gradient stopped, or it would carry texture past the proxy. */
export function restorationLosses(scopes: Scopes, options: ObjectiveOptions, images: StepImages): RestorationLosses {
  const { image, proxy, damaged } = images;
  const updates: Updates = {};
  const mode = { train: updates };
  const extracted = extractProxy(scopes.pem, image, options, mode);
  const extraction = distance(extracted.proxy, proxy);
  const entropy = extracted.weights && addressEntropy(extracted.weights);

  // Two passes, each with statistics of its own. The running ones are those of predicted proxies, all that a test sees.
  const fromDamaged = reconstruct(scopes.irm, damaged, options, { train: {} });
  const fromPredicted = reconstruct(scopes.irm, detach(extracted.proxy), options, mode);
  const reconstruction = mul(add(distance(fromDamaged, image), distance(fromPredicted, image)), 0.5);
  const adversarial =
    options.adversarialWeight > 0 ? callReal(discriminator(scopes.discriminator, fromDamaged, options)) : null;

  let total = add(extraction, reconstruction);
  if (entropy) total = add(total, mul(entropy, options.entropyWeight));
  if (adversarial) total = add(total, mul(adversarial, options.adversarialWeight));
  return { total, extraction, entropy, reconstruction, adversarial, restored: fromDamaged, updates };
}

/** L_D = ½(BCE(D(x), 1) + BCE(D(x̂), 0)); one pass for both. */
export function discriminatorLoss(
  scopes: Scopes,
  options: ObjectiveOptions,
  real: Tensor,
  restored: Tensor,
): { loss: Tensor; updates: Updates } {
  const updates: Updates = {};
  const logits = discriminator(scopes.discriminator, concat([real, restored], 0), options, updates);
  const n = real.shape[0];
  const sign = constant(
    Float32Array.from({ length: 2 * n }, (_, i) => (i < n ? -1 : 1)),
    [2 * n, 1, 1, 1],
  );
  return { loss: mean(softplus(mul(logits, sign))), updates };
}
