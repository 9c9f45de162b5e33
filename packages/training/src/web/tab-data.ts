/**
 * @file Data sets that a page has: a folder that its user chose, read file by file in the reader's worker, or phantoms that it
 * draws. Plain pictures alone; scans are cut into slices where there is a disk.
 */
import { HaleError } from "@hale/core";
import {
  assembleDataset,
  type Dataset,
  type Item,
  isScanName,
  type PhantomSetOptions,
  parseManifest,
  phantomSet,
  readFolders,
  readItems,
  type SplitOptions,
} from "@hale/data";
import type { GuardedReader, Raster } from "@hale/imaging";
import type { ImageSource } from "../run/run-images.ts";
import type { RunData } from "../run/train.ts";

const MANIFESTS = ["split.csv", "manifest.csv"];

/** A file of a chosen folder; `path` begins with the folder's own name, as `webkitRelativePath` does. */
export interface TabFile {
  path: string;
  blob: Blob;
}

/** A source whose pictures are `rasterOf` items; an item without one is refused as unreadable. */
export function rasterSource(rasterOf: (item: Item) => Raster | null | Promise<Raster | null>): ImageSource {
  return {
    read: (items, turn, options) =>
      readItems(
        items,
        async (item) => {
          const raster = await rasterOf(item);
          if (raster) return { raster, notNumbers: 0 };
          throw new HaleError("FILE_NOT_FOUND", `${item.path} is not there any more.`, "Choose the folder again.");
        },
        ({ raster }, item) => turn(raster, item),
        options,
      ),
    keepOnly() {},
  };
}

/**
 * The data set of a folder: that of its split.csv or manifest.csv, else of its folders normal/, abnormal/ and unlabelled/; as
 * `openDataset` of @hale/data/node reads it. Throws DATASET_EMPTY and DATASET_INVALID.
 */
export async function folderData(
  files: readonly TabFile[],
  reader: Pick<GuardedReader, "picture">,
  options: SplitOptions = {},
): Promise<RunData> {
  const name = files[0]?.path.split("/")[0] ?? "";
  const inside = new Map(
    files
      .filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")))
      .map(({ path, blob }) => [path.slice(name.length + 1), blob] as const),
  );
  const dataset = await assembled(inside, name, options);
  const scan = dataset.items.find(({ path }) => isScanName(path));
  if (scan) {
    throw new HaleError(
      "DATASET_INVALID",
      `${name} holds scans, such as ${scan.path}; a page learns from plain pictures.`,
      "Train on scans with the command, or import them as pictures.",
    );
  }
  const source = rasterSource(async ({ file, path }) => {
    const blob = inside.get(file);
    return blob ? reader.picture({ bytes: new Uint8Array(await blob.arrayBuffer()) }, path, true) : null;
  });
  return { dataset, source };
}

async function assembled(files: ReadonlyMap<string, Blob>, name: string, options: SplitOptions): Promise<Dataset> {
  const place = { ...options, name, root: "", resolve: (path: string) => path };
  const manifest = MANIFESTS.find((file) => files.has(file));
  if (manifest === undefined) {
    const { rows, warnings } = readFolders([...files.keys()].sort(), name);
    return assembleDataset(rows, { ...place, warnings });
  }
  const rows = parseManifest(await files.get(manifest)!.text(), manifest);
  const missing = rows.filter(({ path }) => !files.has(path));
  if (missing.length > 0) {
    throw new HaleError(
      "DATASET_INVALID",
      `${manifest}: ${missing.length} files are missing, ${missing[0].path} among them.`,
      "Add them or remove their lines.",
    );
  }
  return assembleDataset(rows, place);
}

const fileOf = (name: string) => `images/${name}.png`;

/** Phantoms, drawn here: the same pixels as `writePhantomSet` of @hale/data/node writes. */
export function phantomData(options: PhantomSetOptions): RunData {
  const drawn = phantomSet(options);
  const { size } = options;
  const rasters = new Map(
    drawn.map(({ name, image }): [string, Raster] => [
      fileOf(name),
      { width: size, height: size, channels: 1, maxValue: 255, data: image },
    ]),
  );
  const rows = drawn.map(({ name, label, class: kind, split, patient }) => {
    return { path: fileOf(name), label, class: kind, split, patient, group: null, mask: null };
  });
  const dataset = assembleDataset(rows, { name: "Phantoms", root: "", resolve: (path) => path });
  return { dataset, source: rasterSource(({ file }) => rasters.get(file) ?? null) };
}
