/**
 * @file StyleGAN2's losses: non-saturating logistic loss, R1 on real images, path-length regularisation of the generator.
 */
import { add, detach, gradients, mean, mul, neg, softplus, sqrt, square, sub, sum, type Tensor } from "@hale/autodiff";

/** mean softplus(-D(fake)). */
export const generatorLoss = (fake: Tensor): Tensor => mean(softplus(neg(fake)));

/** mean softplus(D(fake)) + mean softplus(-D(real)). */
export const discriminatorLoss = (real: Tensor, fake: Tensor): Tensor =>
  add(mean(softplus(fake)), mean(softplus(neg(real))));

/** (γ/2)·mean ‖∇ₓ D(x)‖² of real images x [N, ...], whose logits [N] must hang on them. */
export function r1Penalty(logits: Tensor, images: Tensor, gamma: number): Tensor {
  const [slope] = gradients(sum(logits), [images]);
  return mul(mean(sum(square(slope), [1, 2, 3])), gamma / 2);
}

export interface PathLength {
  /** γ·mean (ℓ - a)². */
  penalty: Tensor;
  /** The running mean a after this batch. */
  average: Tensor;
  /** ℓ of each image [N]: the root of the mean over styles of ‖∂⟨g(w⁺), y⟩/∂w‖². */
  lengths: Tensor;
}

/** Share of a batch's mean length in the running mean. */
const AVERAGE_MOVES = 0.01;

/**
 * How far images move for a small step in w⁺ [N, L, d], drawn to its running mean (a scalar). `noise` is N(0, 1) in the
 * shape of the images [N, C, S, S].
 */
export function pathLengthPenalty(
  images: Tensor,
  styles: Tensor,
  noise: Tensor,
  running: Tensor,
  gamma: number,
): PathLength {
  const [, , height, width] = images.shape;
  const [slope] = gradients(sum(mul(images, mul(noise, 1 / Math.sqrt(height * width)))), [styles]);
  const lengths = sqrt(mean(sum(square(slope), [2]), [1]));
  const average = add(running, mul(sub(detach(mean(lengths)), running), AVERAGE_MOVES));
  return { penalty: mul(mean(square(sub(lengths, average))), gamma), average, lengths };
}
