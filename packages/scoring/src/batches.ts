/**
 * @file Which images go through the network together: those of equal size, in the order in which they come. Small ops cost
 * as much for one image as for several, so that a batch of eight takes about a fifth less of the processor than eight runs
 * (SAGAN at 64 x 64); large images and large networks gain nothing, and memory is that of a batch. What is in a batch
 * follows from order and sizes alone, never from time.
 */

/** Most images of a batch; more gained nothing that could be measured. */
const MOST_IMAGES = 8;
/** Most pixels of a batch as its images are stored, over all channels (32 MB of floats), and as the network sees them. */
const MOST_STORED = 2 ** 23;
const MOST_SEEN = 2 ** 17;
/** Most targets between the first image that waits for others of its size and the one looked at. */
export const WINDOW = 4 * MOST_IMAGES;

/** An image as far as batches are concerned. */
export interface Size {
  width: number;
  height: number;
}

/** Images of a batch, for a network that sees `channels` planes of `side` x `side`. */
export function batchSize({ width, height }: Size, channels: number, side: number): number {
  const stored = Math.floor(MOST_STORED / (width * height * channels));
  const seen = Math.floor(MOST_SEEN / (side * side));
  return Math.max(1, Math.min(MOST_IMAGES, stored, seen));
}

interface Group<T> {
  /** Number of the target that began it. */
  first: number;
  images: T[];
}

/** Gathers images into batches. Numbers of targets ascend. */
export class Batches<T> {
  private readonly waiting = new Map<string, Group<T>>();

  /** Adds an image of target `number`; returns the batch that it completes, or null. */
  add(image: T, size: Size, number: number, most: number): T[] | null {
    const key = `${size.width} ${size.height}`;
    const group = this.waiting.get(key) ?? { first: number, images: [] };
    group.images.push(image);
    if (group.images.length < most) {
      this.waiting.set(key, group);
      return null;
    }
    this.waiting.delete(key);
    return group.images;
  }

  /** Batches that have waited long enough once target `number` is there, the first to begin first. */
  overdue(number: number): T[][] {
    const due = [...this.waiting].filter(([, { first }]) => number - first >= WINDOW);
    for (const [key] of due) this.waiting.delete(key);
    return due.map(([, { images }]) => images);
  }

  /** All that wait, the first to begin first. */
  rest(): T[][] {
    const groups = [...this.waiting.values()].map(({ images }) => images);
    this.waiting.clear();
    return groups;
  }
}
