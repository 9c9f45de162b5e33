/** @file Scans from disk, for Node: a file of any kind, or a folder that holds one DICOM series. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { assembleSeries } from "../formats/dicom/series.ts";
import { oneScan } from "../formats/image-file.ts";
import { corrupt, unsupported } from "../raster/limits.ts";
import type { Scan } from "../volumes/scan.ts";
import { readImageBytes } from "./bytes.ts";
import { filesBelow, readDicomFolder } from "./dicom.ts";
import { sharedReader } from "./reader.ts";

/**
 * The one scan of a file, or of the one DICOM series that a folder holds. Throws what `GuardedReader.read` throws, and IMAGE_UNSUPPORTED where there are several scans, such as a time series, or none. `name` is used in errors.
 */
export async function readScan(path: string, name = path): Promise<Scan> {
  if (await isFolder(path)) return readSeries(path, name);
  return oneScan(await sharedReader().read({ path }, name), name);
}

async function readSeries(path: string, name: string): Promise<Scan> {
  const { objects, leftOut } = await readDicomFolder(path);
  const { series, leftOut: unused } = assembleSeries(objects);
  // A volume without some of its slices would pass for a whole one.
  const lost = [...leftOut, ...unused].filter((one) => one.lost);
  if (lost.length > 0)
    throw corrupt(name, `${lost.length} of its DICOM files cannot be read. The first: ${lost[0].reason}`);
  if (series.length === 1) return series[0].scan;
  const [parts] = series.flatMap(({ notes }) => notes);
  const split = parts === undefined ? "" : `; ${parts[0].toLowerCase()}${parts.slice(1, -1)}`;
  const why = series.length === 0 && leftOut.length > 0 ? `; of its first file, ${leftOut[0].reason}` : "";
  throw unsupported(
    name,
    `the folder holds ${series.length} DICOM scans${split || why}`,
    "Give each series, and each time point of one, a folder of its own.",
  );
}

const isFolder = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() === true;

/**
 * The bytes of a scan's file, or of all files below its folder in the order of their names, to tell equal ones by; one
 * after the other. Throws what `readImageBytes` throws.
 */
export async function* readScanBytes(path: string, name = path): AsyncGenerator<Uint8Array> {
  if (!(await isFolder(path))) {
    yield await readImageBytes(path, name);
    return;
  }
  for (const file of (await filesBelow(path)).files) yield await readImageBytes(join(path, file), `${name}/${file}`);
}
