/**
 * @file The two filters of the proxies. `boxBlur` will not do for the Gaussian: its radius is a whole number of pixels,
 * so repeated boxes reach only some widths, and its running sums leave [0, 1] by a rounding error.
 */

/**
 * Gaussian blur of a plane, row-major [height, width]; sigma > 0 in pixels, cut off at 4 sigma. At the border the
 * weights that lie inside are normalised to 1, so constants stay as they are and values keep their range. Costs
 * 8 sigma operations a pixel and axis.
 */
export function gaussianBlur(plane: ArrayLike<number>, width: number, height: number, sigma: number): Float32Array {
  const rows = new Float64Array(width * height);
  const across = gaussianTaps(width, sigma);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    for (let x = 0; x < width; x++) {
      const from = Math.max(0, x - across.radius);
      const to = Math.min(width - 1, x + across.radius);
      let sum = 0;
      for (let j = from; j <= to; j++) sum += across.weights[j < x ? x - j : j - x] * plane[start + j];
      rows[start + x] = sum / across.totals[x];
    }
  }
  const out = new Float32Array(width * height);
  const down = gaussianTaps(height, sigma);
  const line = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    line.fill(0);
    for (let j = Math.max(0, y - down.radius); j <= Math.min(height - 1, y + down.radius); j++) {
      const weight = down.weights[Math.abs(j - y)];
      for (let x = 0; x < width; x++) line[x] += weight * rows[j * width + x];
    }
    for (let x = 0; x < width; x++) out[y * width + x] = line[x] / down.totals[y];
  }
  return out;
}

/** Weights by distance, 0 … radius, and for each position of a line the sum of those that lie inside it. */
function gaussianTaps(length: number, sigma: number): { radius: number; weights: Float64Array; totals: Float64Array } {
  const radius = Math.min(length - 1, Math.ceil(4 * sigma));
  const weights = Float64Array.from({ length: radius + 1 }, (_, d) => Math.exp((-d * d) / (2 * sigma * sigma)));
  const totals = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    // Summed in the order of the filter, so that not even a rounding error lifts a mean above its largest value.
    for (let j = Math.max(0, i - radius); j <= Math.min(length - 1, i + radius); j++) {
      totals[i] += weights[Math.abs(j - i)];
    }
  }
  return { radius, weights, totals };
}

/** The largest Sobel magnitude of values in [0, 1] is √20, at a corner of white: 4 along one axis, 2 along the other. */
const STEEPEST = Math.sqrt(20);

/**
 * Strength of edges in a plane, row-major [height, width], values in [0, 1]: the Sobel gradient's magnitude over the
 * largest there can be, in [0, 1]. Borders are replicated.
 */
export function sobelEdges(plane: ArrayLike<number>, width: number, height: number): Float32Array {
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const above = Math.max(0, y - 1) * width;
    const here = y * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - 1);
      const right = Math.min(width - 1, x + 1);
      const falling = plane[below + right] - plane[above + left];
      const rising = plane[above + right] - plane[below + left];
      const across = falling + rising + 2 * (plane[here + right] - plane[here + left]);
      const down = falling - rising + 2 * (plane[below + x] - plane[above + x]);
      out[here + x] = Math.sqrt(across * across + down * down) / STEEPEST;
    }
  }
  return out;
}
