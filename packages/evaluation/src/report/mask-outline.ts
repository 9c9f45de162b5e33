/** @file The border of a lesion mask as an SVG path along pixel edges: sharp at every size, and no picture needed. */
import type { OutlineData } from "./report-data.ts";

/**
 * The border between mask and background. `mask` is row-major, width × height; any value above 0 is lesion.
 * @returns null for an empty mask.
 */
export function maskOutline(mask: ArrayLike<number>, width: number, height: number): OutlineData | null {
  const at = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] > 0;
  const pieces: string[] = [];
  // Horizontal borders lie above row y, vertical ones left of column x; runs are joined into one stroke.
  for (let y = 0; y <= height; y++) {
    for (let x = 0, start = -1; x <= width; x++) {
      const border = x < width && at(x, y) !== at(x, y - 1);
      if (border && start < 0) start = x;
      if (!border && start >= 0) {
        pieces.push(`M${start} ${y}H${x}`);
        start = -1;
      }
    }
  }
  for (let x = 0; x <= width; x++) {
    for (let y = 0, start = -1; y <= height; y++) {
      const border = y < height && at(x, y) !== at(x - 1, y);
      if (border && start < 0) start = y;
      if (!border && start >= 0) {
        pieces.push(`M${x} ${start}V${y}`);
        start = -1;
      }
    }
  }
  return pieces.length > 0 ? { path: pieces.join(""), width, height } : null;
}
