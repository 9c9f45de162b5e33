/**
 * @file Checks a data set that was given as files: the counts, leaks, near copies and controls of `hale data check`, of plain
 * pictures. Scans are left out, with the reason.
 */
import { HaleError, isUnreadableImage, sha256Hex } from "@hale/core";
import {
  assembleDataset,
  checkOf,
  type Dataset,
  type DatasetCheck,
  evidenceOf,
  type ImageEvidence,
  parseManifest,
  type ReadImages,
  readFolders,
} from "@hale/data";
import type { GuardedReader, Raster } from "@hale/imaging";
import type { GivenFile } from "@hale/scoring/web";
import type { ShownPicture } from "./views.ts";

const MANIFESTS = ["split.csv", "manifest.csv"];

/** The files of one folder by their paths in it. */
export function filesBelow(files: readonly GivenFile[]): { name: string; blobs: Map<string, Blob> } {
  const first = files[0]?.path.split("/")[0] ?? "";
  const common = files.every(({ path }) => path.startsWith(`${first}/`));
  const name = common ? first : "the data set";
  const blobs = files.map(({ path, blob }) => [common ? path.slice(first.length + 1) : path, blob] as const);
  return { name, blobs: new Map(blobs) };
}

/** Throws DATASET_EMPTY and DATASET_INVALID for what is no data set. `signal` ends it. */
export async function checkFiles(
  name: string,
  blobs: ReadonlyMap<string, Blob>,
  reader: GuardedReader,
  onProgress: (stage: string, done: number, total: number) => void,
  signal: AbortSignal,
): Promise<DatasetCheck> {
  const dataset = await datasetOf(name, blobs);
  const look = evidenceOf(dataset, true);
  const seen: ReadImages<ImageEvidence> = { items: [], images: [], skipped: [], notNumbers: [] };
  for (const [i, item] of dataset.items.entries()) {
    signal.throwIfAborted();
    try {
      const bytes = new Uint8Array(await blobs.get(item.file)!.arrayBuffer());
      const identity = sha256Hex(bytes);
      const raster = await reader.picture({ bytes }, item.path);
      seen.images.push(await look(raster, () => identity, item));
      seen.items.push(item);
    } catch (error) {
      if (!isUnreadableImage(error)) throw error;
      seen.skipped.push({ path: item.path, reason: error.fault });
    }
    onProgress("Reading", i + 1, dataset.items.length);
  }
  if (seen.items.length === 0) {
    throw new HaleError("DATASET_EMPTY", `None of the images of ${name} can be read.`, seen.skipped[0]?.reason ?? "");
  }
  return checkOf(dataset, seen, {
    nearCopies: true,
    onProgress: (done, total) => {
      signal.throwIfAborted();
      onProgress("Comparing", done, total);
    },
  });
}

async function datasetOf(name: string, blobs: ReadonlyMap<string, Blob>): Promise<Dataset> {
  const place = { name, root: "", resolve: (path: string) => path };
  const manifest = MANIFESTS.find((file) => blobs.has(file));
  if (manifest === undefined) {
    const { rows, warnings } = readFolders([...blobs.keys()].sort(), name);
    return assembleDataset(rows, { ...place, warnings });
  }
  const rows = parseManifest(await blobs.get(manifest)!.text(), manifest);
  const missing = rows.filter(({ path }) => !blobs.has(path));
  if (missing.length === 0) return assembleDataset(rows, place);
  throw new HaleError(
    "DATASET_INVALID",
    `${manifest}: ${missing.length} files are missing, ${missing[0].path} among them.`,
    "Choose the folder with all of its images, or remove their lines.",
  );
}

/** A picture to look at, for pairs. */
export async function pictureOf(blob: Blob, name: string, reader: GuardedReader): Promise<ShownPicture> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const { width, height, channels, maxValue, data }: Raster = await reader.picture({ bytes }, name, true);
  return { width, height, channels, data: Float32Array.from(data, (value) => value / maxValue) };
}
