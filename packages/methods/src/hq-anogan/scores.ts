/**
 * @file Scores of an image from what its restoration lost and from its intermediate latents, and how they are combined: each
 * as a z-score on normals that nothing was trained on.
 */
import {
  abs,
  add,
  div,
  mean,
  mul,
  reshape,
  type Scope,
  sliceAxis,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from "@hale/autodiff";

/** Names of the scores. */
export const SCORES = ["image", "features", "cycle", "prior", "offset", "fAnoGan"] as const;
export type ScoreName = (typeof SCORES)[number];

/** Weight κ of the features in f-AnoGAN's score. */
const KAPPA = 1;

export interface Restored {
  /** x and x̂ [N, C, S, S]. */
  image: Tensor;
  restoration: Tensor;
  /** The discriminator's last features of both. */
  features: { image: Tensor; restoration: Tensor };
  /** Offsets of x and of x̂ [N, L, d]. */
  offsets: { image: Tensor; restoration: Tensor };
}

/** Statistics of the offsets of held-out normals. */
export interface Prior {
  /** [L, d] each. */
  mean: Tensor;
  variance: Tensor;
}

/**
 * The mean of each image, one axis after another: one long sum in float32 is off by 1e-6, otherwise in each runtime, and the
 * normals' deviation that it is divided by may be a hundredth of it.
 */
function perImage(x: Tensor): Tensor {
  let result = x;
  for (let axis = x.rank - 1; axis > 0; axis--) result = mean(result, [axis]);
  return result;
}

/**
 * Scores [N] by name. `image`: mean |x - x̂|. `features`: mean squared distance of the discriminator's features (f-AnoGAN).
 * `cycle`: mean squared distance of the offsets of x and x̂. `prior`: Mahalanobis distance of the offsets to those of normals,
 * diagonal, per style, mean over styles. `offset`: length of the offsets. These three over styles `first` to `last`.
 * `fAnoGan`: mean squared residual and `features`, as f-AnoGAN (Schlegl et al. 2019) adds them up, κ = 1.
 */
export function scoreParts(
  { image, restoration, features, offsets }: Restored,
  prior: Prior,
  [first, last]: readonly [number, number],
): Record<ScoreName, Tensor> {
  const chosen = (styles: Tensor) => sliceAxis(styles, styles.rank - 2, first, last - first + 1);
  const [of, again] = [chosen(offsets.image), chosen(offsets.restoration)];
  const [l, d] = of.shape.slice(1);
  const wide = (statistic: Tensor) => reshape(chosen(statistic), [1, l, d]);
  const distances = perImage(square(sub(features.image, features.restoration)));
  const standard = div(square(sub(of, wide(prior.mean))), wide(prior.variance));
  return {
    image: perImage(abs(sub(image, restoration))),
    features: distances,
    cycle: perImage(square(sub(of, again))),
    prior: mean(sqrt(add(mean(standard, [2]), 1e-12)), [1]),
    offset: sqrt(add(sum(square(of), [1, 2]), 1e-12)),
    fAnoGan: add(perImage(square(sub(image, restoration))), mul(distances, KAPPA)),
  };
}

/** [mean, deviation] of a score on held-out normals. */
export const calibrationOf = (scope: Scope, name: ScoreName): Tensor =>
  scope.buffer(name, [2], (_shape) => Float32Array.of(0, 1));

/** Each score as a z-score [N] on held-out normals. */
export function standardised(
  parts: Readonly<Record<ScoreName, Tensor>>,
  calibration: (name: ScoreName) => Tensor,
): Record<ScoreName, Tensor> {
  const entries = SCORES.map((name) => {
    const statistics = calibration(name);
    return [name, div(sub(parts[name], sliceAxis(statistics, 0, 0, 1)), sliceAxis(statistics, 0, 1, 1))];
  });
  return Object.fromEntries(entries);
}

/** Weighted sum [N] of scores [N]. */
export function combine(
  scores: Readonly<Record<ScoreName, Tensor>>,
  weights: Readonly<Partial<Record<ScoreName, number>>>,
): Tensor {
  const terms = SCORES.filter((name) => (weights[name] ?? 0) !== 0).map((name) => mul(scores[name], weights[name]!));
  return terms.reduce((total, term) => add(total, term));
}
