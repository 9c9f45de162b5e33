/**
 * @file Features [N, C, H, W] over regions, a grid of parts of the image that fade into one another: their means, and the way
 * back to places. A place weighs in the regions whose centres it lies between, by its distance from them, as in bilinear
 * interpolation; beyond the outermost centre in that alone.
 */
import { constant, matmul, type Tensor } from "@hale/autodiff";

/** Weighted means over regions: x [N, C, H, W], H and W at least `regions`, to [N, C, regions, regions]. */
export function regionMeans(x: Tensor, regions: number): Tensor {
  const [, , rows, columns] = x.shape;
  const [down, across] = [weightsTensor(rows, regions), weightsTensor(columns, regions)];
  return matmul(matmul(down, x), across, { transposeB: true });
}

/**
 * The adjoint of `regionMeans`: numbers for regions [N, C, R, R] to places [N, C, rows, columns], each times the weight that
 * the place has in the region's mean. So the sum over regions of number times mean is the sum over places of what is here
 * times the feature.
 */
export function toPlaces(x: Tensor, [rows, columns]: readonly [number, number]): Tensor {
  const regions = x.shape[2];
  const [down, across] = [weightsTensor(rows, regions), weightsTensor(columns, regions)];
  return matmul(matmul(down, x, { transposeA: true }), across);
}

const weightsTensor = (places: number, regions: number) =>
  constant(regionWeights(places, regions), [1, 1, regions, places]);

/** Weights [regions, places] of places along an axis in each region's mean; each row has sum 1. */
export function regionWeights(places: number, regions: number): Float32Array {
  const weights = new Float32Array(regions * places);
  for (let region = 0; region < regions; region++) {
    const row = Array.from({ length: places }, (_, place) => {
      // Where the place's middle lies, in regions' centres, kept between the first and the last.
      const at = Math.min(regions - 1, Math.max(0, ((place + 0.5) * regions) / places - 0.5));
      return Math.max(0, 1 - Math.abs(at - region));
    });
    const total = row.reduce((before, weight) => before + weight, 0);
    weights.set(
      row.map((weight) => weight / total),
      region * places,
    );
  }
  return weights;
}
