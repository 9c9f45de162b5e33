/**
 * @file From the scans of a data set to its images: each slice that is looked at is an item of its own. The slices of a
 * volume share its patient and group (its own path, where neither is known), so that they are never torn apart.
 */
import { HaleError, isUnreadableImage } from "@hale/core";
import { defaultNormalisation, type Scan, type ScanInput, type SlicedScan } from "@hale/imaging";
import type { AskedInput, Dataset, DatasetInput, Item, ItemScan } from "../item.ts";
import { invalid } from "../manifest.ts";
import { filePartOf, parseSlicePath, slicePath } from "../scan-names.ts";
import { type Expansion, type ImageStore, stateOf } from "./image-store.ts";
import { openMask, openScan, readStoredScan } from "./open-scan.ts";

/**
 * Settings for a data set's scans, complete: what is asked for, and defaults that fit the first normal scan of train (by path)
 * that can be read; damaged ones are named by whoever reads the images. Undefined where there are no scans. Throws what reading
 * the first scan throws where none can be read.
 */
export async function completeInput(
  dataset: Pick<Dataset, "items">,
  scans: ReadonlySet<Item>,
  asked: AskedInput,
  store: ImageStore,
): Promise<DatasetInput | undefined> {
  const candidates = dataset.items.filter((item) => scans.has(item));
  if (candidates.length === 0) return undefined;
  const learnt = candidates.filter((item) => item.split === "train" && item.label === 0);
  const ordered = [...(learnt.length > 0 ? learnt : candidates)].sort((a, b) => (a.path < b.path ? -1 : 1));
  const needsLook = asked.normalisation === undefined || asked.slices === undefined;
  const scan = needsLook ? await firstReadable(ordered, store) : null;
  const axis = scan && scan.affine === null ? "stored" : "axial";
  return {
    normalisation: asked.normalisation ?? defaultNormalisation(scan!),
    slices: asked.slices ?? { axis, unit: "share", from: 0, to: 1 },
    leastForeground: asked.leastForeground ?? 0,
    crop: asked.crop ?? null,
    square: asked.square ?? true,
    unmarked: asked.unmarked ?? "left-out",
  };
}

async function firstReadable(items: readonly Item[], store: ImageStore): Promise<Scan> {
  let fault: unknown;
  for (const { file, path } of items) {
    try {
      return await readStoredScan(file, filePartOf(path), store);
    } catch (error) {
      if (!isUnreadableImage(error)) throw error;
      fault ??= error;
    }
  }
  throw fault;
}

/**
 * The data set with slices in place of its scans. A scan that cannot be read, or whose mask cannot, stays as one item,
 * which the reading of images then names. Throws DATASET_INVALID where plain pictures and scans are mixed, or a mask does not fit.
 */
export async function expandScans(
  dataset: Dataset,
  scans: ReadonlySet<Item>,
  settings: DatasetInput,
  store: ImageStore,
  onProgress?: (done: number, total: number) => void,
): Promise<Dataset> {
  const { unmarked, ...input } = settings;
  const pictures = dataset.items.filter((item) => !scans.has(item));
  if (pictures.length > 0) {
    throw invalid(
      dataset.name,
      `${pictures.length} of ${dataset.items.length} images are plain pictures, such as ${pictures[0].path}, the others scans.`,
      "Give a data set of the one or of the other: their values have nothing in common.",
    );
  }
  const items: Item[] = [];
  const left: Item[] = [];
  const labels = labelsOfFiles(dataset.items);
  let unmasked = 0;
  for (const [done, item] of dataset.items.entries()) {
    const slices = await slicesOf(item, input, labels.get(filePartOf(item.path))!, store);
    if (item.label === 1 && item.mask === null && !parseSlicePath(item.path) && slices.length > 1) unmasked++;
    for (const slice of slices) {
      const plain = item.label === 1 && slice.marked === false;
      const made = itemOf(item, slice, input);
      if (!plain) items.push(made);
      else if (unmarked === "normal") items.push({ ...made, label: 0, class: "normal", mask: null });
      else left.push({ ...made, label: null });
    }
    onProgress?.(done + 1, dataset.items.length);
  }
  const warnings = dataset.warnings.map(wordsForScans);
  if (left.length > 0) {
    warnings.push(
      `${left.length} slices of abnormal volumes have no mark in their mask; they are neither normal nor abnormal and serve whole volumes only.`,
    );
  }
  if (unmasked > 0) {
    warnings.push(
      `${unmasked} abnormal volumes have no mask: all of their slices count as abnormal, those that show nothing as well.`,
    );
  }
  return { ...dataset, items, warnings, input: settings, ...(left.length > 0 && { unmarked: left }) };
}

/** Sentences of the data set that counted scans before they became slices. */
const wordsForScans = (warning: string) => warning.replace(/^(\d+) images /, "$1 scans ");

/** Of whole files: abnormal where one row is, unknown where one is, and else normal. */
function labelsOfFiles(items: readonly Item[]): Map<string, Item["label"]> {
  const labels = new Map<string, Item["label"]>();
  for (const { path, label } of items) {
    const file = filePartOf(path);
    const before = labels.get(file);
    labels.set(file, before === undefined || label === 1 || before === 0 ? label : before);
  }
  return labels;
}

/** What becomes one item; the label is that of the whole file. */
interface Slice extends Pick<ItemScan, "index" | "single" | "label" | "partial" | "fault"> {
  marked: boolean | null;
}

async function slicesOf(item: Item, input: ScanInput, label: Item["label"], store: ImageStore): Promise<Slice[]> {
  const named = parseSlicePath(item.path);
  const path = named?.scan ?? item.path;
  if (named && named.axis !== input.slices.axis) {
    throw new HaleError(
      "DATASET_INVALID",
      `${item.path} is a ${named.axis} slice, and the slices asked for are ${input.slices.axis}.`,
      `Ask for ${named.axis} slices.`,
      { setting: "slices" },
    );
  }
  const states = [await stateOf(item.file), item.mask === null ? "" : await stateOf(item.mask)];
  const key = JSON.stringify([...states, named?.index, item.label, input]);
  const partial = named !== null && { partial: true as const };
  // Not remembered: whoever reads the images meets the fault and names it.
  const unusable = { index: named?.index ?? 0, single: named === null, label, marked: null, ...partial };
  let found = store.expansions.get(key);
  if (!found) {
    let sliced: SlicedScan;
    try {
      sliced = await openScan(item.file, path, input, store);
      // A slice that is named is looked at, whatever the range.
      if (named) sliced.stack.plane(named.index);
    } catch (error) {
      if (!isUnreadableImage(error)) throw error;
      return [unusable];
    }
    try {
      found = await lookInto(item, path, named ? [named.index] : sliced.indices, sliced, store);
    } catch (error) {
      // Without its mask nothing is known of its slices: it is no image of which something is known.
      if (!isUnreadableImage(error)) throw error;
      return [{ ...unusable, fault: error.fault }];
    }
    store.expansions.set(key, found);
  }
  const { indices, marked, single } = found;
  return indices.map((index, i) => ({ index, single, label, marked: marked?.[i] ?? null, ...partial }));
}

async function lookInto(
  item: Item,
  path: string,
  indices: readonly number[],
  sliced: SlicedScan,
  store: ImageStore,
): Promise<Expansion> {
  const mask =
    item.label === 1 && item.mask !== null ? await openMask(item.mask, `mask of ${path}`, sliced, store) : null;
  return { single: sliced.stack.count === 1, indices, marked: mask && indices.map((index) => mask.marks(index)) };
}

function itemOf(item: Item, { marked: _, ...slice }: Slice, input: ScanInput): Item {
  const path = filePartOf(item.path);
  const { index, single } = slice;
  return {
    ...item,
    path: single ? path : slicePath({ scan: path, axis: input.slices.axis, index }),
    // A patient keeps slices together already, and other volumes of the same patient with them.
    group: item.group ?? (item.patient === null && !single ? path : null),
    scan: { path, ...slice, input },
  };
}
