/**
 * @file The discriminator: residual blocks down to 4x4, how much a group of images differs as one more channel, and a logit.
 */
import { add, concat, expand, mean, mul, reshape, type Scope, sqrt, square, sub, type Tensor } from "@hale/autodiff";
import { type Architecture, channelsAt, resolutions } from "./architecture.ts";
import { activate, equalisedConv, equalisedDense } from "./layers.ts";

/** Images a group of the minibatch standard deviation. */
export const GROUP = 4;

export interface Judgement {
  /** [N]; above 0 for real. */
  logits: Tensor;
  /**
   * What each block leaves, from the largest resolution to 4x4, [N, C, r, r]. They come before the minibatch standard
   * deviation, so that they depend on no other image.
   */
  features: Tensor[];
}

/** Logits and features of images [N, C, S, S]. N must be a multiple of the group. */
export function discriminate(scope: Scope, images: Tensor, architecture: Architecture): Judgement {
  const features = discriminatorFeatures(scope, images, architecture);
  const last = features[features.length - 1];
  const [n, channels] = last.shape;
  const end = scope.child("4");
  const joined = concat([last, groupDeviation(last)], 1);
  const y = activate(equalisedConv(end.child("conv"), joined, channels, 3));
  const hidden = activate(equalisedDense(end.child("dense"), reshape(y, [n, channels * 16]), channels));
  return { logits: reshape(equalisedDense(end.child("out"), hidden, 1), [n]), features };
}

/** The features alone, for any number of images. */
export function discriminatorFeatures(scope: Scope, images: Tensor, architecture: Architecture): Tensor[] {
  const descending = resolutions(architecture).reverse();
  let x = activate(equalisedConv(scope.child("fromImage"), images, channelsAt(architecture, architecture.size), 1));
  const features: Tensor[] = [];
  for (const resolution of descending.slice(0, -1)) {
    const block = scope.child(`${resolution}`);
    const out = channelsAt(architecture, resolution / 2);
    const inner = activate(equalisedConv(block.child("conv0"), x, x.shape[1], 3));
    const main = activate(equalisedConv(block.child("conv1"), inner, out, 3, { down: true }), Math.SQRT1_2);
    const skip = equalisedConv(block.child("skip"), x, out, 1, { down: true, bias: false });
    x = add(mul(skip, Math.SQRT1_2), main);
    features.push(x);
  }
  return features;
}

/**
 * Minibatch standard deviation: of each group of four neighbouring images the deviation at every position and channel,
 * averaged over both, as one channel [N, 1, h, w].
 */
export function groupDeviation(x: Tensor): Tensor {
  const [n, channels, h, w] = x.shape;
  const group = Math.min(GROUP, n);
  if (n % group !== 0) throw new RangeError(`${n} images cannot be divided into groups of ${group}.`);
  const groups = reshape(x, [n / group, group, channels, h, w]);
  const variance = mean(square(sub(groups, mean(groups, [1], true))), [1]);
  const deviation = mean(sqrt(add(variance, 1e-8)), [1, 2, 3]);
  return reshape(expand(reshape(deviation, [n / group, 1, 1, 1]), [n / group, group, h, w]), [n, 1, h, w]);
}
