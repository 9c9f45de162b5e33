/**
 * @file The tables of an imported data set: `scan.csv` says of each file what it is, `left-out.csv` what is missing and
 * why. They hold tokens, numbers and defined terms, nothing else.
 */
import { parse } from "csv-parse/browser/esm/sync";
import { csvLines, plainCell } from "../csv.ts";
import { invalid } from "../manifest.ts";

/** Why a file of the source is not in the data set. */
export const REASONS = {
  "not-an-image": "no image that hale knows",
  damaged: "damaged",
  unsupported: "of a kind that hale does not read",
  "no-picture": "segmentations, doses and other objects whose pixels are no picture",
  "several-patients": "of a series whose files name several patients",
  missing: "listed by a DICOMDIR, and not there",
  link: "links, which are not followed",
  "too-large": "larger than hale's budgets",
  unreadable: "could not be read from the disk",
  "no-pixels": "objects without an image",
  localizer: "localizers",
  "burned-in": "with text in the picture",
  "burned-in-possible": "screen captures, digitised film or ultrasound that does not say that it is free of text",
  duplicate: "the same object or file again",
  "mixed-places": "of a series that has several images at some places, and nothing tells which belong together",
  "few-slices": "fewer slices than asked for",
  "series-changed": "of a series that the data set has with other slices",
  "mask-without-scan": "masks of no scan",
  "mask-of-another-shape": "masks that do not lie on their scan",
} as const;
export type Reason = keyof typeof REASONS;

export const SCAN_COLUMNS = [
  "path",
  "patient",
  "study",
  "series",
  "format",
  "modality",
  "body_part",
  "laterality",
  "view",
  "columns",
  "rows",
  "slices",
  "spacing_x",
  "spacing_y",
  "spacing_z",
  "orientation",
  "unit",
  "low",
  "high",
  "slope",
  "intercept",
  "window_center",
  "window_width",
  "inverted",
] as const;
/** One line of scan.csv. */
export type ScanRecord = Record<(typeof SCAN_COLUMNS)[number], string>;

export const LEFT_OUT_COLUMNS = ["token", "reason"] as const;
export type LeftOut = Record<(typeof LEFT_OUT_COLUMNS)[number], string>;

/** Where the source of a token is. This table holds what the others must not: it lies beside the key. */
export const SOURCE_COLUMNS = ["token", "patient", "source"] as const;
export type SourceRecord = Record<(typeof SOURCE_COLUMNS)[number], string>;

/** Rows as CSV under their columns, sorted by all of them, each line once; ends with a line break. */
export function formatTable<C extends string>(columns: readonly C[], rows: readonly Record<C, string>[]): string {
  const lines = new Set(rows.map((row) => csvLines([columns.map((column) => row[column])])));
  return [csvLines([columns]), ...[...lines].sort()].join("");
}

/** Reads such a table; throws DATASET_INVALID, naming the file alone, when it has other columns or is no CSV. */
export function parseTable<C extends string>(columns: readonly C[], text: string, name: string): Record<C, string>[] {
  const fault = () => invalid(name, "it is not as an import left it.", "Restore it, or import into a new folder.");
  let rows: string[][];
  try {
    rows = parse(text, { bom: true, skip_empty_lines: true }) as string[][];
  } catch {
    throw fault();
  }
  const [head, ...lines] = rows;
  if (head?.join() !== columns.join()) throw fault();
  return lines.map(
    (line) => Object.fromEntries(columns.map((column, i) => [column, plainCell(line[i])])) as Record<C, string>,
  );
}
