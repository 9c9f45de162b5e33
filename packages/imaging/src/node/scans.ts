/** @file Scans from disk, for Node: a file of any kind, or a folder that holds one DICOM series. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { assembleSeries } from "../dicom/series.ts";
import { unsupported } from "../limits.ts";
import type { Scan } from "../scan/scan.ts";
import { readImageBytes } from "./bytes.ts";
import { readDicomFolder } from "./dicom.ts";
import { sharedReader } from "./reader.ts";

/**
 * The one scan of a file, or of the one DICOM series that a folder holds. Throws what `GuardedReader.read` throws, and IMAGE_UNSUPPORTED where there are several scans, such as a time series, or none. `name` is used in errors.
 */
export async function readScan(path: string, name = path): Promise<Scan> {
  if (await isFolder(path)) return readSeries(path, name);
  const { scans } = await sharedReader().read({ path }, name);
  if (scans.length !== 1) {
    throw unsupported(
      name,
      `it holds ${scans.length} scans, such as time points`,
      "Give one scan a file: take the others out, or average them first.",
    );
  }
  return scans[0];
}

async function readSeries(path: string, name: string): Promise<Scan> {
  const { objects, leftOut } = await readDicomFolder(path);
  const { series } = assembleSeries(objects);
  if (series.length === 1) return series[0].scan;
  const why = series.length === 0 && leftOut.length > 0 ? `; of its first file, ${leftOut[0].reason}` : "";
  throw unsupported(
    name,
    `the folder holds ${series.length} DICOM series${why}`,
    "Give each series a folder of its own.",
  );
}

const isFolder = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() === true;

/**
 * The bytes of a scan's file, or of all files of its folder in the order of their names, to tell equal ones by; one
 * after the other. Throws what `readImageBytes` throws.
 */
export async function* readScanBytes(path: string, name = path): AsyncGenerator<Uint8Array> {
  if (!(await isFolder(path))) {
    yield await readImageBytes(path, name);
    return;
  }
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  for (const file of files.sort()) yield await readImageBytes(join(path, file), `${name}/${file}`);
}
