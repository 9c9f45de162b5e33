/**
 * @file What a PaDiM detector answers: the Mahalanobis distance of each place of an image from the normals of that place, a map
 * of that, and the image's score.
 *
 * Source: Defard et al., "PaDiM" (arXiv 2011.08785), section 3.3. With U·Uᵀ the inverse of the covariance, the distance is
 * the length of (x - mean)·U: one product of matrices for each place, all places at once.
 */
import {
  add,
  input,
  matmul,
  max,
  type NamedArray,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  topMean,
  transpose,
} from "@hale/autodiff";
import { mapOfPlaces } from "../backbone/patch-features.ts";
import type { DirectInference } from "../method.ts";
import { MEAN, WHITENING } from "./gaussians.ts";

/** How the image's score is made: mean of the largest distances, or the map's largest value as in the paper. */
export const SCORES = ["top", "largest"] as const;

/** Keeps the gradient of a root at 0 finite. */
const TINY = 1e-12;

export interface AnswerOptions {
  score: (typeof SCORES)[number];
  /** Share of the places, those with the largest distances, that `top` averages. */
  share: number;
  /** Side of images, and the deviation of the map's blur, in pixels. */
  size: number;
  smoothing: number;
}

/** Map, score and its parts over the state that `gaussiansOf` made; `patches` gives rows [N, places, width] of images. */
export function gaussianAnswers(
  state: ReadonlyMap<string, NamedArray>,
  patches: (x: Tensor) => Tensor,
  { score, share, size, smoothing }: AnswerOptions,
): DirectInference {
  const [mean, whitening] = [MEAN, WHITENING].map((name) => input(name, state.get(name)!.shape));
  const [places, width] = mean.shape;
  const measure = (x: Tensor) => {
    const away = sub(patches(x), reshape(mean, [1, places, width]));
    const white = matmul(transpose(away, [1, 0, 2]), whitening);
    return transpose(sqrt(add(sum(square(white), [2]), TINY)), [1, 0]);
  };
  // Map, score and parts ask for the same images one after the other.
  const known = new WeakMap<Tensor, Tensor>();
  const distances = (x: Tensor): Tensor => {
    const answer = known.get(x) ?? measure(x);
    known.set(x, answer);
    return answer;
  };
  const draw = (x: Tensor) => mapOfPlaces(distances(x), size, smoothing);
  const parts = {
    top: (x: Tensor) => reshape(topMean(distances(x), Math.max(1, Math.round(share * places))), [x.shape[0]]),
    largest: (x: Tensor) => max(draw(x), [1, 2, 3]),
  };
  return {
    anomalyMap: draw,
    score: (_map, x) => parts[score](x),
    parts: (x) => Object.fromEntries(SCORES.map((name) => [name, parts[name](x)])),
  };
}
