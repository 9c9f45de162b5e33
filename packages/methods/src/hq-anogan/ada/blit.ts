/**
 * @file Mirroring, quarter turns and whole shifts: pixels change places and keep their values. (The source sends them
 * through the wavelet resampling with the rest, which blurs what it need not.)
 */
import { reshape, type Tensor } from "@hale/autodiff";
import { gatherPlanes } from "./sampling.ts";
import type { Transformation } from "./transforms.ts";
import { reflect } from "./wavelets.ts";

/** For each pixel of the result, row by row, the index of the pixel whose value it takes. */
export function blitIndices({ flip, turns, shift }: Transformation, size: number): Float32Array {
  const [right, down] = shift.map((share) => Math.round(share * size));
  const last = size - 1;
  const indices = new Float32Array(size * size);
  // Backwards from the result: the shift, then the turns, then the mirror.
  for (let row = 0; row < size; row++) {
    const y = reflect(row - down, size);
    for (let column = 0; column < size; column++) {
      const x = reflect(column - right, size);
      const fromRow = turns === 0 ? y : turns === 1 ? last - x : turns === 2 ? last - y : x;
      const turned = turns === 0 ? x : turns === 1 ? y : turns === 2 ? last - x : last - y;
      indices[row * size + column] = fromRow * size + (flip ? last - turned : turned);
    }
  }
  return indices;
}

/** Images [N, C, R, R] with their pixels moved; `indices` [N, R·R] are as from `blitIndices`. */
export function blit(images: Tensor, indices: Tensor): Tensor {
  const [n, c, height, width] = images.shape;
  return reshape(gatherPlanes(reshape(images, [n, c, height * width]), indices), images.shape);
}
