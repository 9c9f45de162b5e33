/** @file Pictures for the tests of this folder: smooth ones of any size, and the mosaic of the methods' checklist. */
import fc from "fast-check";
import type { ImageShape, Superpixels } from "./shape.ts";

export interface Picture {
  image: Float32Array;
  shape: ImageShape;
}

/** One wave of a smooth picture: cycles over the width and the height, and where it starts, in cycles. */
export type Wave = [across: number, down: number, phase: number];

/** The mean of sine waves in [0, 1], [C, H, W]; each channel has its own phases. */
export function smoothPicture(width: number, height: number, channels: 1 | 3, waves: Wave[]): Picture {
  const image = new Float32Array(channels * height * width);
  for (let c = 0, at = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        let sum = 0;
        for (const [across, down, phase] of waves) {
          sum += 0.5 + 0.5 * Math.sin(2 * Math.PI * ((across * x) / width + (down * y) / height + phase * (1 + c)));
        }
        image[at] = sum / waves.length;
      }
    }
  }
  return { image, shape: { width, height, channels } };
}

/** Smooth pictures of 1 … 41 pixels a side, grey and RGB, each with a number of segments that it can be cut into. */
export const anyPicture: fc.Arbitrary<Picture & { segments: number }> = fc
  .record({
    width: fc.integer({ min: 1, max: 41 }),
    height: fc.integer({ min: 1, max: 41 }),
    channels: fc.constantFrom<1 | 3>(1, 3),
    waves: fc.array(
      fc.tuple(
        fc.double({ min: -4, max: 4, noNaN: true }),
        fc.double({ min: -4, max: 4, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    // Few segments are the usual case; the share is squared so that they come often.
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ width, height, channels, waves, share }) => ({
    ...smoothPicture(width, height, channels, waves),
    segments: Math.max(1, Math.round(share * share * width * height)),
  }));

/** Sixteen flat tiles of 16 × 16 pixels, 4 × 4 of them, no two alike. */
export function mosaic(channels: 1 | 3): Picture {
  const image = new Float32Array(channels * 4096);
  for (let p = 0; p < 4096; p++) {
    const tile = 4 * (p >> 10) + ((p & 63) >> 4);
    // Neighbouring tiles differ by 0.3 or more in brightness, and in colour too.
    for (let c = 0; c < channels; c++) image[c * 4096 + p] = ((tile * (5 + 2 * c)) % 16) / 15;
  }
  return { image, shape: { width: 64, height: 64, channels } };
}

/** The number of 4-connected pieces of each label, by a walk that shares nothing with the code under test. */
export function piecesByLabel({ labels, count }: Superpixels, width: number): number[] {
  const pieces = new Array<number>(count).fill(0);
  const open = new Set(labels.keys());
  for (const first of labels.keys()) {
    if (!open.delete(first)) continue;
    pieces[labels[first]]++;
    const todo = [first];
    while (todo.length > 0) {
      const p = todo.pop() as number;
      const sides = [p - width, p + width, ...(p % width > 0 ? [p - 1] : []), ...((p + 1) % width > 0 ? [p + 1] : [])];
      for (const side of sides) if (labels[side] === labels[p] && open.delete(side)) todo.push(side);
    }
  }
  return pieces;
}

/** Pixels of each label. */
export function sizesOf({ labels, count }: Superpixels): number[] {
  const sizes = new Array<number>(count).fill(0);
  for (const label of labels) sizes[label]++;
  return sizes;
}
