/** @file The words of a data set: one item per image, and the cluster that it may not be torn from. */

export type Split = "train" | "val" | "test";
export const SPLITS: readonly Split[] = ["train", "val", "test"];

/** One image of a data set. */
export interface Item {
  /** As given: relative to the root of the data set, with forward slashes. */
  path: string;
  /** Absolute, for reading; equals `path` where there are no files (in the browser). */
  file: string;
  /** 0 normal, 1 abnormal, null unlabelled. */
  label: 0 | 1 | null;
  /** "normal", "abnormal" or the kind of abnormality; "" when unknown. */
  class: string;
  split: Split;
  /** Pseudonymous patient, null when unknown. */
  patient: string | null;
  /** Joins images that belong together (one patient, near copies); null when unknown. */
  group: string | null;
  /** Absolute path of the lesion mask, null without one. */
  mask: string | null;
}

export interface Dataset {
  /** Last part of the path. */
  name: string;
  /** Absolute folder that paths are relative to. */
  root: string;
  items: Item[];
  /** Sentences for the user about what is odd but usable. */
  warnings: string[];
}

/** An item before it has a side, and before its files were looked for; paths relative to the root. */
export interface Row {
  path: string;
  label: 0 | 1 | null;
  class: string;
  split: Split | null;
  patient: string | null;
  group: string | null;
  mask: string | null;
}

/** What an item must be kept together with: its group, else its patient, else only itself. */
export function clusterOf(item: Pick<Item, "group" | "patient" | "path">): string {
  if (item.group !== null) return `group ${item.group}`;
  if (item.patient !== null) return `patient ${item.patient}`;
  return `image ${item.path}`;
}
