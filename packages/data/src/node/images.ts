/**
 * @file Reads the images of a data set, one after the other, and says which could not be read. What the pictures are turned
 * into is up to the caller, so that large sets never sit in memory as rasters.
 */
import { HaleError, sha256Hex } from "@hale/core";
import { type PrepareOptions, prepare, type Raster, resizePlane } from "@hale/imaging";
import { readImage, readImageBytes, sharedReader } from "@hale/imaging/node";
import type { Item } from "../item.ts";
import { lesionPixels } from "../mask.ts";
import { type ReadImages, type ReadItem, type ReadItemsOptions, readItems } from "../read-items.ts";
import { type ImageStore, keepNothing, type StoredPicture } from "./image-store.ts";
import { identityOf, openMask, openScan, readSlice } from "./open-scan.ts";

export interface ReadOptions extends ReadItemsOptions {
  /** Where decoded files are kept, so that a later step finds them; the last scan alone if missing. */
  store?: ImageStore;
  /** Whether plain pictures are kept too, where a store keeps those that are asked for. */
  keep?: boolean;
}

/**
 * Reads each item and turns its raster into a T; `identity` gives the SHA-256 of what it was read from. Of a volume each
 * slice is read by itself, and one volume is in memory at a time. Throws IMAGE_CORRUPT naming every unreadable image
 * unless `corrupt` is "skip", and DATASET_EMPTY when none is left.
 */
export async function readImages<T>(
  items: readonly Item[],
  turn: (raster: Raster, identity: () => Promise<string>, item: Item) => T | Promise<T>,
  options: ReadOptions = {},
): Promise<ReadImages<T>> {
  const { store = keepNothing(), keep = store.allPictures } = options;
  return readItems(
    items,
    (item) => readItem(item, store, keep),
    ({ raster, identity }, item) => turn(raster, identity, item),
    options,
  );
}

interface HashedItem extends ReadItem {
  identity: () => Promise<string>;
}

async function readItem(item: Item, store: ImageStore, keep: boolean): Promise<HashedItem> {
  if (item.scan) {
    const { scan } = item;
    if (scan.fault) throw new HaleError("IMAGE_CORRUPT", scan.fault, "Repair the mask, or remove it from its line.");
    const slice = await readSlice(item, scan, store);
    return { ...slice, identity: () => identityOf(item.file, `${scan.input.slices.axis} ${scan.index}`, store) };
  }
  const { raster, sha256 } = await store.pictures.of(item.file, () => readPicture(item, keep), keep);
  return { raster, identity: sha256, notNumbers: 0 };
}

async function readPicture({ file, path }: Item, keep: boolean): Promise<StoredPicture> {
  const bytes = await readImageBytes(file, path);
  const raster = await sharedReader().picture({ bytes }, path);
  if (!keep) return { raster, sha256: () => sha256Hex(bytes) };
  // Its file's bytes are not kept along.
  const sha256 = await sha256Hex(bytes);
  return { raster, sha256: async () => sha256 };
}

/** Images prepared for a network: CHW, [channels, size, size], in [-1, 1]. Throws what `readImages` throws. */
export function loadImages(
  items: readonly Item[],
  options: PrepareOptions & ReadOptions,
): Promise<ReadImages<Float32Array>> {
  return readImages(items, (raster) => prepare(raster, options), options);
}

/**
 * The lesion mask of an item as [size, size] of 0 and 1 (1 where at least half of the pixel is marked), null without
 * one. What is marked: mask.ts. Throws what reading an image throws.
 */
export async function loadMask(
  item: Item,
  size: number,
  store: ImageStore = keepNothing(),
): Promise<Uint8Array | null> {
  if (item.mask === null) return null;
  const name = `mask of ${item.path}`;
  if (item.scan) {
    const sliced = await openScan(item.file, item.scan.path, item.scan.input, store);
    const mask = (await openMask(item.mask, `mask of ${item.scan.path}`, sliced, store)).picture(item.scan.index);
    const { fullWidth, fullHeight } = sliced.frame;
    return Uint8Array.from(resizePlane(mask, fullWidth, fullHeight, size, size), (share) => (share >= 0.5 ? 1 : 0));
  }
  const picture = await readImage(item.mask, name);
  const { width, height } = picture;
  const marked = lesionPixels(picture);
  return Uint8Array.from(resizePlane(marked, width, height, size, size), (share) => (share >= 0.5 ? 1 : 0));
}
