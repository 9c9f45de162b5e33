/** @file Pictures that detectors are compared on: phantoms of many sizes, healthy and not, cut so that few are square, grey or tinted. */
import { LESION_KINDS, phantom } from "@hale/data";
import { emptyRaster, type Raster } from "@hale/imaging";

/** Sides, in pixels, on both sides of what small detectors resize to, with no common factor. */
const SIZES = [32, 41, 64, 97, 131, 256, 301];

/** How bright red, green and blue are, of what a grey phantom has. */
const TINT = [1, 0.82, 0.6];

/** Two phantoms of each size, one with a lesion. */
export function drawImages(channels: 1 | 3): Raster[] {
  return SIZES.flatMap((size, i) => {
    const healthy = phantom(100 + i, { size }).image;
    const diseased = phantom(200 + i, { size, lesion: LESION_KINDS[i % LESION_KINDS.length] }).image;
    return [cut(healthy, size, size - 3 * i, channels), cut(diseased, size, size, channels)];
  });
}

/** The first rows of a grey picture of `size` columns. */
function cut(image: Uint8Array, size: number, height: number, channels: 1 | 3): Raster {
  const raster = emptyRaster(size, height, channels);
  for (let i = 0; i < raster.data.length; i++) {
    raster.data[i] = Math.round(image[Math.floor(i / channels)] * TINT[i % channels]);
  }
  return raster;
}
