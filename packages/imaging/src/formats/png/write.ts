/** @file Rasters out as PNG, for example pictures and reports. */
import { encode } from "fast-png";
import { checkRaster, type Raster } from "../../raster/raster.ts";

/**
 * Encodes a raster as an 8- or 16-bit grey or RGB PNG; floats are rounded to 16 bits. Throws SHAPE_MISMATCH for a raster
 * that contradicts itself and NUMERIC_FAILURE for floats outside [0, 1].
 */
export function encodePng(raster: Raster): Uint8Array {
  checkRaster(raster);
  const { width, height, channels, data, maxValue } = raster;
  if (data instanceof Float32Array) {
    const rounded = Uint16Array.from(data, (value) => Math.round(value * 65535));
    return encode({ width, height, channels, data: rounded, depth: 16 });
  }
  return encode({ width, height, channels, data, depth: maxValue === 255 ? 8 : 16 });
}
