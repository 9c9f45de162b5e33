/**
 * @file From the scans of a data set to its images: each slice that is looked at is an item of its own. The slices of a
 * volume share its patient and group (its own path, where neither is known), so that they are never torn apart.
 */
import { HaleError } from "@hale/errors";
import { defaultNormalisation, type ScanInput } from "@hale/imaging";
import { readScan } from "@hale/imaging/node";
import type { Dataset, DatasetInput, Item } from "../../dataset/item.ts";
import { invalid } from "../../dataset/manifest.ts";
import { parseSlicePath, slicePath } from "../../dataset/scan-names.ts";
import { openMask, openScan, stateOf } from "./open-scan.ts";

/** Settings that were asked for; what is missing is chosen. */
export type AskedInput = Partial<DatasetInput>;

/**
 * Settings for a data set's scans, complete: what is asked for, and defaults that fit the first normal scan of train (by path).
 * Undefined where there are no scans. Throws what reading that scan throws.
 */
export async function completeInput(
  dataset: Pick<Dataset, "items">,
  scans: ReadonlySet<Item>,
  asked: AskedInput = {},
): Promise<DatasetInput | undefined> {
  const candidates = dataset.items.filter((item) => scans.has(item));
  if (candidates.length === 0) return undefined;
  const learnt = candidates.filter((item) => item.split === "train" && item.label === 0);
  const [first] = [...(learnt.length > 0 ? learnt : candidates)].sort((a, b) => (a.path < b.path ? -1 : 1));
  const needsLook = asked.normalisation === undefined || asked.slices === undefined;
  const scan = needsLook ? await readScan(first.file, parseSlicePath(first.path)?.scan ?? first.path) : null;
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

interface Expansion {
  single: boolean;
  indices: readonly number[];
  /** Whether something is marked on each; null without a mask. */
  marked: readonly boolean[] | null;
}

/** What was found in scans that have not changed since: a data set is looked through by several steps of one command. */
const KNOWN = new Map<string, Expansion>();

/**
 * The data set with slices in place of its scans. A scan that cannot be read stays as one item, which the reading of
 * images then names. Throws DATASET_INVALID where plain pictures and scans are mixed, or a mask does not fit.
 */
export async function expandScans(
  dataset: Dataset,
  scans: ReadonlySet<Item>,
  settings: DatasetInput,
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
  for (const [done, item] of dataset.items.entries()) {
    for (const slice of await slicesOf(item, input)) {
      const plain = slice.label === 1 && slice.marked === false;
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
  return { ...dataset, items, warnings, input: settings, ...(left.length > 0 && { unmarked: left }) };
}

/** Sentences of the data set that counted scans before they became slices. */
const wordsForScans = (warning: string) => warning.replace(/^(\d+) images /, "$1 scans ");

interface Slice {
  index: number;
  single: boolean;
  label: Item["label"];
  marked: boolean | null;
}

async function slicesOf(item: Item, input: ScanInput): Promise<Slice[]> {
  const named = parseSlicePath(item.path);
  const path = named?.scan ?? item.path;
  if (named && named.axis !== input.slices.axis) {
    throw new HaleError(
      "DATASET_INVALID",
      `${item.path} is a ${named.axis} slice, and the slices asked for are ${input.slices.axis}.`,
      `Use --slices ${named.axis}.`,
    );
  }
  const states = [await stateOf(item.file), item.mask === null ? "" : await stateOf(item.mask)];
  const key = JSON.stringify([...states, named?.index, item.label, input]);
  let found = KNOWN.get(key);
  try {
    found ??= await lookInto(item, path, named?.index ?? null, input);
  } catch (error) {
    if (!(error instanceof HaleError) || !/^(IMAGE|FILE)_/.test(error.code)) throw error;
    // Not remembered: the reading of images meets the same error and names it.
    return [{ index: 0, single: true, label: item.label, marked: null }];
  }
  KNOWN.set(key, found);
  const { indices, marked, single } = found;
  return indices.map((index, i) => ({ index, single, label: item.label, marked: marked?.[i] ?? null }));
}

async function lookInto(item: Item, path: string, only: number | null, input: ScanInput): Promise<Expansion> {
  const sliced = await openScan(item.file, path, input);
  // A slice that is named is looked at, whatever the range.
  if (only !== null) sliced.stack.plane(only);
  const indices = only === null ? sliced.indices : [only];
  const mask = item.label === 1 && item.mask !== null ? await openMask(item.mask, `mask of ${path}`, sliced) : null;
  return { single: sliced.stack.count === 1, indices, marked: mask && indices.map((index) => mask.marks(index)) };
}

function itemOf(item: Item, { index, single, label }: Slice, input: ScanInput): Item {
  const path = parseSlicePath(item.path)?.scan ?? item.path;
  return {
    ...item,
    path: single ? path : slicePath({ scan: path, axis: input.slices.axis, index }),
    // A patient keeps slices together already, and other volumes of the same patient with them.
    group: item.group ?? (item.patient === null && !single ? path : null),
    scan: { path, index, single, label, input },
  };
}
