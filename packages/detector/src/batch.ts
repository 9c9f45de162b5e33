/**
 * @file How many images go through the network together. Small ops cost as much for one image as for several: a batch of
 * eight takes about a fifth less of the processor than eight runs (SAGAN at 64 x 64). Large images and large networks gain
 * nothing, and memory is that of a batch.
 */

/** Most images of a batch; more gained nothing that could be measured. */
export const MOST_IMAGES = 8;
/** Most pixels of a batch as its images are stored, over all channels (32 MB of floats), and as the network sees them. */
const MOST_STORED = 2 ** 23;
const MOST_SEEN = 2 ** 17;

/** Most images of a batch for a network that sees `side` x `side` pixels. */
export function mostImages(side: number): number {
  return Math.max(1, Math.min(MOST_IMAGES, Math.floor(MOST_SEEN / (side * side))));
}

/** Images of a batch, of the given size in pixels, for a network that sees `channels` planes of `side` x `side`. */
export function batchSize(width: number, height: number, channels: number, side: number): number {
  const stored = Math.floor(MOST_STORED / (width * height * channels));
  return Math.max(1, Math.min(stored, mostImages(side)));
}
