/** @file Checks a data set on disk: reads every image once and hands what it saw to the browser-safe checks. */
import type { DatasetCheck } from "../check.ts";
import { checkOf, evidenceOf } from "../evidence.ts";
import type { SplitOptions } from "../split.ts";
import { type ReadOptions, readImages } from "./images.ts";
import { type LoadOptions, type OpenedDataset, openDataset } from "./load.ts";

export interface CheckOptions extends SplitOptions {
  /** How scans become images; what is missing is chosen to fit the first one. */
  input?: LoadOptions["input"];
  corrupt?: ReadOptions["corrupt"];
  /** False leaves out the search for near copies, the only slow part: for 2,000 images half a minute, or minutes where all look alike. */
  nearCopies?: boolean;
  onProgress?: (stage: "reading" | "comparing", done: number, total: number) => void;
}

/**
 * Counts, leaks and controls of the data set at `path`. Controls run on the labelled test images, or on all labelled
 * val and test images when test lacks a class. Throws what `loadDataset` and `readImages` throw.
 */
export async function checkDataset(path: string, options: CheckOptions = {}): Promise<DatasetCheck> {
  const { fractions, seed, input } = options;
  return checkOpened(await openDataset(path, { fractions, seed, input }), options);
}

/** The same of a data set that is open. Throws what `readImages` throws. */
export async function checkOpened(
  { dataset, store }: Pick<OpenedDataset, "dataset" | "store">,
  { corrupt, nearCopies = true, onProgress }: Omit<CheckOptions, "input" | keyof SplitOptions> = {},
): Promise<DatasetCheck> {
  const look = evidenceOf(dataset, nearCopies);
  const read = await readImages(dataset.items, look, {
    corrupt,
    store,
    onProgress: (done, total) => onProgress?.("reading", done, total),
  });
  return checkOf(dataset, read, { nearCopies, onProgress: (done, total) => onProgress?.("comparing", done, total) });
}
