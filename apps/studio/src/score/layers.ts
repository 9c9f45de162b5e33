/** @file From numbers to pixels: the picture by window and level, the map on the card's absolute colours, alone or to lie over a picture. */
import { infernoTable } from "@hale/imaging";
import type { ShownMap, ShownPicture } from "../engine/views.ts";

/** Brightness from black to white, in shares of the picture's range. */
export interface Window {
  level: number;
  width: number;
}
export const FULL: Window = { level: 0.5, width: 1 };

export type Layer = HTMLCanvasElement | OffscreenCanvas;

export function pictureLayer({ width, height, channels, data }: ShownPicture, { level, width: wide }: Window): Layer {
  const low = level - wide / 2;
  const scale = 255 / Math.max(wide, 1e-3);
  return layer(width, height, (out) => {
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) out[4 * i + c] = (data[i * channels + (channels === 3 ? c : 0)] - low) * scale;
      out[4 * i + 3] = 255;
    }
  });
}

/**
 * The map from 0 to `top`; values beyond are clamped, so that equal colours mean equal values everywhere. `fades`: transparent
 * where it is low, to lie over a picture.
 */
export function mapLayer({ width, height, data }: ShownMap, top: number, fades: boolean): Layer {
  const colours = infernoTable();
  return layer(width, height, (out) => {
    for (let i = 0; i < data.length; i++) {
      const share = Math.min(1, Math.max(0, data[i] / top)) || 0;
      const step = 3 * Math.round(255 * share);
      for (let c = 0; c < 3; c++) out[4 * i + c] = colours[step + c];
      out[4 * i + 3] = fades ? 255 * share : 255;
    }
  });
}

function layer(width: number, height: number, fill: (out: Uint8ClampedArray) => void): Layer {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  fill(image.data);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The colour scale as a picture, dark at the left. */
export function legendLayer(): Layer {
  const data = Float32Array.from({ length: 256 }, (_, i) => i / 255);
  return mapLayer({ width: 256, height: 1, data }, 1, false);
}

/** Value of a map at a place of it, by shares of its sides. */
export function mapAt({ width, height, data }: ShownMap, x: number, y: number): number {
  const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
  return data[row * width + column];
}
