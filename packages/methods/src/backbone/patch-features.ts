/**
 * @file Patches of an image as a frozen backbone sees them: the features of several layers, each averaged over neighbouring
 * places, joined at the finest of their grids; and the way from numbers for places to a map of pixels.
 *
 * Source: locally aware patch features, Roth et al., "Towards Total Recall in Industrial Anomaly Detection" (PatchCore,
 * arXiv 2106.08265), section 3.1, and the authors' code: averages over 3 x 3 places, the coarser layers enlarged bilinearly.
 * Averaging, enlarging and blurring are matrices on rows and columns, so that they are one product in every runtime.
 */
import { concat, constant, matmul, reshape, type Tensor, transpose } from "@hale/autodiff";
import { HaleError } from "@hale/core";

/** A matrix [rows, columns], by rows. */
export interface Matrix {
  rows: number;
  columns: number;
  values: Float64Array;
}

function matrix(rows: number, columns: number, at: (row: number, column: number) => number): Matrix {
  const values = Float64Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
  return { rows, columns, values };
}

/** a · b. */
function times(a: Matrix, b: Matrix): Matrix {
  return matrix(a.rows, b.columns, (row, column) => {
    let total = 0;
    for (let k = 0; k < a.columns; k++) total += a.values[row * a.columns + k] * b.values[k * b.columns + column];
    return total;
  });
}

/** Means over `width` neighbours along an axis of `side`, at its ends over as many as there are. `width` is odd. */
export function averaging(side: number, width: number): Matrix {
  const reach = (width - 1) / 2;
  return matrix(side, side, (row, column) => {
    const places = Math.min(side - 1, row + reach) - Math.max(0, row - reach) + 1;
    return Math.abs(row - column) <= reach ? 1 / places : 0;
  });
}

/** Linear interpolation of `from` places to `to`, both over the same length; beyond the outermost middles their values. */
export function interpolation(from: number, to: number): Matrix {
  return matrix(to, from, (row, column) => {
    const at = Math.min(from - 1, Math.max(0, ((row + 0.5) * from) / to - 0.5));
    return Math.max(0, 1 - Math.abs(at - column));
  });
}

/** A Gaussian blur along an axis of `side`, of that deviation in places; at the ends weights are shared among what is there. */
export function blurring(side: number, deviation: number): Matrix {
  if (deviation === 0) return averaging(side, 1);
  const weight = (distance: number) => Math.exp(-0.5 * (distance / deviation) ** 2);
  const totals = Array.from({ length: side }, (_, row) => {
    let total = 0;
    for (let column = 0; column < side; column++) total += weight(row - column);
    return total;
  });
  return matrix(side, side, (row, column) => weight(row - column) / totals[row]);
}

/** m · x · mᵀ on rows and columns of x [N, C, H, H]. */
function onBoth(m: Matrix, x: Tensor): Tensor {
  const shared = constant(Float32Array.from(m.values), [1, 1, m.rows, m.columns]);
  return matmul(matmul(shared, x), shared, { transposeB: true });
}

/** The finest grid of features: its places along each side. */
export function gridOf(features: readonly Tensor[]): number {
  for (const { shape } of features) {
    if (shape[2] === shape[3]) continue;
    throw new HaleError("SHAPE_MISMATCH", `Features of [${shape}] are not square.`, "Use other layers.");
  }
  return Math.max(...features.map(({ shape }) => shape[2]));
}

/**
 * One row for each place of the finest grid, row by row: [N, places, Σ channels] of features [N, channels, side, side], each
 * averaged over `neighbourhood` x `neighbourhood` of its own places.
 */
export function patchesOf(features: readonly Tensor[], neighbourhood: number): Tensor {
  const grid = gridOf(features);
  const planes = features.map((layer) => {
    const side = layer.shape[2];
    if (side === grid && neighbourhood === 1) return layer;
    return onBoth(times(interpolation(side, grid), averaging(side, neighbourhood)), layer);
  });
  const joined = planes.length === 1 ? planes[0] : concat(planes, 1);
  const [n, channels] = joined.shape;
  return transpose(reshape(joined, [n, channels, grid * grid]), [0, 2, 1]);
}

/** A map [N, 1, size, size] of numbers for places [N, grid²]: enlarged bilinearly, then blurred (deviation in pixels). */
export function mapOfPlaces(places: Tensor, size: number, deviation: number): Tensor {
  const [n, count] = places.shape;
  const grid = Math.round(Math.sqrt(count));
  return onBoth(times(blurring(size, deviation), interpolation(grid, size)), reshape(places, [n, 1, grid, grid]));
}
