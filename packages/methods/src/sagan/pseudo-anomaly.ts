/**
 * @file Pseudo-anomalies: a box of a normal image, blended with the same box of another normal image.
 */
import type { Random } from "@hale/core";

export interface Box {
  top: number;
  left: number;
  /** One past the last row and column. */
  bottom: number;
  right: number;
}

/**
 * A random box inside an image of side S: its centre in the middle 60 %, its half-width between 5 and 20 % of S,
 * clipped to the image (at S = 64 it never needs to be).
 */
export function randomBox(size: number, random: Random): Box {
  const low = Math.floor(0.2 * size);
  const high = Math.floor(0.8 * size);
  const row = random.integer(low, high);
  const column = random.integer(low, high);
  const half = random.integer(Math.round(0.05 * size), Math.round(0.2 * size));
  const clip = (value: number) => Math.min(size, Math.max(0, value));
  return { top: clip(row - half), left: clip(column - half), bottom: clip(row + half), right: clip(column + half) };
}

/** `target` with the box replaced by (1-α)·target + α·source; all channels [C, S, S] share box and α. */
export function pasteBox(
  target: Float32Array,
  source: Float32Array,
  size: number,
  box: Box,
  alpha: number,
): Float32Array {
  const result = target.slice();
  const plane = size * size;
  for (let start = 0; start < target.length; start += plane) {
    for (let row = box.top; row < box.bottom; row++) {
      for (let column = box.left; column < box.right; column++) {
        const at = start + row * size + column;
        result[at] = (1 - alpha) * target[at] + alpha * source[at];
      }
    }
  }
  return result;
}
