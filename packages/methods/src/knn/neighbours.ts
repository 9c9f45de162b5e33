/**
 * @file What a nearest-neighbour detector answers: how far an image's pooled features are from those of the nearest
 * normals, and which places carry that distance.
 *
 * The nearest are found by a matrix product, |b|² - 2ab, and the distances to them worked out again from differences: products
 * of large numbers would leave little of the small ones. The place's share: with q the image, c the centre of its k nearest
 * and d = q - c, the length |d| = ⟨q - c, d/|d|⟩ is a sum over places, since q is made of means over places: of each
 * region's ⟨features of the place - c, d/|d|⟩ times the place's weight in that region. Nothing is approximated, and a
 * place's share may be negative; the map shows those that are not.
 */
import {
  add,
  concat,
  div,
  gather,
  input,
  matmul,
  mean,
  mul,
  type NamedArray,
  relu,
  reshape,
  resizeBilinear,
  sliceAxis,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  topIndices,
} from "@hale/autodiff";
import type { DirectInference } from "../method.ts";
import { MEAN, type Metric, ROWS, SCALE, SQUARES } from "./bank.ts";
import { regionMeans, toPlaces } from "./regions.ts";

/** Keeps lengths of zero from dividing; features have sizes about 1. */
const TINY = 1e-6;

/** From images [N, C, S, S] to features [N, channels, rows, columns] of each layer. */
export type FeaturesOf = (x: Tensor) => readonly Tensor[];

/** Means over regions of all layers, one row for each image: [N, Σ channels · regions²]. */
export function pooledFeatures(features: readonly Tensor[], regions: number): Tensor {
  const rows = features.map((layer) => {
    const [n, channels] = layer.shape;
    return reshape(regionMeans(layer, regions), [n, channels * regions * regions]);
  });
  return rows.length === 1 ? rows[0] : concat(rows, 1);
}

export interface NeighbourOptions {
  k: number;
  metric: Metric;
  regions: number;
}

/** An image among the normals it is nearest to. */
interface Found {
  features: readonly Tensor[];
  /** What the features of an image are multiplied by beside the state's scale, [N, 1]. */
  factor: Tensor | null;
  /** The image, [N, D], and its k nearest, [N, k, D], both made comparable. */
  query: Tensor;
  nearest: Tensor;
}

/** Score and map of images over the state that `bankOf` made. */
export function nearestNeighbours(
  state: ReadonlyMap<string, NamedArray>,
  featuresOf: FeaturesOf,
  { k, metric, regions }: NeighbourOptions,
): DirectInference {
  const read = (name: string) => input(name, state.get(name)!.shape);
  const [rows, squares, centre, scale] = [ROWS, SQUARES, MEAN, SCALE].map(read);
  const width = rows.shape[1];
  const vector = (of: Tensor) => reshape(of, [1, width]);

  const find = (x: Tensor): Found => {
    const features = featuresOf(x);
    const standard = mul(sub(pooledFeatures(features, regions), vector(centre)), vector(scale));
    const factor = metric === "cosine" ? inverseLength(standard) : null;
    const query = factor ? mul(standard, factor) : standard;
    const likeness = sub(mul(matmul(query, rows, { transposeB: true }), 2), reshape(squares, [1, rows.shape[0]]));
    return { features, factor, query, nearest: gather(rows, topIndices(likeness, k)) };
  };
  // Score and map ask for the same images one after the other.
  const known = new WeakMap<Tensor, Found>();
  const found = (x: Tensor): Found => {
    const answer = known.get(x) ?? find(x);
    known.set(x, answer);
    return answer;
  };

  return {
    score: (_map, x) => {
      const { query, nearest } = found(x);
      const apart = square(sub(reshape(query, [query.shape[0], 1, width]), nearest));
      // Half the square of the distance of two vectors of length one is 1 less their cosine.
      if (metric === "cosine") return mul(mean(sum(apart, [2]), [1]), 0.5);
      return mean(sqrt(mean(apart, [2])), [1]);
    },
    anomalyMap: (x) => {
      const { features, factor, query, nearest } = found(x);
      const middle = mean(nearest, [1]);
      const away = sub(query, middle);
      const direction = mul(away, inverseLength(away));
      // A feature f of a region counts as (f · gain - offset) · direction.
      const gain = factor ? mul(vector(scale), factor) : vector(scale);
      const towards = mul(direction, gain);
      const offsets = mul(direction, add(mul(gain, vector(centre)), middle));
      const [, , ...sides] = x.shape;
      let start = 0;
      const shares = features.map((layer) => {
        const [n, channels, ...places] = layer.shape;
        const length = channels * regions * regions;
        const part = (of: Tensor) => reshape(sliceAxis(of, 1, start, length), [n, channels, regions, regions]);
        const place = (of: Tensor) => toPlaces(of, [places[0], places[1]]);
        const raw = sum(mul(layer, place(part(towards))), [1], true);
        const share = sub(raw, place(sum(part(offsets), [1], true)));
        start += length;
        return resizeBilinear(mul(share, places[0] * places[1]), [sides[0], sides[1]]);
      });
      const total = shares.reduce((before, share) => add(before, share));
      // In the score's own unit: the mean over the picture, negative shares counted, is |d|.
      return mul(relu(total), metric === "cosine" ? 1 : 1 / Math.sqrt(width));
    },
  };
}

/** 1 over the length of each row of x [N, D], as [N, 1]. */
function inverseLength(x: Tensor): Tensor {
  return div(1, add(sqrt(sum(square(x), [1], true)), TINY));
}
