/**
 * @file Training of the encoder (pSp): it learns the styles with which the averaged, frozen generator draws an image again.
 */
import {
  add,
  detach,
  div,
  gradients,
  input,
  mean,
  mul,
  type Parameters,
  type ProgramSpec,
  rangerUpdates,
  reshape,
  resizeBilinear,
  type Scope,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from "@hale/autodiff";
import type { Backbone } from "../backbone/description.ts";
import { FeatureNetwork } from "../backbone/network.ts";
import { perceptualDistance } from "../backbone/perceptual.ts";
import { FULL_SIZE, fullEncoder, liteEncoder, type Mode } from "./psp/encoder.ts";
import { type Architecture, styleCount } from "./stylegan2/architecture.ts";
import { discriminatorFeatures } from "./stylegan2/discriminator.ts";
import { averageLatent } from "./stylegan2/mapping.ts";
import { synthesise } from "./stylegan2/synthesis.ts";

export interface InversionOptions {
  /** "full" is pSp's, for latents of 512 dimensions. */
  encoder: "lite" | "full";
  encoderBatch: number;
  /** Channels of the lite encoder's first layer. */
  encoderWidth: number;
  /** Weight of the distance between frozen features of image and restoration. */
  perceptualWeight: number;
  /** Weight λ of the offsets' length. */
  latentWeight: number;
  /** Weight κ of the distance between the discriminator's last features. */
  featureWeight: number;
}

/** The networks that the encoder works with, of which it trains none. */
export interface Frozen {
  /** Where the averages of the generator are. */
  synthesis: Scope;
  mapping: Scope;
  discriminator: Scope;
}

/** Offsets Δ [N, L, d] of images x [N, C, S, S] from the mean latent. The full encoder sees them at its own size. */
export function encode(
  scope: Scope,
  x: Tensor,
  architecture: Architecture,
  { encoder, encoderWidth }: Pick<InversionOptions, "encoder" | "encoderWidth">,
  mode: Mode,
): Tensor {
  const styles = styleCount(architecture);
  if (encoder === "full") return fullEncoder(scope, resizeBilinear(x, [FULL_SIZE, FULL_SIZE]), { styles }, mode);
  return liteEncoder(scope, x, { styles, width: encoderWidth, styleWidth: architecture.latent }, mode);
}

/** What the averaged generator makes of offsets from the mean latent. */
export function draw({ synthesis, mapping }: Frozen, offsets: Tensor, architecture: Architecture): Tensor {
  const average = reshape(averageLatent(mapping, architecture), [1, 1, architecture.latent]);
  return synthesise(synthesis, add(offsets, average), architecture, "constant");
}

const distance = (a: Tensor, b: Tensor) => mean(square(sub(a, b)));

/** Mean over layers of the features' squared distance, each layer scaled to a second moment of 1 on the images. */
export function featureDistance(ofImages: readonly Tensor[], ofRestorations: readonly Tensor[]): Tensor {
  const layers = ofImages.map((features, i) => {
    const energy = add(detach(mean(square(features))), 1e-8);
    return div(distance(features, ofRestorations[i]), energy);
  });
  return mul(
    layers.reduce((total, layer) => add(total, layer)),
    1 / layers.length,
  );
}

/** One step of the encoder on a batch: one program, since batch normalisation looks across images. */
export function inversionStep(
  parameters: Parameters,
  frozen: Frozen,
  architecture: Architecture,
  options: InversionOptions,
  backbone?: Backbone,
): ProgramSpec {
  const { size, channels } = architecture;
  const images = input("image", [options.encoderBatch, channels, size, size]);
  const updates: Record<string, Tensor> = {};
  const offsets = encode(parameters.scope("encoder"), images, architecture, options, { train: updates });
  const restored = draw(frozen, offsets, architecture);
  // One after the other: no gradient has to go back through the images' own.
  const [ofImages, ofRestorations] = [images, restored].map((x) =>
    discriminatorFeatures(frozen.discriminator, x, architecture),
  );
  const pixels = distance(images, restored);
  const perceptual = backbone
    ? mean(perceptualDistance(new FeatureNetwork(backbone), images, restored))
    : featureDistance(ofImages, ofRestorations);
  const last = distance(ofImages[ofImages.length - 1], ofRestorations[ofRestorations.length - 1]);
  const length = mean(sqrt(add(sum(square(offsets), [1, 2]), 1e-12)));
  const terms: [Tensor, number][] = [
    [pixels, 1],
    [perceptual, options.perceptualWeight],
    [length, options.latentWeight],
    [last, options.featureWeight],
  ];
  const loss = terms
    .filter(([, weight]) => weight > 0)
    .map(([term, weight]) => mul(term, weight))
    .reduce((total, term) => add(total, term));
  const own = parameters.trainable("encoder/");
  return {
    name: "encoder",
    outputs: { loss, pixels, perceptual, length },
    updates: { ...rangerUpdates(own, gradients(loss, [...own.values()])), ...updates },
  };
}
