/** @file A file on disk, opened: a plain picture, or a scan with the frames that DICOM objects of it refer to. */
import { isDicom, oneScan, pictureOf, scansOfObject } from "@hale/imaging";
import { readImageBytes, sharedReader } from "@hale/imaging/node";
import { framesOf, type SourceReader } from "../sources.ts";
import type { Opened } from "../target.ts";

/**
 * Reads a file in the thread for files. With `readSource`, DICOM files tell the frames that they hold. Throws what
 * `GuardedReader.read` throws, and IMAGE_UNSUPPORTED for a file of several scans.
 */
export async function openFile(path: string, readSource?: SourceReader): Promise<Opened> {
  if (readSource) {
    const bytes = await readImageBytes(path);
    if (isDicom(bytes)) return openObject(bytes, path, readSource);
  }
  const scan = oneScan(await sharedReader().read({ path }, path), path);
  const raster = pictureOf(scan);
  return raster ? { kind: "picture", raster } : { kind: "scan", scan };
}

/** The same scan as without sources, and the frame that each of its slices is: they may lie in the file in any order. */
async function openObject(bytes: Uint8Array, path: string, readSource: SourceReader): Promise<Opened> {
  const series = scansOfObject(await sharedReader().dicom({ bytes }, path), path);
  const scan = oneScan({ scans: series.map((one) => one.scan) }, path);
  const frames = framesOf(bytes, path, readSource);
  return { kind: "scan", scan, frames: () => series[0].slices.map(({ frame }) => frames()[frame]) };
}
