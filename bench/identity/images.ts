/** @file Pictures that detectors are compared on: phantoms of many sizes, healthy and not, cut so that few are square, grey or tinted. */
import { LESION_KINDS, phantom } from "@hale/data";
import { emptyRaster, type Raster } from "@hale/imaging";

/** Width and height in pixels: below, about and above what small detectors resize to. A GPU in software sets the number. */
const SIZES: readonly (readonly [width: number, height: number])[] = [
  [32, 20],
  [41, 41],
  [131, 97],
  [301, 257],
];

/** How bright red, green and blue are, of what a grey phantom has. */
const TINT = [1, 0.82, 0.6];

/** Two phantoms of each size, one with a lesion. */
export function drawImages(channels: 1 | 3): Raster[] {
  return SIZES.flatMap(([width, height], i) => {
    const healthy = phantom(100 + i, { size: width }).image;
    const diseased = phantom(200 + i, { size: width, lesion: LESION_KINDS[i % LESION_KINDS.length] }).image;
    return [healthy, diseased].map((image) => cut(image, width, height, channels));
  });
}

/** The middle rows of a square grey picture. */
function cut(image: Uint8Array, width: number, height: number, channels: 1 | 3): Raster {
  const raster = emptyRaster(width, height, channels);
  const start = ((width - height) >> 1) * width;
  for (let i = 0; i < raster.data.length; i++) {
    raster.data[i] = Math.round(image[start + Math.floor(i / channels)] * TINT[i % channels]);
  }
  return raster;
}
