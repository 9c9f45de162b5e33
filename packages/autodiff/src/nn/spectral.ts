/**
 * @file Spectral normalisation (Miyato et al. 2018): a weight divided by its largest singular value, which a step of power
 * iteration each time it is used keeps track of.
 */

import type { Random } from "@hale/core";
import { reshape, sum } from "../ops/broadcast.ts";
import { add, div, mul, sqrt } from "../ops/elementwise.ts";
import { detach } from "../ops/leaf.ts";
import { matmul } from "../ops/linear.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Scope } from "./parameters.ts";

/** Keeps a vector of zeros from being divided by its length. */
const SMALLEST = 1e-24;

const unit = (vector: Tensor) => div(vector, sqrt(add(sum(mul(vector, vector), undefined, true), SMALLEST)));

/** A random direction. */
function direction(shape: Shape, random: Random): Float32Array {
  const values = random.normals(sizeOf(shape), 1);
  const length = Math.hypot(...values);
  return values.map((v) => v / length);
}

export interface SpectralWeight {
  weight: Tensor;
  /** The direction after this step of power iteration, to be kept as state. */
  updates: Record<string, Tensor>;
}

/**
 * weight/σ for a weight [O, ...], σ = uᵀWv the estimate of the largest singular value of W [O, rest] after one power
 * iteration from the direction u kept in the buffer `scope/direction`. The gradient flows through W in σ, not through u, v.
 */
export function spectralNorm(scope: Scope, weight: Tensor): SpectralWeight {
  const rows = weight.shape[0];
  const matrix = reshape(weight, [rows, sizeOf(weight.shape) / rows]);
  const kept = scope.buffer("direction", [rows], direction);
  const v = detach(unit(matmul(reshape(kept, [1, rows]), matrix)));
  const u = detach(unit(matmul(v, matrix, { transposeB: true })));
  const sigma = matmul(matmul(u, matrix), v, { transposeB: true });
  return {
    weight: div(
      weight,
      reshape(
        sigma,
        weight.shape.map(() => 1),
      ),
    ),
    updates: { [`${scope.path}/direction`]: reshape(u, [rows]) },
  };
}
