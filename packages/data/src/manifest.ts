/**
 * @file The CSV form of a data set: `path,label,class,split,patient,mask,group`, of which only path and label are
 * required; `root` where it lies outside the data set's folder. Every fault is refused with its line. Whether the files exist is
 * left to the loader.
 */
import { HaleError, type HaleErrorOptions } from "@hale/core";
import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { csvLines, plainCell } from "./csv.ts";
import { type Row, SPLITS, type Split } from "./item.ts";

const MANIFEST_COLUMNS = ["path", "label", "class", "split", "patient", "mask", "group"] as const;
/** The data set's folder, where that is not the manifest's own; the same in every line. */
const ROOT = "root";
type Column = (typeof MANIFEST_COLUMNS)[number] | typeof ROOT;

/** A refusal of the data set `name`. */
export function invalid(name: string, fault: string, remedy: string, options: HaleErrorOptions = {}): HaleError {
  return new HaleError("DATASET_INVALID", `${name}: ${fault}`, remedy, options);
}

/**
 * A relative path with forward slashes and without "." parts; throws DATASET_INVALID when it is empty, absolute or
 * leaves the root of the data set. `where` begins the message.
 */
function safePath(path: string, where: string): string {
  const parts = path
    .replaceAll("\\", "/")
    .split("/")
    .filter((part) => part !== "." && part !== "");
  if (parts.length === 0 || parts.includes("..") || /^([a-z]:)?[\\/]/i.test(path) || path.includes("\0")) {
    throw invalid(where, `the path ${JSON.stringify(path)} leads outside the data set.`, "Use paths below its folder.");
  }
  return parts.join("/");
}

interface Manifest {
  rows: Row[];
  /** Absolute; null where paths are relative to the manifest. */
  root: string | null;
}

/** The rows of a manifest that lies in its data set. Throws what `readManifest` throws, and DATASET_INVALID for one with a root. */
export function parseManifest(text: string, name: string): Row[] {
  const { rows, root } = readManifest(text, name);
  if (root !== null) throw invalid(name, `its images are in another folder, ${root}.`, "Remove its column root.");
  return rows;
}

/** Parses a manifest; `name` is its file name for messages. Throws DATASET_INVALID with the line of the first fault. */
export function readManifest(text: string, name: string): Manifest {
  const [head, ...records] = readCsv(text, name);
  if (!head) throw invalid(name, "the manifest is empty.", `Begin it with the line ${MANIFEST_COLUMNS.join(",")}.`);
  const columns = head.record.map((column) => column.trim());
  checkColumns(columns, name);
  const lines = new Map<string, number>();
  let root: string | null = null;
  const rows = records.map(({ record, line }, i): Row => {
    const where = `${name}, line ${line}`;
    const cell = (column: Column) => plainCell(record[columns.indexOf(column)]?.trim() ?? "");
    if (record.length !== columns.length) {
      throw invalid(where, `${record.length} cells under ${columns.length} columns.`, "Correct the line.");
    }
    const path = safePath(cell("path"), where);
    if (columns.includes(ROOT)) {
      if (i === 0) root = absolutePath(cell(ROOT), where);
      else if (cell(ROOT) !== root) throw invalid(where, "its root is not that of the lines before.", "Use one root.");
    }
    const earlier = lines.get(path);
    if (earlier) throw invalid(where, `${path} is listed already on line ${earlier}.`, "Keep one of the two lines.");
    lines.set(path, line);
    const label = labelOf(cell("label"), where);
    return {
      path,
      label,
      class: cell("class") || (label === null ? "" : label === 0 ? "normal" : "abnormal"),
      split: splitOf(cell("split"), where),
      patient: cell("patient") || null,
      group: cell("group") || null,
      mask: cell("mask") ? safePath(cell("mask"), where) : null,
    };
  });
  return { rows, root };
}

/** Only a whole path says where images are read from without a riddle. */
function absolutePath(path: string, where: string): string {
  if (/^([/\\]|[a-z]:[/\\])/i.test(path) && !path.split(/[/\\]/).includes("..")) return path;
  throw invalid(where, `the root ${JSON.stringify(path)} is no whole path.`, "Give the data set's folder from / on.");
}

/** Records with their lines; throws DATASET_INVALID. With `quoting` false the sentence has no words of the file. */
export function readCsv(
  text: string,
  name: string,
  { quoting = true }: { quoting?: boolean } = {},
): { record: string[]; line: number }[] {
  refuseOtherTables(text, name);
  try {
    const parsed = parse(text, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true }) as unknown;
    return (parsed as { record: string[]; info: { lines: number } }[]).map(({ record, info }) => ({
      record,
      line: info.lines,
    }));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const remedy = "Save it as comma-separated UTF-8.";
    if (quoting) throw invalid(name, `it is not proper CSV (${cause.message}).`, remedy, { cause });
    // The parser's own sentence may quote a cell.
    const where = typeof cause.lines === "number" ? ` (line ${cause.lines})` : "";
    throw invalid(name, `it is not proper CSV${where}.`, remedy);
  }
}

/** Throws DATASET_INVALID, with what would help, for tables that spreadsheets like to write instead. */
function refuseOtherTables(text: string, name: string): void {
  const head = text.slice(0, 65536);
  // UTF-16 read as UTF-8: every other byte is zero, and its mark is none.
  if (head.includes("\0") || head.startsWith("\ufffd\ufffd")) {
    throw invalid(name, "it is not UTF-8, but seems to be UTF-16.", 'Save it as "CSV UTF-8 (comma-separated)".');
  }
  const [first] = head.split(/\r?\n/, 1);
  const other = first.includes(",") ? undefined : [";", "\t"].find((character) => first.includes(character));
  if (other === undefined) return;
  const what = other === ";" ? "semicolons" : "tabs";
  throw invalid(name, `its cells are separated by ${what}.`, "Save it with commas between the cells, as UTF-8.");
}

function checkColumns(columns: string[], name: string): void {
  const known: readonly string[] = [...MANIFEST_COLUMNS, ROOT];
  const unknown = columns.filter((column) => !known.includes(column));
  if (unknown.length > 0) {
    throw invalid(
      `${name}, line 1`,
      `unknown columns ${unknown.map((column) => JSON.stringify(column)).join(", ")}.`,
      `Use only ${MANIFEST_COLUMNS.join(", ")}.`,
    );
  }
  for (const column of ["path", "label"]) {
    if (!columns.includes(column)) throw invalid(`${name}, line 1`, `the column ${column} is missing.`, "Add it.");
  }
  if (new Set(columns).size < columns.length) throw invalid(`${name}, line 1`, "a column occurs twice.", "Remove one.");
}

function labelOf(text: string, where: string): 0 | 1 | null {
  const label = labelNamed(text);
  if (label !== undefined) return label;
  throw invalid(where, `the label ${JSON.stringify(text)} is unknown.`, "Use 0 or normal, 1 or abnormal, or nothing.");
}

/** What a cell of labels says, in every table that is read: null where it says unlabelled, undefined for other words. */
export function labelNamed(text: string): 0 | 1 | null | undefined {
  const word = text.toLowerCase();
  if (word === "" || word === "unlabelled") return null;
  if (word === "0" || word === "normal") return 0;
  return word === "1" || word === "abnormal" ? 1 : undefined;
}

function splitOf(text: string, where: string): Split | null {
  if (text === "") return null;
  const split = SPLITS.find((name) => name === text);
  if (!split) throw invalid(where, `the split ${JSON.stringify(text)} is unknown.`, "Use train, val or test.");
  return split;
}

/** Rows as a manifest; masks and paths must be relative to where the manifest will lie, or to `root`. Ends with a line break. Throws DATASET_INVALID for names that could not be read again. */
export function formatManifest(rows: readonly Row[], root?: string): string {
  const odd = rows.flatMap(({ path, mask }) => [path, mask ?? ""]).find((path) => path.includes("\\"));
  if (odd !== undefined) {
    throw invalid(
      "The manifest",
      `${JSON.stringify(odd)} has a backslash in its name, which manifests take for a folder's slash.`,
      "Rename the file.",
    );
  }
  const ends = root === undefined ? [[], []] : [[ROOT], [root]];
  return csvLines([
    [...MANIFEST_COLUMNS, ...ends[0]],
    ...rows.map((row) => [...MANIFEST_COLUMNS.map((column) => row[column]), ...ends[1]]),
  ]);
}
