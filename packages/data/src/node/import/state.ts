/**
 * @file An imported data set on disk, between imports: its tables are read, joined with what is new, and written so that
 * a kill at any moment leaves a data set that can be used and gone on with. Images come first, then the tables that name
 * them, `split.csv` last.
 */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HaleError } from "@hale/core";
import { makeFolder, writeAtomic } from "@hale/core/node";
import {
  formatTable,
  LEFT_OUT_COLUMNS,
  type LeftOut,
  parseTable,
  SCAN_COLUMNS,
  type ScanRecord,
  SOURCE_COLUMNS,
  type SourceRecord,
} from "../../import/records.ts";
import type { Row } from "../../item.ts";
import { formatManifest, invalid, parseManifest } from "../../manifest.ts";

export const IMAGES = "images";
export const MASKS = "masks";
const MARK = "import.json";
const MANIFEST = "split.csv";
/** The manifest of plain pictures where there are scans as well: no data set may mix the two. */
export const PICTURES = "pictures.csv";
export const isPicture = (path: string) => path.endsWith(".png");

/** What import.json says besides counts. */
export interface ImportMark {
  format: "hale-import";
  version: 1;
  /** The version of hale that wrote it last. */
  hale: string;
  /** A pseudonym of the key's own, to know it again by. */
  key: string;
}

export interface ImportState {
  rows: Map<string, Row>;
  scans: Map<string, ScanRecord>;
  leftOut: Map<string, LeftOut>;
}

/**
 * The data set at `out`, or an empty one. Throws DATASET_INVALID where the folder holds something else, was imported with
 * another key (`key` is that of this import), or has tables that no import wrote.
 */
export async function readState(out: string, key: string): Promise<ImportState> {
  const empty: ImportState = { rows: new Map(), scans: new Map(), leftOut: new Map() };
  const mark = await readText(join(out, MARK));
  if (mark === null) {
    const there = await readdir(out).catch(() => []);
    if (there.some((name) => name !== "lock.json" && !name.startsWith("."))) {
      throw invalid("The data set", "the folder holds something that no import wrote.", "Name a new folder.", {
        setting: "out",
      });
    }
    return empty;
  }
  checkMark(mark, key);
  const files = [MANIFEST, PICTURES, "scan.csv", "left-out.csv"];
  const [manifest, pictures, scans, leftOut] = await Promise.all(files.map((name) => readText(join(out, name))));
  for (const [text, name] of [
    [manifest, MANIFEST],
    [pictures, PICTURES],
  ] as const) {
    for (const row of text === null ? [] : parseManifest(text, name)) empty.rows.set(row.path, row);
  }
  for (const scan of scans === null ? [] : parseTable(SCAN_COLUMNS, scans, "scan.csv"))
    empty.scans.set(scan.path, scan);
  for (const line of leftOut === null ? [] : parseTable(LEFT_OUT_COLUMNS, leftOut, "left-out.csv")) {
    empty.leftOut.set(line.token, line);
  }
  // A scan counts when its tables and its file are there; else it is imported again.
  const there = new Set<string>();
  for (const folder of [IMAGES, MASKS])
    for (const name of await names(join(out, folder))) there.add(`${folder}/${name}`);
  const whole = ({ path, mask }: Row) => there.has(path) && (mask === null || there.has(mask));
  const complete = (path: string) => empty.rows.has(path) && whole(empty.rows.get(path)!) && empty.scans.has(path);
  const paths = [...new Set([...empty.rows.keys(), ...empty.scans.keys()])];
  const torn = new Set(paths.filter((path) => !complete(path)).map(tokenOf));
  for (const path of paths) {
    if (!torn.has(tokenOf(path))) continue;
    empty.rows.delete(path);
    empty.scans.delete(path);
  }
  return empty;
}

const fileName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** What was imported together: "0123456789abcdef" of images/0123456789abcdef-2.nii.gz. */
export const tokenOf = (path: string) => /^[^.-]*/.exec(fileName(path))![0];

function checkMark(text: string, key: string): void {
  let mark: Partial<ImportMark>;
  try {
    mark = JSON.parse(text);
  } catch {
    mark = {};
  }
  if (mark.format !== "hale-import" || mark.version !== 1 || typeof mark.key !== "string") {
    throw invalid(MARK, "it is not as an import left it.", "Restore it, or import into a new folder.");
  }
  if (mark.key !== key) {
    throw invalid(
      "The data set",
      "it was imported with another key, so that one patient would get two pseudonyms.",
      "Name that key, or a new folder.",
      { setting: "key" },
    );
  }
}

/** Removes what a killed import left half written. */
export async function removeLeftovers(out: string): Promise<void> {
  for (const folder of [out, join(out, IMAGES), join(out, MASKS)]) {
    for (const name of await names(folder)) {
      if (/\.tmp-\d+$/.test(name)) await rm(join(folder, name), { force: true });
    }
  }
}

/** Begins a data set: from now on the folder is known as one of this key. */
export async function markState(out: string, mark: ImportMark): Promise<void> {
  if ((await readText(join(out, MARK))) === null) await writeJson(out, mark);
}

/**
 * Writes all tables and then import.json with `summary` beside the mark. Scans are in split.csv, and so are plain pictures
 * where there is nothing else; beside scans they have a manifest of their own.
 */
export async function writeState(out: string, state: ImportState, mark: ImportMark, summary: object): Promise<void> {
  const rows = [...state.rows.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  await writeAtomic(join(out, "scan.csv"), formatTable(SCAN_COLUMNS, [...state.scans.values()]));
  await writeAtomic(join(out, "left-out.csv"), formatTable(LEFT_OUT_COLUMNS, [...state.leftOut.values()]));
  const pictures = rows.filter((row) => isPicture(row.path));
  const mixed = pictures.length > 0 && pictures.length < rows.length;
  if (mixed) await writeAtomic(join(out, PICTURES), formatManifest(pictures));
  await writeAtomic(join(out, MANIFEST), formatManifest(mixed ? rows.filter((row) => !isPicture(row.path)) : rows));
  if (!mixed) await rm(join(out, PICTURES), { force: true });
  await writeJson(out, { ...mark, ...summary });
}

const writeJson = (out: string, content: object) =>
  writeAtomic(join(out, MARK), `${JSON.stringify(content, null, 2)}\n`);

/** Adds lines to the table beside the key, for its owner alone. Throws what writing throws. */
export async function addSources(file: string, lines: readonly SourceRecord[]): Promise<void> {
  const before = await readText(file);
  const known = before === null ? [] : parseTable(SOURCE_COLUMNS, before, "The table of sources beside the key");
  const text = formatTable(SOURCE_COLUMNS, [...known, ...lines]);
  if (text === before) return;
  await makeFolder(dirname(file), { mode: 0o700, file });
  await writeAtomic(file, text, 0o600);
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new HaleError("FILE_UNREADABLE", "A folder of the data set cannot be read.", "Check its permissions.", {
      cause,
    });
  });
}

async function readText(file: string): Promise<string | null> {
  try {
    await stat(file);
    return await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new HaleError("FILE_UNREADABLE", "A table of the data set cannot be read.", "Check its permissions.", {
      cause,
    });
  }
}
