/** @file A box filter in running sums: the cheap low-pass that hashes and registration are built on. */

/**
 * Mean over the (2 radius + 1)² neighbourhood of each pixel of a plane, row-major [height, width]; at the border over
 * what lies inside. Radius in whole pixels.
 */
export function boxBlur(plane: ArrayLike<number>, width: number, height: number, radius: number): Float64Array {
  // One array type keeps the loops below fast whatever the caller brings.
  const source = plane instanceof Float64Array ? plane : Float64Array.from(plane);
  const rows = new Float64Array(width * height);
  const across = inverseCounts(width, radius);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += source[start + x];
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += source[start + x + radius];
      if (x > radius) sum -= source[start + x - radius - 1];
      rows[start + x] = sum * across[x];
    }
  }
  const out = new Float64Array(width * height);
  const down = inverseCounts(height, radius);
  const sums = new Float64Array(width);
  for (let y = 0; y < Math.min(radius, height); y++) for (let x = 0; x < width; x++) sums[x] += rows[y * width + x];
  for (let y = 0; y < height; y++) {
    const entering = (y + radius) * width;
    const leaving = (y - radius - 1) * width;
    if (y + radius < height) for (let x = 0; x < width; x++) sums[x] += rows[entering + x];
    if (leaving >= 0) for (let x = 0; x < width; x++) sums[x] -= rows[leaving + x];
    for (let x = 0; x < width; x++) out[y * width + x] = sums[x] * down[y];
  }
  return out;
}

const COUNTS = new Map<string, Float64Array>();

/** One over the number of pixels that lie within `radius` of each position of a line; remembered. */
function inverseCounts(length: number, radius: number): Float64Array {
  const key = `${length} ${radius}`;
  let counts = COUNTS.get(key);
  if (!counts) {
    counts = new Float64Array(length);
    for (let i = 0; i < length; i++) counts[i] = 1 / (Math.min(length - 1, i + radius) - Math.max(0, i - radius) + 1);
    if (COUNTS.size > 64) COUNTS.clear();
    COUNTS.set(key, counts);
  }
  return counts;
}
