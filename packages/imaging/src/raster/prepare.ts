/**
 * @file From a raster to the input of networks. Every method, detector and control sees images through this one function, so that a score never depends on which path a picture came in by.
 */
import { HaleError } from "@hale/core";
import { checkRaster, type Raster, toGrey, toRgb } from "./raster.ts";
import { resizePlane } from "./resize.ts";

export interface PrepareOptions {
  /** Side of the square result, in pixels. */
  size: number;
  /** 1 = grey (Rec. 601), 3 = RGB. */
  channels: 1 | 3;
}

/**
 * Prepares a raster as CHW, [channels, size, size], values in [-1, 1]: stored / full scale, resized to a square (the
 * aspect ratio is not kept), then (v - ½) / ½. Throws OPTION_INVALID for a bad size and SHAPE_MISMATCH for a raster
 * that contradicts itself.
 */
export function prepare(raster: Raster, options: PrepareOptions): Float32Array {
  const { size, channels } = options;
  if (!Number.isInteger(size) || size < 1 || size > 4096 || (channels !== 1 && channels !== 3)) {
    throw new HaleError(
      "OPTION_INVALID",
      `Cannot prepare an image of size ${size} with ${channels} channels.`,
      "Choose a whole size from 1 to 4096 and 1 or 3 channels.",
    );
  }
  checkRaster(raster);
  const source = channels === 1 ? toGrey(raster) : toRgb(raster);
  const area = source.width * source.height;
  const out = new Float32Array(channels * size * size);
  const plane = new Float64Array(area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) plane[i] = source.data[i * channels + c] / source.maxValue;
    const resized = resizePlane(plane, source.width, source.height, size, size);
    for (let i = 0; i < resized.length; i++) out[c * size * size + i] = (resized[i] - 0.5) / 0.5;
  }
  return out;
}
