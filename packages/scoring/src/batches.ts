/**
 * @file Which images go through the network together: those of equal size, in the order in which they come. What is in a
 * batch follows from order and sizes alone, never from time.
 */
import { MOST_IMAGES } from "@hale/detector";

/** Most targets between the first image that waits for others of its size and the one looked at. */
export const WINDOW = 4 * MOST_IMAGES;

/** An image as far as batches are concerned. */
export interface Size {
  width: number;
  height: number;
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
