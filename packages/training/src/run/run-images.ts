/** @file The images of a run, read and prepared part by part, and what was odd about them. */
import { HaleError } from "@hale/core";
import type { Item, ReadImages, Skipped } from "@hale/data";
import { prepare, type Raster } from "@hale/imaging";
import { type Method, methods } from "@hale/methods";
import type { Partition } from "../partition.ts";
import { look, noLooks, type RunLooks } from "./run-looks.ts";
import type { RunSettings } from "./run-settings.ts";

/** Where the pictures of a data set's items come from. */
export interface ImageSource {
  /** Turns the raster of each item into a T. Throws what `readImages` of the data set's place throws. */
  read<T>(
    items: readonly Item[],
    turn: (raster: Raster, item: Item) => T | Promise<T>,
    options: {
      corrupt: "refuse" | "skip";
      /** Whether these will be read again. */
      keep?: boolean;
      onProgress?: (done: number, total: number) => void;
    },
  ): Promise<ReadImages<T>>;
  /** Gives up what is kept of other files than these. */
  keepOnly(files: readonly string[]): void;
}

/** Images [C, S, S] in [-1, 1]; `images[i]` belongs to `items[i]`. */
export interface ItemImages {
  items: readonly Item[];
  images: readonly Float32Array[];
}

export interface RunImages {
  train: ItemImages;
  /** Empty for a method that makes no use of them. */
  unlabelled: ItemImages;
  selection: ItemImages;
  threshold: ItemImages;
  looks: RunLooks;
  skipped: Skipped[];
  /** Sentences about samples that were not finite. */
  notes: string[];
}

type ReadSettings = Pick<RunSettings, "size" | "channels" | "corrupt">;

/**
 * Reads the images of all parts. Those that set the threshold stay with the source. Throws DATASET_INVALID where the method needs
 * unlabelled images and there are none, and what the source throws.
 */
export async function readRunImages(
  parts: Partition,
  { name, learning, needsUnlabelled }: Pick<Method, "name" | "learning" | "needsUnlabelled">,
  { size, channels, corrupt }: ReadSettings,
  source: ImageSource,
  onProgress?: (done: number, total: number) => void,
): Promise<RunImages> {
  // By gradient, checkpoints are selected by them even where nothing is learnt from them.
  const pool = learning === "gradient" || needsUnlabelled ? parts.unlabelled : [];
  const total = parts.train.length + pool.length + parts.selection.length + parts.threshold.length;
  const skipped: Skipped[] = [];
  const notes: string[] = [];
  const looks = noLooks();
  let read = 0;
  const load = async (items: readonly Item[], keep?: boolean): Promise<ItemImages> => {
    if (items.length === 0) return { items, images: [] };
    const start = read;
    const result = await source.read(
      items,
      async (raster, item) => {
        await look(looks, raster, item);
        return prepare(raster, { size, channels });
      },
      { corrupt, keep, onProgress: (done) => onProgress?.(start + done, total) },
    );
    read += items.length;
    skipped.push(...result.skipped);
    for (const { path, samples } of result.notNumbers)
      notes.push(`${path} has ${samples} samples that are NaN or infinite; they are taken as background.`);
    return result;
  };
  const train = await load(parts.train);
  const unlabelled = await load(pool);
  const selection = await load(parts.selection);
  // The exported model scores these as they are in their files.
  const threshold = await load(parts.threshold, true);
  source.keepOnly(threshold.items.map(({ file }) => file));
  if (needsUnlabelled && unlabelled.images.length === 0) {
    throw new HaleError(
      "DATASET_INVALID",
      `${name} learns from unlabelled images too, and the data set has none.`,
      `Add an unlabelled/ folder, or rows with an empty label; or choose a method that learns from normals alone: ${withoutUnlabelled().join(", ")}.`,
    );
  }
  return { train, unlabelled, selection, threshold, looks, skipped, notes };
}

const withoutUnlabelled = () =>
  [...methods.values()].filter(({ needsUnlabelled }) => !needsUnlabelled).map(({ name }) => name);
