/**
 * @file The picture that a detector scores when it is loaded. Its score was written to the card where the detector was
 * made; a device that gets another one computes wrongly, which some GPUs do, and must not be trusted with patients'
 * images. Made from whole numbers only, so it has the same bytes everywhere.
 */
import { emptyRaster, type Raster } from "@hale/imaging";

/** A mixing function of 32-bit whole numbers (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * An 8-bit picture of `size` x ⌈3/4 size⌉ pixels: a bright ellipse with slopes, blocks and noise on black, somewhat like
 * a head, different for every seed and channel. Not square, so that swapped axes are noticed.
 */
export function selfCheckRaster(seed: number, size: number, channels: 1 | 3): Raster {
  const width = size;
  const height = Math.ceil((size * 3) / 4);
  const raster = emptyRaster(width, height, channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Distance from the centre, in 1/1024 of the half axes, squared.
      const u = Math.floor(((2 * x + 1 - width) * 900) / width);
      const v = Math.floor(((2 * y + 1 - height) * 900) / height);
      if (u * u + v * v > 800 * 800) continue;
      for (let c = 0; c < channels; c++) {
        const key = seed + c * 0x9e3779b9;
        const block = mix(key ^ (Math.floor((x * 8) / width) * 8 + Math.floor((y * 8) / height))) % 96;
        const noise = mix(key ^ (0x10000 + y * width + x)) % 48;
        const slope = Math.floor((x * 64) / width) + Math.floor((y * 32) / height);
        raster.data[(y * width + x) * channels + c] = 16 + block + noise + slope;
      }
    }
  }
  return raster;
}
