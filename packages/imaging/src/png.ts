/** @file Rasters out as PNG, for example pictures and reports. */
import { encode } from "fast-png";
import { checkRaster, type Raster } from "./raster.ts";

/** Encodes a raster as an 8- or 16-bit grey or RGB PNG. Throws SHAPE_MISMATCH for a raster that contradicts itself. */
export function encodePng(raster: Raster): Uint8Array {
  checkRaster(raster);
  const { width, height, channels, data, maxValue } = raster;
  return encode({ width, height, channels, data, depth: maxValue === 255 ? 8 : 16 });
}
