/** @file What a file holds for those who want one image of it: its one scan, and the picture that this may be. */
import { unsupported } from "../raster/limits.ts";
import type { FullScale, Raster } from "../raster/raster.ts";
import type { Scan } from "../volumes/scan.ts";
import type { ImageFile } from "./read.ts";

/** The one scan of a file. Throws IMAGE_UNSUPPORTED where there are several, such as a time series. */
export function oneScan({ scans }: Pick<ImageFile, "scans">, name: string): Scan {
  if (scans.length === 1) return scans[0];
  throw unsupported(
    name,
    `it holds ${scans.length} scans, such as time points`,
    "Give one scan a file: take the others out, or average them first.",
  );
}

const PICTURES: readonly string[] = ["png", "jpeg", "tiff"];

/** A plain picture (PNG, JPEG, TIFF) as the raster that its scan was made of; null for what has values of its own. */
export function pictureOf({ format, size: [width, height], channels, range, stored }: Scan): Raster | null {
  if (!PICTURES.includes(format)) return null;
  return { width, height, channels, maxValue: range[1] as FullScale, data: stored as Raster["data"] };
}
