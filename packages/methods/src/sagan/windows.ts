/**
 * @file Windows: SAGAN cuts an image into a grid of equal windows, restores each by itself and puts them together again.
 * Raster order; the windows of image b are the batch rows g²·b .. g²·b + g² - 1.
 */
import { reshape, type Tensor, transpose } from "@hale/autodiff";

/** [N, C, S, S] to [N·g², C, S/g, S/g]. */
export function splitWindows(x: Tensor, grid: number): Tensor {
  const [n, c, h, w] = x.shape;
  const cells = reshape(x, [n, c, grid, h / grid, grid, w / grid]);
  return reshape(transpose(cells, [0, 2, 4, 1, 3, 5]), [n * grid * grid, c, h / grid, w / grid]);
}

/** [N·g², C, s, s] to [N, C, g·s, g·s]: the inverse of `splitWindows`. */
export function joinWindows(x: Tensor, grid: number): Tensor {
  const [rows, c, h, w] = x.shape;
  const n = rows / (grid * grid);
  const cells = reshape(x, [n, grid, grid, c, h, w]);
  return reshape(transpose(cells, [0, 3, 1, 4, 2, 5]), [n, c, h * grid, w * grid]);
}

/** Number of bits of a position code: ⌊log2 g²⌋ + 1. */
export function codeBits(grid: number): number {
  return Math.floor(Math.log2(grid * grid)) + 1;
}

/** The window's index in binary, most significant bit first, a row a window: [g², bits]. */
export function positionCodes(grid: number): number[][] {
  const bits = codeBits(grid);
  return Array.from({ length: grid * grid }, (_, window) =>
    Array.from({ length: bits }, (_, bit) => (window >> (bits - 1 - bit)) & 1),
  );
}
