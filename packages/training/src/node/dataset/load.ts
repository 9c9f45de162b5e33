/**
 * @file Data sets from disk: a folder of kinds, a manifest, or a folder that holds one. Nothing is decoded here and
 * nothing is written except by `writeManifest`.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { HaleError } from "@hale/errors";
import { writeAtomic } from "@hale/runtime/node";
import { assembleDataset } from "../../dataset/assemble.ts";
import { readFolders } from "../../dataset/folders.ts";
import type { Dataset, Item, Row } from "../../dataset/item.ts";
import { formatManifest, invalid, parseManifest } from "../../dataset/manifest.ts";
import type { SplitOptions } from "../../dataset/split.ts";

const MANIFESTS = ["split.csv", "manifest.csv"];
/** Files beyond this are not a data set but somebody's disk. */
const MAX_FILES = 1_000_000;

/**
 * Reads a data set. `path` is a manifest (.csv), a folder that holds split.csv or manifest.csv, or a folder with
 * normal/, abnormal/, unlabelled/ and masks/. Where no split is given, `options` rule it. Throws FILE_NOT_FOUND,
 * FILE_UNREADABLE, DATASET_EMPTY or DATASET_INVALID.
 */
export async function loadDataset(path: string, options: SplitOptions = {}): Promise<Dataset> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new HaleError("FILE_NOT_FOUND", `There is no data set at ${path}.`, "Check the path.", { cause });
  });
  if (found.isFile()) return fromManifest(resolve(path), options);
  const manifest = MANIFESTS.map((name) => join(path, name)).find((file) => existsSync(file));
  if (manifest) return fromManifest(resolve(manifest), options);
  const root = resolve(path);
  const { rows, warnings } = readFolders(await listFiles(root), basename(root));
  return assembleDataset(rows, {
    ...options,
    name: basename(root),
    root,
    resolve: (file) => join(root, file),
    warnings,
  });
}

async function fromManifest(file: string, options: SplitOptions): Promise<Dataset> {
  const root = dirname(file);
  const name = basename(file);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new HaleError("FILE_UNREADABLE", `The manifest ${name} cannot be read.`, "Check its permissions.", { cause });
  });
  const rows = parseManifest(text, name);
  await checkFiles(rows, root, name);
  const dataset = MANIFESTS.includes(name) ? basename(root) : name.replace(/\.csv$/i, "");
  return assembleDataset(rows, { ...options, name: dataset, root, resolve: (path) => join(root, path) });
}

/** Every image and mask must be a file, and stay below the root even when links are followed. */
async function checkFiles(rows: readonly Row[], root: string, name: string): Promise<void> {
  const base = (await realpath(root)) + sep;
  const missing: string[] = [];
  for (const path of rows.flatMap((row) => (row.mask === null ? [row.path] : [row.path, row.mask]))) {
    const real = await realpath(join(root, path)).catch(() => null);
    if (real === null || !(await stat(real)).isFile()) missing.push(path);
    else if (!real.startsWith(base)) {
      throw invalid(name, `${path} is a link that leads outside the data set.`, "Copy the file into its folder.");
    }
  }
  if (missing.length > 0) {
    const shown = missing.slice(0, 5).join(", ") + (missing.length > 5 ? ` and ${missing.length - 5} more` : "");
    throw invalid(name, `${missing.length} files are missing: ${shown}.`, "Add them or remove their lines.");
  }
}

/** All files below `root`, relative, sorted; hidden ones and links are passed over. */
async function listFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
      throw new HaleError("FILE_UNREADABLE", `The folder ${folder} cannot be read.`, "Check its permissions.", {
        cause,
      });
    });
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) files.push(relative(root, path).split(sep).join("/"));
      if (files.length > MAX_FILES) {
        throw invalid(basename(root), `there are more than ${MAX_FILES} files.`, "Name the folder of one data set.");
      }
    }
  };
  await visit(root);
  return files.sort();
}

/**
 * Writes items as a manifest at `file` (a .csv); image and mask paths are made relative to its folder, which must hold
 * them. Throws DATASET_INVALID when it does not, FILE_UNWRITABLE or DISK_FULL when the file cannot be written.
 */
export async function writeManifest(file: string, items: readonly Item[]): Promise<void> {
  const folder = dirname(resolve(file));
  const inside = (path: string) => {
    const short = relative(folder, path).split(sep).join("/");
    if (short === ".." || short.startsWith("../") || resolve(folder, short) !== resolve(path)) {
      throw invalid(
        basename(file),
        `${path} lies outside its folder.`,
        "Write the manifest into the data set's folder.",
      );
    }
    return short;
  };
  const rows = items.map((item) => ({ ...item, path: inside(item.file), mask: item.mask && inside(item.mask) }));
  await writeAtomic(file, formatManifest(rows));
}
