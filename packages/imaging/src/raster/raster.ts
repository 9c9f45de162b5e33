/**
 * @file The one form in which pixels travel, with their full scale beside them: stored integers of pictures, never
 * rescaled, or slices of scans that were normalised to [0, 1] in floating point (scan/normalise.ts). Turning them into
 * numbers for a network is left to prepare.ts.
 */
import { HaleError } from "@hale/core";

/** Value of a raster that stands for white. */
export type FullScale = 255 | 65535 | 1;

/** A decoded picture. `data` is row-major and interleaved, length width × height × channels. */
export interface Raster {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** 1 = grey (0 is black), 3 = RGB. */
  channels: 1 | 3;
  /** Full scale: 255 goes with Uint8Array, 65535 with Uint16Array, 1 with Float32Array (values in [0, 1]). */
  maxValue: FullScale;
  data: Uint8Array | Uint16Array | Float32Array;
}

/** An all-black raster of the given size in pixels. */
export function emptyRaster(width: number, height: number, channels: 1 | 3, maxValue: FullScale = 255): Raster {
  const length = width * height * channels;
  return { width, height, channels, maxValue, data: new ARRAYS[maxValue](length) };
}

const ARRAYS = { 255: Uint8Array, 65535: Uint16Array, 1: Float32Array } as const;

/**
 * Throws SHAPE_MISMATCH when the array does not fit the declared size, channels and full scale, and NUMERIC_FAILURE when
 * a value of a float raster is not in [0, 1].
 */
export function checkRaster(raster: Raster): void {
  const { width, height, channels, maxValue, data } = raster;
  const fits =
    data.length === width * height * channels &&
    data.length > 0 &&
    (channels === 1 || channels === 3) &&
    Object.hasOwn(ARRAYS, maxValue) &&
    data instanceof ARRAYS[maxValue];
  if (!fits) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `A raster of ${width} × ${height} × ${channels} (full scale ${maxValue}) holds ${data.length} values.`,
      "Give width × height × channels values, as Uint8Array for 255, Uint16Array for 65535 and Float32Array for 1.",
    );
  }
  // Written so that NaN is refused too.
  if (maxValue === 1 && !data.every((value: number) => value >= 0 && value <= 1)) {
    throw new HaleError(
      "NUMERIC_FAILURE",
      `A raster of ${width} × ${height} holds values outside [0, 1].`,
      "Normalise the scan before it is looked at.",
    );
  }
}

/**
 * Grey by ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B, in the 16-bit fixed point that Pillow's `convert("L")` uses,
 * rounded to the nearest stored value (floats are not rounded). A grey raster is returned as it is.
 */
export function toGrey(raster: Raster): Raster {
  if (raster.channels === 1) return raster;
  const grey = emptyRaster(raster.width, raster.height, 1, raster.maxValue);
  for (let i = 0, j = 0; i < grey.data.length; i++, j += 3) {
    const luma = raster.data[j] * 19595 + raster.data[j + 1] * 38470 + raster.data[j + 2] * 7471;
    // The weights add up to 65536, so that floats stay in [0, 1].
    grey.data[i] = raster.maxValue === 1 ? luma / 65536 : Math.floor((luma + 32768) / 65536);
  }
  return grey;
}

/** Three equal planes from a grey raster; an RGB raster is returned as it is. */
export function toRgb(raster: Raster): Raster {
  if (raster.channels === 3) return raster;
  const rgb = emptyRaster(raster.width, raster.height, 3, raster.maxValue);
  for (let i = 0, j = 0; i < raster.data.length; i++, j += 3) rgb.data.fill(raster.data[i], j, j + 3);
  return rgb;
}
