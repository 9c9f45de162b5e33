/**
 * @file The inferno colour map (Smith and van der Walt, matplotlib) for anomaly maps: perceptually uniform, rising in
 * lightness, readable in grey print and with colour-blind eyes. The table comes from d3-scale-chromatic.
 */

import { HaleError } from "@hale/core";
import { interpolateInferno } from "d3-scale-chromatic";
import { emptyRaster, type Raster } from "./raster.ts";

let table: Uint8Array | null = null;

/** The 256 colours of inferno as RGB triples, black to pale yellow. Length 768. */
export function infernoTable(): Uint8Array {
  table ??= Uint8Array.from({ length: 256 }, (_, i) => i).reduce((out, i) => {
    const colour = Number.parseInt(interpolateInferno(i / 255).slice(1), 16);
    out.set([colour >> 16, (colour >> 8) & 255, colour & 255], i * 3);
    return out;
  }, new Uint8Array(768));
  return table;
}

/** Throws OPTION_INVALID unless `maximum`, the map value of the brightest colour, is finite and above 0. */
export function checkMaximum(maximum: number): void {
  if (!(maximum > 0) || !Number.isFinite(maximum)) {
    throw new HaleError(
      "OPTION_INVALID",
      `The scale of an anomaly map cannot end at ${maximum}.`,
      "Give a finite number above 0, the same for all maps that are compared.",
    );
  }
}

/**
 * Colours a map, row-major [height, width], on the absolute scale 0…maximum: values outside are clamped, so that equal
 * colours mean equal values in every picture. NaN is drawn as 0. Returns RGB.
 */
export function colourMap(map: ArrayLike<number>, width: number, height: number, maximum: number): Raster {
  checkMaximum(maximum);
  const colours = infernoTable();
  const raster = emptyRaster(width, height, 3);
  for (let i = 0; i < width * height; i++) {
    const step = Math.round(255 * Math.min(1, Math.max(0, map[i] / maximum))) || 0;
    raster.data.set(colours.subarray(step * 3, step * 3 + 3), i * 3);
  }
  return raster;
}
