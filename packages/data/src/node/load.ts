/**
 * @file Data sets from disk: a folder of kinds, a manifest, or a folder that holds one. Scans are looked into, to tell which
 * slices they have; nothing is written except by `writeManifest`.
 */
import { existsSync } from "node:fs";
import { open, readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { HEAD_BYTES, isPicture } from "@hale/imaging";
import { assembleDataset } from "../assemble.ts";
import { readFolders } from "../folders.ts";
import type { AskedInput, Dataset, DatasetInput, Item, Row } from "../item.ts";
import { formatManifest, invalid, readManifest } from "../manifest.ts";
import { filePartOf, isPictureName, isScanName, parseSlicePath, slicePath } from "../scan-names.ts";
import type { SplitOptions } from "../split.ts";
import { completeInput, expandScans } from "./expand.ts";
import { ImageStore, keepNothing } from "./image-store.ts";

const MANIFESTS = ["split.csv", "manifest.csv"];
/** Files beyond this are not a data set but somebody's disk. */
const MAX_FILES = 1_000_000;

export interface LoadOptions extends SplitOptions {
  /** How scans become images; what is missing is chosen to fit the first one. */
  input?: AskedInput;
  /** Where decoded scans are kept for later steps. */
  store?: ImageStore;
  onProgress?: (done: number, total: number) => void;
}

/** A data set that is loaded once for all steps of a command, with what of it has been decoded. */
export interface OpenedDataset {
  /** As it was named. */
  path: string;
  dataset: Dataset;
  /** The same with each scan as one item. */
  files: Dataset;
  store: ImageStore;
}

/**
 * Reads a data set; slices stand in the place of its scans, as `options.input` says. `path` is a manifest (.csv), a folder
 * that holds split.csv or manifest.csv, or a folder with normal/, abnormal/, unlabelled/ and masks/. Where no split is given,
 * `options` rule it. Throws FILE_NOT_FOUND, FILE_UNREADABLE, DATASET_EMPTY or DATASET_INVALID.
 */
export async function openDataset(path: string, options: LoadOptions = {}): Promise<OpenedDataset> {
  const { store = new ImageStore() } = options;
  const files = await loadFiles(path, options);
  const scans = await scansOf(files.items);
  const input = await completeInput(files, scans, options.input ?? {}, store);
  if (!input) return { path, dataset: files, files, store };
  const dataset = await expandScans(files, scans, input, store, options.onProgress);
  // A file that is listed slice by slice must not be listed as a whole too.
  const seen = new Set<string>();
  for (const { path: one } of dataset.items) {
    if (seen.has(one)) throw invalid(dataset.name, `${one} is listed twice.`, "List a volume, or slices of it.");
    seen.add(one);
  }
  return { path, dataset, files, store };
}

/** The data set alone, for one that is not read any further; throws what `openDataset` throws. */
export async function loadDataset(path: string, options: LoadOptions = {}): Promise<Dataset> {
  return (await openDataset(path, { store: keepNothing(), ...options })).dataset;
}

/** Whether a data set was opened at that path with those settings for its scans. */
export function isOpenedAs({ path, dataset }: OpenedDataset, wanted: string, input?: DatasetInput): boolean {
  return resolve(path) === resolve(wanted) && isDeepStrictEqual(dataset.input, input);
}

/** The items that are scans: by their name, or where it tells nothing, by not beginning like a picture. */
async function scansOf(items: readonly Item[]): Promise<Set<Item>> {
  const scans = new Set<Item>();
  for (const item of items) {
    if (isPictureName(item.path)) continue;
    if (isScanName(filePartOf(item.path)) || parseSlicePath(item.path) || !(await beginsLikePicture(item.file))) {
      scans.add(item);
    }
  }
  return scans;
}

async function beginsLikePicture(file: string): Promise<boolean> {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return false;
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(HEAD_BYTES) });
    return isPicture(buffer.subarray(0, bytesRead));
  } catch {
    // A folder: a DICOM series.
    return false;
  } finally {
    await handle.close();
  }
}

/** The data set with each scan as one item. Throws what `loadDataset` throws. */
export async function loadFiles(path: string, options: SplitOptions = {}): Promise<Dataset> {
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
  const name = basename(file);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new HaleError("FILE_UNREADABLE", `The manifest ${name} cannot be read.`, "Check its permissions.", { cause });
  });
  const { rows, root: named } = readManifest(text, name);
  const root = named ?? dirname(file);
  await checkFiles(rows, root, name);
  // Whoever made the manifest chose the folder.
  const warnings =
    named === null ? [] : [`${name} names ${root} as the folder of its images; they are read from there.`];
  const dataset = MANIFESTS.includes(name) ? basename(root) : name.replace(/\.csv$/i, "");
  return assembleDataset(rows, { ...options, name: dataset, root, resolve: (path) => join(root, path), warnings });
}

/** Every image and mask must be a file, and stay below the root even when links are followed. */
async function checkFiles(rows: readonly Row[], root: string, name: string): Promise<void> {
  const base = await realpath(root).then(
    (path) => path + sep,
    (cause: unknown) => {
      throw new HaleError("FILE_NOT_FOUND", `${name}: there is no folder ${root}.`, "Correct its column root.", {
        cause,
      });
    },
  );
  const missing: string[] = [];
  const paths = rows.flatMap((row) => [filePartOf(row.path), ...(row.mask === null ? [] : [row.mask])]);
  for (const path of new Set(paths)) {
    const real = await realpath(join(root, path)).catch(() => null);
    if (real === null || !isFileOrSeries(await stat(real))) missing.push(path);
    else if (!real.startsWith(base)) {
      throw invalid(name, `${path} is a link that leads outside the data set.`, "Copy the file into its folder.");
    }
  }
  if (missing.length > 0) {
    const shown = missing.slice(0, 5).join(", ") + (missing.length > 5 ? ` and ${missing.length - 5} more` : "");
    throw invalid(name, `${missing.length} files are missing: ${shown}.`, "Add them or remove their lines.");
  }
}

/** A folder stands for the DICOM series that it holds. */
const isFileOrSeries = (info: { isFile(): boolean; isDirectory(): boolean }) => info.isFile() || info.isDirectory();

/** All files below `root`, relative, sorted; hidden ones and links are skipped. */
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
 * Writes items as a manifest at `file` (a .csv); image and mask paths are made relative to its folder where that holds them, else
 * to `root`, which it then names. Throws DATASET_INVALID when neither does, FILE_UNWRITABLE or DISK_FULL when the file cannot be
 * written.
 */
export async function writeManifest(file: string, items: readonly Item[], root?: string): Promise<void> {
  const files = items.flatMap(({ file: image, mask }) => [image, ...(mask === null ? [] : [mask])]);
  const own = dirname(resolve(file));
  const elsewhere = root !== undefined && !files.every((path) => resolve(path).startsWith(own + sep));
  const folder = elsewhere ? resolve(root) : own;
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
  const rows = items.map((item) => {
    const slice = parseSlicePath(item.path);
    const scan = inside(item.file);
    return { ...item, path: slice ? slicePath({ ...slice, scan }) : scan, mask: item.mask && inside(item.mask) };
  });
  await writeAtomic(file, formatManifest(rows, elsewhere ? folder : undefined));
}
