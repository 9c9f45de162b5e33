/**
 * @file Opens the scans of a data set and their masks. Items are read in the order of their scans, so that each scan is read
 * once, even where a store keeps only the last.
 */
import { createHash } from "node:crypto";
import { HaleError } from "@hale/core";
import {
  axisCodes,
  type Frame,
  partOf,
  type Raster,
  reorient,
  type Scan,
  type ScanInput,
  type SlicedScan,
  type SlicePlane,
  sliceScan,
  stackOf,
} from "@hale/imaging";
import { readScan, readScanBytes } from "@hale/imaging/node";
import type { Item, ItemScan } from "../item.ts";
import { lesionOf } from "../mask.ts";
import { samePlace } from "../same-place.ts";
import { type ImageStore, inputKey, keepNothing, stateOf } from "./image-store.ts";

/** A scan made ready by its settings; `name` is for errors. Throws what `readScan` and `sliceScan` throw. */
export async function openScan(
  file: string,
  name: string,
  input: ScanInput,
  store: ImageStore = keepNothing(),
): Promise<SlicedScan> {
  const stored = await storedScan(file, name, store);
  const key = inputKey(input);
  if (stored.sliced?.input !== key) stored.sliced = { input: key, value: sliceScan(stored.scan, input, name) };
  return stored.sliced.value;
}

/** A scan as it is in its file. Throws what `readScan` throws. */
export async function readStoredScan(file: string, name: string, store: ImageStore): Promise<Scan> {
  return (await storedScan(file, name, store)).scan;
}

const storedScan = (file: string, name: string, store: ImageStore) =>
  store.scans.of(file, async () => ({ scan: await readScan(file, name), sliced: null }));

/** The picture of an item that is cut out of a scan, and its samples that were no numbers. */
export async function readSlice(
  item: Item,
  scan: ItemScan,
  store: ImageStore,
): Promise<{ raster: Raster; notNumbers: number }> {
  const sliced = await openScan(item.file, scan.path, scan.input, store);
  return sliced.picture(scan.index);
}

/** SHA-256 of the file or files that an item is read from, with its slice: equal for the same slice of equal files. */
export async function identityOf(file: string, slice: string, { hashes }: ImageStore): Promise<string> {
  const state = await stateOf(file);
  // A volume is asked for slice after slice.
  let known = hashes.get(state);
  if (!known) {
    const hash = createHash("sha256");
    for await (const bytes of readScanBytes(file)) hash.update(createHash("sha256").update(bytes).digest());
    known = hash.digest("hex");
    hashes.set(state, known);
  }
  return createHash("sha256").update(`${known} ${slice}`).digest("hex");
}

/** Where something is marked in the mask of a scan. */
export interface OpenMask {
  /** Whether any voxel of the whole slice is marked. */
  marks(index: number): boolean;
  /** 1 where marked, in the picture's frame, padding included: [fullHeight, fullWidth]. */
  picture(index: number): Uint8Array;
}

/**
 * The mask of a scan: an own scan on the same grid, its axes in any order and direction; where either has no place, equal
 * sizes are enough. Throws DATASET_INVALID where it lies elsewhere, and what reading throws.
 */
export async function openMask(
  file: string,
  name: string,
  { scan, stack, frame }: SlicedScan,
  store: ImageStore,
): Promise<OpenMask> {
  const own = alongAxesOf(scan, await store.masks.of(file, () => readScan(file, name)));
  if (own.size.some((length, i) => length !== scan.size[i])) {
    throw new HaleError(
      "DATASET_INVALID",
      `The ${name} has ${own.size.join(" × ")} voxels where the scan has ${scan.size.join(" × ")}.`,
      "Give each scan a mask on the scan's own grid.",
    );
  }
  if (liesElsewhere(own, scan)) {
    throw new HaleError(
      "DATASET_INVALID",
      `The ${name} has as many voxels as the scan, and lies at another place.`,
      "Give each scan a mask on the scan's own grid: with its origin, directions and spacing.",
    );
  }
  const mask: Scan = { ...own, affine: scan.affine };
  const itsStack = stackOf(mask, stack.axis, name);
  const marked = lesionOf(mask);
  return {
    marks: (index) => some(itsStack.plane(index), marked),
    picture: (index) => markedPicture(partOf(itsStack.plane(index), frame), frame, marked),
  };
}

const liesElsewhere = (mask: Scan, scan: Scan) =>
  mask.affine !== null && scan.affine !== null && !samePlace(mask.affine, scan.affine, mask.size);

/** The mask with its axes in the scan's order and direction; as it is where that is known to fit, or nothing is known. */
function alongAxesOf(scan: Scan, mask: Scan): Scan {
  const turned = mask.size.some((length, i) => length !== scan.size[i]) || liesElsewhere(mask, scan);
  return turned && mask.affine && scan.affine ? reorient(mask, axisCodes(scan.affine)) : mask;
}

function some({ start, columnStep, rowStep, width, height }: SlicePlane, test: (voxel: number) => boolean): boolean {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (test(start + x * columnStep + y * rowStep)) return true;
  }
  return false;
}

function markedPicture(plane: SlicePlane, frame: Frame, test: (voxel: number) => boolean): Uint8Array {
  const out = new Uint8Array(frame.fullWidth * frame.fullHeight);
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < plane.width; x++) {
      if (!test(plane.start + x * plane.columnStep + y * plane.rowStep)) continue;
      out[(frame.padTop + y) * frame.fullWidth + frame.padLeft + x] = 1;
    }
  }
  return out;
}
