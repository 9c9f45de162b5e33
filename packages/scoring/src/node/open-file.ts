/** @file A file on disk, opened: a plain picture, or a scan with the frames that DICOM objects of it refer to. */
import { HaleError, joinedBytes } from "@hale/core";
import { type FileSource, isDicom, MAX_INPUT_BYTES, oneScan, pictureOf, scansOfObject } from "@hale/imaging";
import { readImageBytes, sharedReader } from "@hale/imaging/node";
import { framesOf, type SourceReader } from "../sources.ts";
import type { Opened } from "../target.ts";

/**
 * Reads a file in the thread for files; errors call it `name`. With `readSource`, DICOM files tell the frames that they hold.
 * Throws what `GuardedReader.read` throws, and IMAGE_UNSUPPORTED for a file of several scans.
 */
export async function openFile(path: string, readSource?: SourceReader, name = path): Promise<Opened> {
  if (readSource) {
    const bytes = await readImageBytes(path, name);
    if (isDicom(bytes)) return openObject(bytes, name, readSource);
  }
  return opened({ path }, name);
}

/** The only picture or scan in a file that is no DICOM, or need not tell its frames. */
export async function opened(source: FileSource, name: string): Promise<Opened> {
  const scan = oneScan(await sharedReader().read(source, name), name);
  const raster = pictureOf(scan);
  return raster ? { kind: "picture", raster } : { kind: "scan", scan };
}

/** The same for what comes by a stream, such as standard input. Throws IMAGE_TOO_LARGE too. */
export async function openStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  readSource?: SourceReader,
): Promise<Opened> {
  const bytes = await bytesOf(stream, name);
  if (readSource && isDicom(bytes)) return openObject(bytes, name, readSource);
  return opened({ bytes }, name);
}

async function bytesOf(stream: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_INPUT_BYTES) {
      const fault = `${name} gives more than ${MAX_INPUT_BYTES} bytes.`;
      throw new HaleError("IMAGE_TOO_LARGE", fault, "Give a smaller image.");
    }
  }
  return joinedBytes(chunks);
}

/** The same scan as without sources, and the frame that each of its slices is: they may lie in the file in any order. */
async function openObject(bytes: Uint8Array, path: string, readSource: SourceReader): Promise<Opened> {
  const series = scansOfObject(await sharedReader().dicom({ bytes }, path), path);
  const scan = oneScan({ scans: series.map((one) => one.scan) }, path);
  const frames = framesOf(bytes, path, readSource);
  return { kind: "scan", scan, frames: () => series[0].slices.map(({ frame }) => frames()[frame]) };
}
