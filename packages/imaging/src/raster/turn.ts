/**
 * @file Pictures as they are meant to be seen: the eight orientations of TIFF 6.0 (tag 274), which EXIF has taken over for
 * JPEG and PNG. Every viewer turns by them, so that what is scored is what is seen.
 */
import { emptyRaster, type Raster } from "./raster.ts";

/** By number: whether rows and columns change places, and which of them are then counted from the other end. */
const TURNS: Record<number, { swap: boolean; flipX: boolean; flipY: boolean }> = {
  2: { swap: false, flipX: true, flipY: false },
  3: { swap: false, flipX: true, flipY: true },
  4: { swap: false, flipX: false, flipY: true },
  5: { swap: true, flipX: false, flipY: false },
  6: { swap: true, flipX: true, flipY: false },
  7: { swap: true, flipX: true, flipY: true },
  8: { swap: true, flipX: false, flipY: true },
};

/** The raster upright; the same one for 1 and for numbers that mean nothing (0, or above 8). */
export function upright(raster: Raster, orientation: number): Raster {
  const turn = TURNS[orientation];
  if (!turn) return raster;
  const { width, height, channels, maxValue, data } = raster;
  const out = emptyRaster(turn.swap ? height : width, turn.swap ? width : height, channels, maxValue);
  for (let y = 0, to = 0; y < out.height; y++) {
    const down = turn.flipY ? out.height - 1 - y : y;
    for (let x = 0; x < out.width; x++) {
      const across = turn.flipX ? out.width - 1 - x : x;
      const from = (turn.swap ? across * width + down : down * width + across) * channels;
      for (let c = 0; c < channels; c++) out.data[to++] = data[from + c];
    }
  }
  return out;
}
