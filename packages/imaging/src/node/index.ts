/** @file Images from disk, for Node: read within budgets of size, time and memory, in a thread of their own. */
import type { Raster } from "../raster/raster.ts";
import { sharedReader } from "./reader.ts";

export { readImageBytes, readSibling } from "./bytes.ts";
export { useInstalledCodecs } from "./codecs.ts";
/** @public */
export { dicomObjectsIn, dicomObjectsOf, type FolderProgress, readDicomFolder } from "./dicom.ts";
export { openGuardedReader } from "./guarded.ts";
export { sharedReader } from "./reader.ts";
export { readScan, readScanBytes } from "./scans.ts";

/** Reads and decodes a PNG, JPEG or TIFF; throws what `GuardedReader.picture` throws. */
export function readImage(path: string, name = path): Promise<Raster> {
  return sharedReader().picture({ path }, name);
}
