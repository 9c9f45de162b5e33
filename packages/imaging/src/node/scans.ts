/** @file Scans from disk, for Node: a file of any kind, or a folder that holds one DICOM series. */
import { stat } from "node:fs/promises";
import { unsupported } from "../limits.ts";
import { readImageFile } from "../read.ts";
import type { Scan } from "../scan/scan.ts";
import { readImageBytes, readSibling } from "./files.ts";

/**
 * The one scan of a file. Throws what `readImageBytes` and `readImageFile` throw, and
 * IMAGE_UNSUPPORTED for a file with several scans, such as a time series. `name` is used in errors.
 */
export async function readScan(path: string, name = path): Promise<Scan> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory()) throw unsupported(name, "it is a folder", "Name one file.");
  const bytes = await readImageBytes(path, name);
  const { scans } = await readImageFile(bytes, name, (sibling) => readSibling(path, sibling));
  if (scans.length !== 1) {
    throw unsupported(
      name,
      `it holds ${scans.length} scans, such as time points`,
      "Give one scan a file: take the others out, or average them first.",
    );
  }
  return scans[0];
}

/** The bytes of a scan's files, in a fixed order, to tell equal ones by. Throws what `readImageBytes` throws. */
export async function readScanBytes(path: string, name = path): Promise<Uint8Array[]> {
  return [await readImageBytes(path, name)];
}
