/**
 * @file The detail of a picture: brightness against its surroundings, over the local contrast. It stays the same when
 * exposure, shading, sharpening or recompression change, and gives faint texture nearly the weight of a strong outline.
 * Hashes and registration compare nothing else.
 */
import { boxBlur } from "./blur.ts";

/**
 * Detail of a plane, row-major [height, width], values in 0…255: (v - local mean) / local contrast, the mean over
 * (2 radius + 1)² pixels and the contrast over twice that radius. About -2…2; near 0 where the contrast is below
 * `noise`, the grey levels that rounding and recompression may add.
 */
export function localDetail(
  plane: ArrayLike<number>,
  width: number,
  height: number,
  radius: number,
  noise: number,
): Float64Array {
  const detail = boxBlur(plane, width, height, radius);
  const squares = new Float64Array(detail.length);
  for (let i = 0; i < detail.length; i++) {
    detail[i] = plane[i] - detail[i];
    squares[i] = detail[i] * detail[i];
  }
  const contrast = boxBlur(squares, width, height, 2 * radius);
  let mean = 0;
  for (let i = 0; i < contrast.length; i++) mean += Math.sqrt(Math.max(0, contrast[i]));
  mean /= contrast.length;
  const floor = noise * noise + 0.02 * mean * mean;
  for (let i = 0; i < detail.length; i++) detail[i] /= Math.sqrt(Math.max(0, contrast[i]) + floor);
  return detail;
}
