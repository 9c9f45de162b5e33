/**
 * @file What a PatchCore detector answers: how far each patch of an image is from the nearest patch of the memory, a map of
 * that, and the image's score.
 *
 * Source: Roth et al., arXiv 2106.08265, section 3.3 and equations 6 and 7. The nearest is found by a matrix product,
 * 2ab - |b|², over a part of the memory at a time, so that what is held at once is bounded; the distance to it is worked
 * out again from differences, since of products of large numbers little would be left of the small ones.
 */
import {
  add,
  constant,
  div,
  equal,
  exp,
  gather,
  greater,
  input,
  matmul,
  max,
  maximum,
  mul,
  type NamedArray,
  reshape,
  sliceAxis,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  topIndices,
  topMean,
} from "@hale/autodiff";
import { mapOfPlaces } from "../backbone/patch-features.ts";
import type { DirectInference } from "../method.ts";
import { FACTOR, MEAN, ROWS, SQUARES } from "./memory.ts";

/** How the image's score is made of its patches' distances. */
export const SCORES = ["top", "largest", "reweighted"] as const;
export type Score = (typeof SCORES)[number];

/** Numbers of the likenesses that are held at once for an image. */
const HELD = 2 ** 21;
/** Keeps the gradient of a root at 0 finite; distances have sizes about 1. */
const TINY = 1e-12;

export interface AnswerOptions {
  score: Score;
  /** Share of the places, those with the largest distances, that `top` averages. */
  share: number;
  /** Neighbours of the nearest patch by which `reweighted` weighs. */
  neighbours: number;
  /** Side of images, and the deviation of the map's blur, in pixels. */
  size: number;
  smoothing: number;
}

/** Patches of images beside what is nearest to each in the memory. */
interface Found {
  /** [N, places, width], made comparable. */
  query: Tensor;
  /** Distances [N, places]. */
  distance: Tensor;
  /** Rows of the memory, [N, places]. */
  nearest: Tensor;
}

/** Map, score and its parts over the state that `memoryOf` made; `patches` gives rows [N, places, width] of images. */
export function patchAnswers(
  state: ReadonlyMap<string, NamedArray>,
  patches: (x: Tensor) => Tensor,
  { score, share, neighbours, size, smoothing }: AnswerOptions,
): DirectInference {
  const [rows, squares, centre, factor] = [ROWS, SQUARES, MEAN, FACTOR].map((name) =>
    input(name, state.get(name)!.shape),
  );
  const [count, width] = rows.shape;
  const wide = (of: Tensor) => reshape(of, [1, 1, width]);

  const find = (x: Tensor): Found => {
    const query = mul(sub(patches(x), wide(centre)), wide(factor));
    const [n, places] = query.shape;
    const flat = reshape(query, [n * places, width]);
    const nearest = nearestRows(flat, rows, squares, Math.max(1, Math.floor(HELD / places)));
    const apart = square(sub(flat, gather(rows, reshape(nearest, [n * places]))));
    const distance = sqrt(add(sum(apart, [1]), TINY));
    return { query, distance: reshape(distance, [n, places]), nearest: reshape(nearest, [n, places]) };
  };
  // Map, score and parts ask for the same images one after the other.
  const known = new WeakMap<Tensor, Found>();
  const found = (x: Tensor): Found => {
    const answer = known.get(x) ?? find(x);
    known.set(x, answer);
    return answer;
  };

  const parts = {
    top: (x: Tensor) => {
      const { distance } = found(x);
      const [n, places] = distance.shape;
      return reshape(topMean(distance, Math.max(1, Math.round(share * places))), [n]);
    },
    largest: (x: Tensor) => max(found(x).distance, [1]),
    reweighted: (x: Tensor) => reweighted(found(x), rows, squares, Math.min(neighbours, count)),
  };
  return {
    anomalyMap: (x) => mapOfPlaces(found(x).distance, size, smoothing),
    score: (_map, x) => parts[score](x),
    parts: (x) => Object.fromEntries(SCORES.map((name) => [name, parts[name](x)])),
  };
}

/** Which row is nearest to each of `query` [R, D]: [R, 1]. `part` rows are compared at once. */
export function nearestRows(query: Tensor, rows: Tensor, squares: Tensor, part: number): Tensor {
  const count = rows.shape[0];
  let best: { like: Tensor; index: Tensor } | null = null;
  for (let start = 0; start < count; start += part) {
    const length = Math.min(part, count - start);
    const some = length === count ? rows : sliceAxis(rows, 0, start, length);
    const own = length === count ? squares : sliceAxis(squares, 0, start, length);
    const likeness = likenesses(query, some, own);
    const here = { like: max(likeness, [1], true), index: add(topIndices(likeness, 1), start) };
    if (!best) {
      best = here;
      continue;
    }
    const better = greater(here.like, best.like);
    best = {
      like: maximum(best.like, here.like),
      index: add(best.index, mul(better, sub(here.index, best.index))),
    };
  }
  return best!.index;
}

/** 2ab - |b|² for rows a of `query` [R, D] and b of `rows` [L, D]: [R, L], the larger the nearer. */
const likenesses = (query: Tensor, rows: Tensor, squares: Tensor) =>
  sub(mul(matmul(query, rows, { transposeB: true }), 2), reshape(squares, [1, rows.shape[0]]));

/**
 * The paper's score: with q the patch that is farthest from the memory, m its nearest row at the distance s, and B the b rows
 * nearest to m, itself among them: (1 - exp(s) / Σ_B exp |q - ·|) · s. So it counts for less where the memory is dense.
 */
function reweighted({ query, distance, nearest }: Found, rows: Tensor, squares: Tensor, b: number): Tensor {
  const [n, places] = query.shape;
  const at = topIndices(distance, 1);
  const iota = constant(
    Float32Array.from({ length: places }, (_, place) => place),
    [1, places],
  );
  const here = equal(iota, at);
  const farthest = matmul(reshape(here, [n, 1, places]), query);
  const s = sum(mul(here, distance), [1]);
  const row = gather(rows, reshape(sum(mul(here, nearest), [1]), [n]));
  const around = gather(rows, topIndices(likenesses(row, rows, squares), b));
  const distances = sqrt(add(sum(square(sub(farthest, around)), [2]), TINY));
  // Less the largest, which no exponential can overflow.
  const most = max(distances, [1], true);
  const total = sum(exp(sub(distances, most)), [1]);
  const weight = sub(1, div(exp(sub(s, reshape(most, [n]))), total));
  return reshape(mul(weight, s), [n]);
}
