/**
 * @file What is known of scans before they are imported: from the folders that they lie in, or from a table that names
 * them as the hospital does. Paths, patient ids and accession numbers are personal: a refusal tells line numbers and
 * counts, never what a cell or a path holds.
 */
import { withoutExtension } from "@hale/imaging";
import { SPLITS, type Split } from "../item.ts";
import { invalid, labelNamed, readCsv } from "../manifest.ts";

/** What is said of a scan; a label of null says that it is unlabelled. */
export interface Label {
  label: 0 | 1 | null;
  /** "normal", "abnormal", a kind of abnormality, or "". */
  class: string;
  split: Split | null;
}

/** What a source file lies in. */
export interface Place {
  label: Label | null;
  /** It is a mask, not a scan. */
  mask: boolean;
  /** Its folder below `abnormal/` names no class that was asked for. */
  unlistedClass: boolean;
  /** It lies in two kinds of folder at once. */
  contradicts: boolean;
  /** Folders that are no kind and no split, and the name without extension: what a mask has in common with its scan. */
  stem: string;
}

const KINDS = ["normal", "abnormal", "unlabelled", "masks"] as const;
type Kind = (typeof KINDS)[number];
const isKind = (name: string): name is Kind => (KINDS as readonly string[]).includes(name);
const isSplit = (name: string): name is Split => (SPLITS as readonly string[]).includes(name);

/**
 * Reads a path relative to its source, with forward slashes. A split folder counts only beside a kind (`train/normal/`
 * or `normal/train/`): "test" alone is a name that archives give too. The first folder below `abnormal/` is the class
 * where `classes` lists it. Others are not taken over, because a folder may be called like a patient.
 */
export function placeOf(path: string, classes: readonly string[]): Place {
  const folders = path.split("/").slice(0, -1);
  const at = folders.findIndex(isKind);
  const stem = withoutExtension(path);
  const none = { label: null, mask: false, unlistedClass: false, contradicts: false, stem };
  if (at < 0) return none;
  if (folders.some((folder, i) => i !== at && isKind(folder))) return { ...none, contradicts: true };
  const kind = folders[at] as Kind;
  const above = at > 0 && isSplit(folders[at - 1]) ? folders[at - 1] : null;
  const below = at + 1 < folders.length && isSplit(folders[at + 1]) ? folders[at + 1] : null;
  if (above !== null && below !== null) return { ...none, contradicts: true };
  const rest = folders.filter((_, i) => i !== at && !(above && i === at - 1) && !(below && i === at + 1));
  const common = { stem: [...rest, stem.split("/").pop()].join("/"), contradicts: false, unlistedClass: false };
  if (kind === "masks") return { ...common, label: null, mask: true };
  const split = (above ?? below) as Split | null;
  if (kind !== "abnormal") {
    const label = kind === "normal" ? 0 : null;
    return { ...common, label: { label, class: label === 0 ? "normal" : "", split }, mask: false };
  }
  const folder = folders[at + (below ? 2 : 1)] ?? null;
  const named = folder !== null && classes.includes(folder);
  return {
    ...common,
    label: { label: 1, class: named ? folder : "abnormal", split },
    mask: false,
    unlistedClass: folder !== null && !named,
  };
}

export const LABEL_KEYS = ["path", "series", "study", "accession", "patient"] as const;
export type LabelKey = (typeof LABEL_KEYS)[number];

export interface LabelLine extends Label {
  /** The patient's id, where the table has it beside another key; for files that name none. */
  patient: string | null;
  line: number;
}

export interface LabelTable {
  /** The column that names the scans. */
  key: LabelKey;
  lines: Map<string, LabelLine>;
  /** Columns that hale does not use. */
  unused: number;
}

/** A path or identifier as tables and files agree on it: forward slashes, no "./", one Unicode form, no padding. */
export function keyOf(key: LabelKey, text: string): string {
  const plain = text.normalize("NFC").trim();
  if (key !== "path") return plain;
  const parts = plain.replaceAll("\\", "/").split("/");
  return parts.filter((part) => part !== "" && part !== ".").join("/");
}

/**
 * Reads a table with one of the columns path, series, study, accession or patient (the first of these that it has is
 * the key) and `label` (0 or normal, 1 or abnormal, nothing or unlabelled), optionally `class`, `split` and `patient`.
 * Throws DATASET_INVALID with the line of the first fault, and where two lines give one thing two labels.
 */
export function parseLabels(text: string): LabelTable {
  const name = "The table of labels";
  const [head, ...records] = readCsv(text, name, { quoting: false });
  const columns = head?.record.map((column) => column.trim().toLowerCase()) ?? [];
  const key = LABEL_KEYS.find((column) => columns.includes(column));
  if (!key || !columns.includes("label")) {
    const wanted = "label, and one of path, series, study, accession or patient";
    throw invalid(
      name,
      `its first line lacks a column: ${wanted} are needed.`,
      "Begin it with a line of column names.",
    );
  }
  const known = [key, "label", "class", "split", "patient"];
  if (known.some((column) => columns.filter((other) => other === column).length > 1)) {
    throw invalid(name, "a column occurs twice in its first line.", "Remove one.");
  }
  const lines = new Map<string, LabelLine>();
  for (const { record, line } of records) {
    const where = `${name}, line ${line}`;
    if (record.length !== columns.length) {
      throw invalid(where, `${record.length} cells under ${columns.length} columns.`, "Correct the line.");
    }
    const cell = (column: string) => record[columns.indexOf(column)]?.trim() ?? "";
    const id = keyOf(key, cell(key));
    if (id === "") throw invalid(where, `the column ${key} is empty.`, "Complete the line, or remove it.");
    const label = labelOf(cell("label"), where);
    const given: LabelLine = {
      label,
      class: cell("class") || (label === null ? "" : label === 0 ? "normal" : "abnormal"),
      split: splitOf(cell("split"), where),
      patient: key === "patient" ? null : cell("patient") || null,
      line,
    };
    const earlier = lines.get(id);
    if (earlier && (!sameLabel(earlier, given) || earlier.patient !== given.patient)) {
      throw invalid(where, `it says something else than line ${earlier.line} of the same ${key}.`, "Keep one of them.");
    }
    lines.set(id, earlier ?? given);
  }
  return { key, lines, unused: columns.filter((column) => !known.includes(column)).length };
}

function labelOf(text: string, where: string): 0 | 1 | null {
  const label = labelNamed(text);
  if (label !== undefined) return label;
  throw invalid(where, "its label is unknown.", "Use 0 or normal, 1 or abnormal, or nothing.");
}

function splitOf(text: string, where: string): Split | null {
  if (text === "") return null;
  const split = SPLITS.find((name) => name === text.toLowerCase());
  if (!split) throw invalid(where, "its split is unknown.", "Use train, val or test, or nothing.");
  return split;
}

export const sameLabel = (a: Label, b: Label) => a.label === b.label && a.class === b.class && a.split === b.split;

/** The one label that all agree on; null where nobody says anything, "conflict" where they disagree. */
export function commonLabel(given: readonly (Label | null)[]): Label | null | "conflict" {
  const said = given.filter((label) => label !== null);
  if (said.length === 0) return null;
  return said.every((label) => sameLabel(label, said[0])) ? said[0] : "conflict";
}

/** The line for a path, or for the nearest folder above it that has one. */
export function lineForPath(lines: ReadonlyMap<string, LabelLine>, path: string): [string, LabelLine] | null {
  for (let key = keyOf("path", path); key !== ""; key = key.slice(0, Math.max(0, key.lastIndexOf("/")))) {
    const line = lines.get(key);
    if (line) return [key, line];
  }
  return null;
}
