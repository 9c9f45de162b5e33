/**
 * @file Brightness, contrast, luma flip, hue and saturation, composed into one matrix and one offset an image.
 */
import { add, matmul, mul, reshape, type Tensor } from "@hale/autodiff";
import type { Transformation } from "./transforms.ts";

/** Rows of a 3x3 matrix. */
type Matrix = readonly (readonly number[])[];

const multiply = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((total, v, k) => total + v * b[k][j], 0)));

const eachEntry = (entry: (i: number, j: number) => number): Matrix =>
  [0, 1, 2].map((i) => [0, 1, 2].map((j) => entry(i, j)));

/** Turns by `angle` around the grey axis (1,1,1)/√3, by Rodrigues' formula. */
function turnHue(angle: number): Matrix {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return eachEntry((i, j) => {
    const across = i === j ? 0 : ((j - i + 3) % 3 === 1 ? -1 : 1) / Math.sqrt(3);
    return (i === j ? cos : 0) + (1 - cos) / 3 + sin * across;
  });
}

/**
 * Matrix [C·C] and offset [C] of y = matrix·x + offset, for C of 1 or 3: brightness first, then contrast, luma flip, hue
 * and saturation. Grey is all three channels alike, and their mean: the luma flip becomes x → -x.
 */
export function colourMap(
  { brightness, contrast, lumaFlip, hue, saturation }: Transformation,
  channels: number,
): { matrix: Float32Array; offset: Float32Array } {
  let matrix: Matrix = eachEntry((i, j) => (i === j ? contrast : 0));
  // A reflection along the grey axis: light and dark change places, colours stay.
  if (lumaFlip)
    matrix = multiply(
      eachEntry((i, j) => (i === j ? 1 : 0) - 2 / 3),
      matrix,
    );
  if (hue !== 0) matrix = multiply(turnHue(hue), matrix);
  if (saturation !== 1) {
    matrix = multiply(
      eachEntry((i, j) => (i === j ? saturation : 0) + (1 - saturation) / 3),
      matrix,
    );
  }
  const sums = matrix.map((row) => row.reduce((total, v) => total + v, 0));
  if (channels === 3) {
    return { matrix: Float32Array.from(matrix.flat()), offset: Float32Array.from(sums, (v) => v * brightness) };
  }
  const gain = (sums[0] + sums[1] + sums[2]) / 3;
  return { matrix: Float32Array.of(gain), offset: Float32Array.of(gain * brightness) };
}

/** Images [N, C, R, R] with `matrix` [N, C·C] and `offset` [N, C] applied to every pixel. */
export function recolour(images: Tensor, matrix: Tensor, offset: Tensor): Tensor {
  const [n, c, height, width] = images.shape;
  const shift = reshape(offset, [n, c, 1, 1]);
  if (c === 1) return add(mul(images, reshape(matrix, [n, 1, 1, 1])), shift);
  const mixed = matmul(reshape(matrix, [n, c, c]), reshape(images, [n, c, height * width]));
  return add(reshape(mixed, images.shape), shift);
}
