/**
 * @file The regular grid of about equal cells under a picture. SLIC starts from it, pixelation stops at it, and
 * down-sampling takes its size from it, so that all proxies of one picture keep about the same number of values.
 */
import type { ImageShape, Superpixels } from "./shape.ts";

export interface Cells {
  /** S = √(pixels / segments), the side of a square cell, in pixels; at least 1. */
  step: number;
  /** Cells along x: width / S rounded, at least 1. */
  columns: number;
  /** Cells along y: height / S rounded, at least 1. */
  rows: number;
}

/** The grid for about `segments` cells, a whole number from 1 to the picture's pixels. */
export function cellsOf(shape: ImageShape, segments: number): Cells {
  const { width, height } = shape;
  const step = Math.sqrt((width * height) / segments);
  // Where a side is no multiple of S, its cells share the rest; a sliver at the edge would be a cell of its own.
  return { step, columns: Math.max(1, Math.round(width / step)), rows: Math.max(1, Math.round(height / step)) };
}

/** Each pixel labelled with its cell. Borders lie at whole pixels, so cells of one grid differ by at most 1 a side. */
export function cellLabels(shape: ImageShape, cells: Cells): Superpixels {
  const { width, height } = shape;
  const across = cellOfEach(width, cells.columns);
  const down = cellOfEach(height, cells.rows);
  const labels = new Int32Array(width * height);
  for (let y = 0, p = 0; y < height; y++) {
    const first = down[y] * cells.columns;
    for (let x = 0; x < width; x++, p++) labels[p] = first + across[x];
  }
  return { labels, count: cells.columns * cells.rows };
}

/** The cell that each position of an axis lies in; the border before cell i is i · length / count, rounded. */
function cellOfEach(length: number, count: number): Int32Array {
  const cells = new Int32Array(length);
  for (let i = 0; i < count; i++) {
    cells.fill(i, Math.round((i * length) / count), Math.round(((i + 1) * length) / count));
  }
  return cells;
}
