/** @file A box filter in running sums: the cheap low-pass that hashes and registration are built on. */

/**
 * Mean over the (2 radius + 1)² neighbourhood of each pixel of a plane, row-major [height, width]; at the border over
 * what lies inside. Radius in whole pixels.
 */
export function boxBlur(plane: ArrayLike<number>, width: number, height: number, radius: number): Float64Array {
  const rows = new Float64Array(width * height);
  for (let y = 0; y < height; y++) meanLine(plane, rows, y * width, 1, width, radius);
  const out = new Float64Array(width * height);
  for (let x = 0; x < width; x++) meanLine(rows, out, x, width, height, radius);
  return out;
}

function meanLine(
  from: ArrayLike<number>,
  to: Float64Array,
  start: number,
  step: number,
  length: number,
  radius: number,
): void {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < Math.min(radius, length); i++, count++) sum += from[start + i * step];
  for (let i = 0; i < length; i++) {
    if (i + radius < length) {
      sum += from[start + (i + radius) * step];
      count++;
    }
    if (i - radius > 0) {
      sum -= from[start + (i - radius - 1) * step];
      count--;
    }
    to[start + i * step] = sum / count;
  }
}
