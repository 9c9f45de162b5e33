/**
 * @file The one form in which decoded pixels travel: stored integers, never rescaled, with their full scale beside
 * them. Turning them into numbers for a network is left to prepare.ts.
 */
import { HaleError } from "@hale/errors";

/** A decoded picture. `data` is row-major and interleaved, length width × height × channels. */
export interface Raster {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** 1 = grey (0 is black), 3 = RGB. */
  channels: 1 | 3;
  /** Full scale of the stored values: 255 goes with Uint8Array, 65535 with Uint16Array. */
  maxValue: 255 | 65535;
  data: Uint8Array | Uint16Array;
}

/** An all-black raster of the given size in pixels. */
export function emptyRaster(width: number, height: number, channels: 1 | 3, maxValue: 255 | 65535 = 255): Raster {
  const length = width * height * channels;
  return {
    width,
    height,
    channels,
    maxValue,
    data: maxValue === 255 ? new Uint8Array(length) : new Uint16Array(length),
  };
}

/** Throws SHAPE_MISMATCH when the array does not fit the declared size, channels and full scale. */
export function checkRaster(raster: Raster): void {
  const { width, height, channels, maxValue, data } = raster;
  const fits =
    data.length === width * height * channels &&
    data.length > 0 &&
    (channels === 1 || channels === 3) &&
    (maxValue === 255 ? data instanceof Uint8Array : data instanceof Uint16Array);
  if (!fits) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `A raster of ${width} × ${height} × ${channels} (full scale ${maxValue}) holds ${data.length} values.`,
      "Give width × height × channels values, as Uint8Array for 255 and Uint16Array for 65535.",
    );
  }
}

/**
 * Grey by ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B, in the 16-bit fixed point that Pillow's `convert("L")` uses,
 * rounded to the nearest stored value. A grey raster is returned as it is.
 */
export function toGrey(raster: Raster): Raster {
  if (raster.channels === 1) return raster;
  const grey = emptyRaster(raster.width, raster.height, 1, raster.maxValue);
  for (let i = 0, j = 0; i < grey.data.length; i++, j += 3) {
    const luma = raster.data[j] * 19595 + raster.data[j + 1] * 38470 + raster.data[j + 2] * 7471;
    grey.data[i] = Math.floor((luma + 32768) / 65536);
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
