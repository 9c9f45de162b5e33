/** @file A file on disk, opened: a plain picture, or a scan with the frames that DICOM objects of it refer to. */
import { isDicom, oneScan, pictureOf } from "@hale/imaging";
import { readImageBytes, sharedReader } from "@hale/imaging/node";
import { framesOf, type SourceReader } from "../sources.ts";
import type { Opened } from "../target.ts";

/**
 * Reads a file in the thread for files. With `readSource`, DICOM files tell the frames that they hold. Throws what
 * `GuardedReader.read` throws, and IMAGE_UNSUPPORTED for a file of several scans.
 */
export async function openFile(path: string, readSource?: SourceReader): Promise<Opened> {
  const scan = oneScan(await sharedReader().read({ path }, path), path);
  const raster = pictureOf(scan);
  if (raster) return { kind: "picture", raster };
  if (!readSource) return { kind: "scan", scan };
  const bytes = await readImageBytes(path);
  return { kind: "scan", scan, frames: isDicom(bytes) ? framesOf(bytes, path, readSource) : undefined };
}
