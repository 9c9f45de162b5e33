/**
 * @file Features [N, C, H, W] over regions, a grid of parts of the image: their means, and the way back from a number for
 * each region to one for each place. Regions need not divide the features' grid evenly.
 */
import { constant, matmul, type Tensor } from "@hale/autodiff";

/** The region, of `regions` along an axis, that a place of `places` lies in. */
const regionOf = (place: number, places: number, regions: number) => Math.floor((place * regions) / places);

/** Means over regions: x [N, C, H, W], H and W at least `regions`, to [N, C, regions, regions]. */
export function regionMeans(x: Tensor, regions: number): Tensor {
  const [, , rows, columns] = x.shape;
  return onBothAxes(x, meansMatrix(rows, regions), meansMatrix(columns, regions), [regions, regions]);
}

/** Each region's number at each of its places: x [N, C, R, R] to [N, C, rows, columns]. */
export function spread(x: Tensor, [rows, columns]: readonly [number, number]): Tensor {
  const regions = x.shape[2];
  return onBothAxes(x, placesMatrix(rows, regions), placesMatrix(columns, regions), [rows, columns]);
}

/** left · x · rightᵀ for left [rows, H] and right [columns, W]. */
function onBothAxes(x: Tensor, left: Float32Array, right: Float32Array, [rows, columns]: readonly [number, number]) {
  const [, , height, width] = x.shape;
  const product = matmul(constant(left, [1, 1, rows, height]), x);
  return matmul(product, constant(right, [1, 1, columns, width]), { transposeB: true });
}

/** [regions, places]. */
function meansMatrix(places: number, regions: number): Float32Array {
  const of = Array.from({ length: places }, (_, place) => regionOf(place, places, regions));
  return Float32Array.from({ length: regions * places }, (_, at) => {
    const region = Math.floor(at / places);
    return of[at % places] === region ? 1 / of.filter((one) => one === region).length : 0;
  });
}

/** [places, regions]. */
function placesMatrix(places: number, regions: number): Float32Array {
  return Float32Array.from({ length: places * regions }, (_, at) =>
    Number(regionOf(Math.floor(at / regions), places, regions) === at % regions),
  );
}
