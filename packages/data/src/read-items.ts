/** @file Goes through the items of a data set and says which could not be read. How one is read is up to the place. */
import { HaleError, isUnreadableImage } from "@hale/core";
import type { Raster } from "@hale/imaging";
import type { Item } from "./item.ts";

export interface Skipped {
  path: string;
  reason: string;
}

export interface ReadImages<T> {
  /** The items that could be read, in order; `images[i]` belongs to `items[i]`. */
  items: Item[];
  images: T[];
  skipped: Skipped[];
  /** Scans with samples that were NaN or infinite, and were taken as background. */
  notNumbers: { path: string; samples: number }[];
}

export interface ReadItem {
  raster: Raster;
  /** Samples of its scan that were no numbers. */
  notNumbers: number;
}

export interface ReadItemsOptions {
  /** What a damaged image does: refuse the whole set, naming all of them (default), or be left out and reported. */
  corrupt?: "refuse" | "skip";
  /** Called after each image with the number done and the total. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Reads each item and turns it into a T, one after the other. Throws IMAGE_CORRUPT naming every unreadable image unless
 * `corrupt` is "skip", and DATASET_EMPTY when none is left.
 */
export async function readItems<T, Read extends ReadItem>(
  items: readonly Item[],
  read: (item: Item) => Promise<Read>,
  turn: (read: Read, item: Item) => T | Promise<T>,
  { corrupt = "refuse", onProgress }: ReadItemsOptions = {},
): Promise<ReadImages<T>> {
  const result: ReadImages<T> = { items: [], images: [], skipped: [], notNumbers: [] };
  const odd = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    try {
      const one = await read(item);
      if (one.notNumbers > 0) odd.set(item.scan!.path, (odd.get(item.scan!.path) ?? 0) + one.notNumbers);
      result.images.push(await turn(one, item));
      result.items.push(item);
    } catch (error) {
      if (!isUnreadableImage(error)) throw error;
      result.skipped.push({ path: item.path, reason: error.fault });
    }
    onProgress?.(index + 1, items.length);
  }
  result.notNumbers = [...odd].map(([path, samples]) => ({ path, samples }));
  const { skipped } = result;
  if (skipped.length > 0 && (corrupt === "refuse" || result.items.length === 0)) {
    const reasons = skipped.map(({ reason }) => reason).join(" ");
    throw new HaleError(
      corrupt === "refuse" ? "IMAGE_CORRUPT" : "DATASET_EMPTY",
      `${skipped.length} of ${items.length} images cannot be read. ${reasons}`,
      corrupt === "refuse" ? "Repair or remove them, or ask for them to be skipped." : "Check the data set.",
      corrupt === "refuse" ? { setting: "corrupt" } : {},
    );
  }
  return result;
}
