/**
 * @file An anomaly map laid over its image, and the bar that explains the colours. Numbers and words beside the bar are
 * left to the page or report, which have fonts.
 */
import { HaleError } from "@hale/core";
import { checkMaximum, infernoTable } from "./colormap.ts";
import { emptyRaster, type Raster } from "./raster.ts";
import { resizePlane } from "./resize.ts";

export interface OverlayOptions {
  /** Map value of the brightest colour; the scale begins at 0. */
  maximum: number;
  /** Opacity of the brightest colour, 0 to 1; lower values fade in proportion so that normal tissue stays visible. */
  opacity?: number;
}

/**
 * Blends the map (row-major, mapWidth × mapHeight, resized to the image) over the image in inferno colours; opacity
 * rises linearly with the value from 0 to `opacity` (0.7). Returns 8-bit RGB of the image's size.
 */
export function overlayMap(
  image: Raster,
  map: ArrayLike<number>,
  mapWidth: number,
  mapHeight: number,
  options: OverlayOptions,
): Raster {
  const { maximum, opacity = 0.7 } = options;
  checkMaximum(maximum);
  if (!(opacity >= 0 && opacity <= 1)) {
    throw new HaleError("OPTION_INVALID", `The opacity ${opacity} is not in 0…1.`, "Give a number from 0 to 1.");
  }
  const values = resizePlane(map, mapWidth, mapHeight, image.width, image.height);
  const colours = infernoTable();
  const out = emptyRaster(image.width, image.height, 3);
  for (let i = 0; i < values.length; i++) {
    const share = Math.min(1, Math.max(0, values[i] / maximum)) || 0;
    const step = Math.round(255 * share);
    const alpha = opacity * share;
    for (let c = 0; c < 3; c++) {
      const base = (image.data[i * image.channels + (image.channels === 3 ? c : 0)] * 255) / image.maxValue;
      out.data[i * 3 + c] = Math.round((1 - alpha) * base + alpha * colours[step * 3 + c]);
    }
  }
  return out;
}

/** A horizontal bar of the colour scale, 0 at the left, with white ticks at the given shares (0…1) of its width. */
export function legendBar(width: number, height: number, ticks: number[] = [0, 0.25, 0.5, 0.75, 1]): Raster {
  const colours = infernoTable();
  const raster = emptyRaster(width, height, 3);
  const tickHeight = Math.max(1, Math.round(height / 4));
  for (let x = 0; x < width; x++) {
    const step = Math.round((255 * x) / Math.max(1, width - 1));
    for (let y = 0; y < height; y++) {
      raster.data.set(colours.subarray(step * 3, step * 3 + 3), (y * width + x) * 3);
    }
  }
  for (const tick of ticks) {
    const x = Math.round(Math.min(1, Math.max(0, tick)) * (width - 1));
    for (let y = height - tickHeight; y < height; y++)
      raster.data.fill(255, (y * width + x) * 3, (y * width + x) * 3 + 3);
  }
  return raster;
}
