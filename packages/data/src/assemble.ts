/**
 * @file From rows to a data set: splits where none were given, and the sentences about what is odd. Shared by the folder
 * and the manifest form, with or without a disk.
 */
import { HaleError } from "@hale/core";
import type { Dataset, Item, Row, Split } from "./item.ts";
import { invalid } from "./manifest.ts";
import { filePartOf, parseSlicePath } from "./scan-names.ts";
import { type SplitOptions, splitRows } from "./split.ts";

export interface AssembleOptions extends SplitOptions {
  name: string;
  root: string;
  /** Turns a relative path into what reads the file. */
  resolve: (path: string) => string;
  warnings?: string[];
}

/**
 * Completes rows to items. Rows without a split are split when none has one (unlabelled rows then belong to train).
 * Throws DATASET_EMPTY for no rows or no normal image, and DATASET_INVALID when only some labelled rows have a split, or a
 * file is listed both whole and by slices.
 */
export function assembleDataset(rows: readonly Row[], options: AssembleOptions): Dataset {
  const { name, root, resolve } = options;
  if (rows.length === 0) {
    throw new HaleError(
      "DATASET_EMPTY",
      `There are no images in the folders of ${name} that have a meaning: normal/, abnormal/, unlabelled/.`,
      "Put images into normal/, abnormal/ and unlabelled/, or list them in split.csv.",
    );
  }
  if (!rows.some((row) => row.label === 0)) {
    throw new HaleError(
      "DATASET_EMPTY",
      `There are no normal images in ${name}.`,
      "Add some: detectors learn from them.",
    );
  }
  refuseWholeAndSlices(rows, name);
  const warnings = [...(options.warnings ?? [])];
  const items = withSides(rows.map(withVolume), name, options, warnings).map(
    (row): Item => ({
      ...row,
      file: resolve(filePartOf(row.path)),
      mask: row.mask === null ? null : resolve(row.mask),
    }),
  );
  return { name, root, items, warnings: [...warnings, ...remarks(items)] };
}

/** Splits are given to rows: a volume that is listed as a whole and by its slices would be in the data set twice. */
function refuseWholeAndSlices(rows: readonly Row[], name: string): void {
  const sliced = new Map(rows.flatMap(({ path }) => (parseSlicePath(path) ? [[filePartOf(path), path] as const] : [])));
  const both = rows.find(({ path }) => sliced.has(path));
  if (both) {
    throw invalid(
      name,
      `${both.path} is listed as a whole and also as ${sliced.get(both.path)}.`,
      "List a volume, or slices of it.",
    );
  }
}

/** A slice that is listed by itself belongs to its volume, where nothing else is known that it belongs to. */
function withVolume(row: Row): Row {
  const slice = parseSlicePath(row.path);
  return slice && row.patient === null && row.group === null ? { ...row, group: slice.scan } : row;
}

function withSides(rows: readonly Row[], name: string, options: SplitOptions, warnings: string[]) {
  const labelled = rows.filter((row) => row.label !== null);
  const given = labelled.filter((row) => row.split !== null).length;
  if (given === 0) {
    warnings.push(`No split was given; images were divided by patient or group with seed ${options.seed ?? 0}.`);
    return splitRows(rows, options);
  }
  const without = labelled.find((row) => row.split === null);
  if (without) {
    throw invalid(
      name,
      `${without.path} has no split, while ${given} of ${labelled.length} labelled images have one.`,
      "Give all of them a split, or none.",
    );
  }
  return rows.map((row) => ({ ...row, split: row.split ?? ("train" as Split) }));
}

function remarks(items: readonly Item[]): string[] {
  const count = (test: (item: Item) => boolean) => items.filter(test).length;
  const unlabelled = count((item) => item.label === null && item.split === "train");
  const astray = count((item) => item.label === null && item.split !== "train");
  const abnormalTrain = count((item) => item.label === 1 && item.split === "train");
  const unknown = count((item) => item.patient === null && item.group === null);
  const noPatient = count((item) => item.patient === null) - unknown;
  const lines: string[] = [];
  if (unlabelled > 0) lines.push(`${unlabelled} images have no label; only methods for unlabelled mixtures use them.`);
  if (astray > 0) lines.push(`${astray} unlabelled images lie outside train and go unused.`);
  if (abnormalTrain > 0)
    lines.push(`${abnormalTrain} abnormal images lie in train; methods that learn from normals ignore them.`);
  if (unknown > 0)
    lines.push(`${unknown} images have neither patient nor group; images of one patient may be in two splits.`);
  if (noPatient > 0) lines.push(`The patient of ${noPatient} images is unknown; their group alone keeps splits apart.`);
  for (const split of ["train", "val", "test"] as const) {
    if (!items.some((item) => item.split === split)) lines.push(`There is no ${split} part.`);
  }
  return lines;
}
