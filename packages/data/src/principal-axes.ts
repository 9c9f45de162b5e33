/**
 * @file Principal components of images, by the eigenvectors of their Gram matrix, which has the size of the set and not of an
 * image.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Most images that components are found from; of more, as many evenly picked ones. */
const MOST_IMAGES = 1024;
/** Share of the largest eigenvalue below which a component is rounding. */
const LEAST_SHARE = 1e-9;

export interface PrincipalAxes {
  mean: Float64Array;
  /** Of length 1, the one of the largest variance first; no more than the images tell apart. */
  axes: Float64Array[];
}

/** At most `count` axes of images of one size; there is at least one image. */
export function principalAxes(images: readonly Float32Array[], count: number): PrincipalAxes {
  const step = Math.max(1, images.length / MOST_IMAGES);
  const picked = Array.from({ length: Math.floor(images.length / step) }, (_, i) => images[Math.floor(i * step)]);
  const mean = meanImage(picked);
  const centred = picked.map((image) => Float64Array.from(image, (value, i) => value - mean[i]));
  const size = centred.length;
  const gram = Matrix.zeros(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const value = dot(centred[i], centred[j]);
      gram.set(i, j, value);
      gram.set(j, i, value);
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const least = LEAST_SHARE * realEigenvalues[order[0]];
  const axes = order
    .slice(0, Math.min(count, size - 1))
    .filter((k) => realEigenvalues[k] > least)
    .map((k) => {
      const axis = new Float64Array(mean.length);
      for (let i = 0; i < size; i++) {
        const weight = eigenvectorMatrix.get(i, k) / Math.sqrt(realEigenvalues[k]);
        for (let p = 0; p < axis.length; p++) axis[p] += weight * centred[i][p];
      }
      return axis;
    });
  return { mean, axes };
}

export function meanImage(images: readonly Float32Array[]): Float64Array {
  const sum = new Float64Array(images[0].length);
  for (const image of images) for (let i = 0; i < sum.length; i++) sum[i] += image[i] / images.length;
  return sum;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
