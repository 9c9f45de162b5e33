/** @file Images from disk, for Node: reads a file within the input budget and decodes it. */
import { decodeImage } from "../decode.ts";
import type { Raster } from "../raster.ts";
import { readImageBytes } from "./bytes.ts";

export { readImageBytes, readSibling } from "./bytes.ts";
export { dicomObjectsIn, type FolderProgress, readDicomFolder, useInstalledCodecs } from "./dicom.ts";
export { openGuardedReader } from "./guarded.ts";
export { readScan, readScanBytes } from "./scans.ts";

/** Reads and decodes an image file; throws what `readImageBytes` and `decodeImage` throw. */
export async function readImage(path: string, name = path): Promise<Raster> {
  return decodeImage(await readImageBytes(path, name), name);
}
