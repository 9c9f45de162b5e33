/**
 * @file How strongly to augment (arXiv 2006.06676, section 3.1). A discriminator that overfits is sure of the images it
 * has seen; the more of them it calls real, the likelier augmentations become.
 */

/** The mean sign of D on real images that the controller holds. */
const TARGET = 0.6;

export interface ControllerOptions {
  /** Real images of a step. */
  batch: number;
  /** Steps between two adjustments, over which the sign was averaged. */
  interval?: number;
  /** Thousands of images in which p can go from 0 to 1: 500, or 100 where a trained model is tuned. */
  kimg?: number;
}

/**
 * The next probability p, from the mean sign of D on the real images since the last adjustment (r_t in the source). The
 * source has no upper end; here p stays within [0, 1].
 */
export function adjustProbability(
  p: number,
  meanSign: number,
  { batch, interval = 4, kimg = 500 }: ControllerOptions,
): number {
  const step = (batch * interval) / (kimg * 1000);
  return Math.min(1, Math.max(0, p + Math.sign(meanSign - TARGET) * step));
}
