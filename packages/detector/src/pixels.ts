/** @file Rasters as the network takes them: float planes of stored values / full scale, in [0, 1]. */
import { HaleError } from "@hale/core";
import { checkRaster, type Raster, toGrey, toRgb } from "@hale/imaging";

/** The one size of the rasters. Throws SHAPE_MISMATCH for several sizes, and what `checkRaster` throws for bad ones. */
export function checkBatch(rasters: readonly Raster[]): { width: number; height: number } {
  const [{ width, height }] = rasters;
  for (const raster of rasters) {
    checkRaster(raster);
    if (raster.width === width && raster.height === height) continue;
    const fault = `A batch holds images of ${width} × ${height} and of ${raster.width} × ${raster.height} pixels.`;
    throw new HaleError("SHAPE_MISMATCH", fault, "Give images of one size together.");
  }
  return { width, height };
}

/**
 * Puts checked rasters into `pixels`, [N, channels, H, W]. RGB becomes grey (Rec. 601) for one channel, grey three equal planes
 * for three.
 */
export function fillPixels(pixels: Float32Array, rasters: readonly Raster[], channels: 1 | 3): void {
  const area = rasters[0].width * rasters[0].height;
  for (const [i, raster] of rasters.entries()) {
    const source = channels === 1 ? toGrey(raster) : toRgb(raster);
    for (let c = 0; c < channels; c++) {
      const at = (i * channels + c) * area;
      fillPlane(pixels.subarray(at, at + area), source, c);
    }
  }
}

/** Each 8-bit value / 255, as float32. */
const EIGHT_BITS = Float32Array.from({ length: 256 }, (_, value) => value / 255);

function fillPlane(plane: Float32Array, { data, channels, maxValue }: Raster, channel: number): void {
  if (data instanceof Uint8Array) fillFromBytes(plane, data, channels, channel);
  else for (let i = 0, at = channel; i < plane.length; i++, at += channels) plane[i] = data[at] / maxValue;
}

/** By itself, so that it is compiled for this kind of array alone: three times as fast. */
function fillFromBytes(plane: Float32Array, bytes: Uint8Array, step: number, first: number): void {
  const { length } = plane;
  for (let i = 0, at = first; i < length; i++, at += step) plane[i] = EIGHT_BITS[bytes[at]];
}
