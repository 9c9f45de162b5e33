/** @file The words of a data set: one item per image, and the cluster that it may not be torn from. */
import type { ScanInput } from "@hale/imaging";

export type Split = "train" | "val" | "test";
export const SPLITS: readonly Split[] = ["train", "val", "test"];

/** What becomes of the slices of abnormal volumes on which the mask marks nothing. */
export type UnmarkedSlices = "left-out" | "normal";

/** How the scans of a data set become images. */
export interface DatasetInput extends ScanInput {
  unmarked: UnmarkedSlices;
}

/** Settings that were asked for; what is missing is chosen. */
export type AskedInput = Partial<DatasetInput>;

/** Where an image comes from that is cut out of a scan. */
export interface ItemScan {
  /** Of the scan, as given; slices of one scan share it. */
  path: string;
  /** Number of the slice. */
  index: number;
  /** Whether the scan has one image only; the item then has the scan's own path. */
  single: boolean;
  /** Of the whole scan, over all of its rows: abnormal where one is, normal only where all are. */
  label: 0 | 1 | null;
  /** How the scan becomes pictures. */
  input: ScanInput;
  /** Slices were listed one by one: the others are not in the data set, so that the volume is never whole. */
  partial?: true;
  /** Why the scan cannot be used though it can be read: its mask is damaged. Reading the image then fails with it. */
  fault?: string;
}

/** One image of a data set. */
export interface Item {
  /** As given: relative to the root of the data set, with forward slashes; of a slice `volume.nii.gz#axial:42`. */
  path: string;
  /** Absolute, for reading; equals `path` where there are no files (in the browser). Slices of one scan share it. */
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
  /** Missing for plain pictures. */
  scan?: ItemScan;
}

export interface Dataset {
  /** Last part of the path. */
  name: string;
  /** Absolute folder that paths are relative to. */
  root: string;
  items: Item[];
  /** Slices of abnormal volumes on which nothing is marked: looked at when whole volumes are scored, and else unused. */
  unmarked?: Item[];
  /** How scans became images; missing where there are none, or they were left whole. */
  input?: DatasetInput;
  /** Sentences for the user about what is odd but usable. */
  warnings: string[];
}

/** An item before it has a split, and before its files were looked for; paths relative to the root. */
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
