/** @file Many small pictures on one sheet: samples, restorations and maps side by side, for example files. */
import { HaleError } from "@hale/core";
import { emptyRaster, type Raster } from "./raster.ts";

export interface Tile {
  /** CHW, [channels, height, width], values in [-1, 1]. */
  data: ArrayLike<number>;
  width: number;
  height: number;
  channels: 1 | 3;
}

/** An 8-bit raster of a CHW picture with values in [-1, 1]; values outside are clamped, NaN becomes black. */
export function rasterOf(tile: Tile): Raster {
  const { data, width, height, channels } = tile;
  if (data.length !== width * height * channels) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `A picture of ${channels} × ${height} × ${width} holds ${data.length} values.`,
      "Give channels × height × width values.",
    );
  }
  const raster = emptyRaster(width, height, channels);
  const area = width * height;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) {
      const value = Math.round((data[c * area + i] + 1) * 127.5);
      raster.data[i * channels + c] = Math.min(255, Math.max(0, value)) || 0;
    }
  }
  return raster;
}

/**
 * Lays rasters out in rows of `columns`, `gap` pixels of mid-grey between them. Cells have the size of the largest; the
 * sheet is RGB when any of them is. Throws OPTION_INVALID for no pictures or bad numbers.
 */
export function gridOf(pictures: Raster[], columns: number, gap = 2): Raster {
  if (pictures.length === 0 || !Number.isInteger(columns) || columns < 1 || !Number.isInteger(gap) || gap < 0) {
    throw new HaleError(
      "OPTION_INVALID",
      `Cannot lay out ${pictures.length} pictures in ${columns} columns with gaps of ${gap}.`,
      "Give at least one picture, at least one column and a gap of 0 or more pixels.",
    );
  }
  const cellWidth = Math.max(...pictures.map((picture) => picture.width));
  const cellHeight = Math.max(...pictures.map((picture) => picture.height));
  const channels = pictures.some((picture) => picture.channels === 3) ? 3 : 1;
  const rows = Math.ceil(pictures.length / columns);
  const across = Math.min(columns, pictures.length);
  const sheet = emptyRaster(across * (cellWidth + gap) - gap, rows * (cellHeight + gap) - gap, channels);
  sheet.data.fill(128);
  pictures.forEach((picture, index) => {
    const left = (index % columns) * (cellWidth + gap);
    const top = Math.floor(index / columns) * (cellHeight + gap);
    paste(sheet, picture, left, top);
  });
  return sheet;
}

function paste(sheet: Raster, picture: Raster, left: number, top: number): void {
  const { width, height, channels, data, maxValue } = picture;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < sheet.channels; c++) {
        const value = data[(y * width + x) * channels + (channels === 3 ? c : 0)];
        sheet.data[((top + y) * sheet.width + left + x) * sheet.channels + c] = Math.round((value * 255) / maxValue);
      }
    }
  }
}
