/**
 * @file StyleGAN2's losses: non-saturating logistic loss, R1 on real images, path-length regularisation of the generator.
 */
import { add, gradients, mean, mul, neg, softplus, sqrt, square, sub, sum, type Tensor } from "@hale/autodiff";

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
  /** ℓ of each image [N]: the root of the mean over styles of ‖∂⟨g(w⁺), y⟩/∂w‖². */
  lengths: Tensor;
}

/** Share of a batch's mean length in the running mean. */
const AVERAGE_MOVES = 0.01;

/** The running mean of lengths after a batch whose mean is `length`. */
export const movedLength = (running: Tensor, length: Tensor): Tensor =>
  add(running, mul(sub(length, running), AVERAGE_MOVES));

/**
 * How far images move for a small step in w⁺ [N, L, d], drawn to the running mean a of the batches before (a scalar).
 * `noise` is N(0, 1) in the shape of the images [N, C, S, S].
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
  return { penalty: mul(mean(square(sub(lengths, running))), gamma), lengths };
}
