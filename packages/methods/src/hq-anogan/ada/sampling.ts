/**
 * @file Pixels of images, by index maps: each image has a map of its own, which all its channels share.
 */
import { add, concat, constant, gather, reshape, sliceAxis, type Tensor } from "@hale/autodiff";

/** Whole numbers up to this are exact in float32, and indices are float32. */
const MOST_INDICES = 2 ** 24;

/**
 * The elements of planes [N, C, K] that `indices` [N, n] name, whole numbers within [0, K): [N, C, n]. One gather over all
 * planes; several where more than
 * `most` elements could not be counted exactly.
 */
export function gatherPlanes(planes: Tensor, indices: Tensor, most = MOST_INDICES): Tensor {
  const [n, c, length] = planes.shape;
  const count = indices.shape[1];
  const axis = n > 1 ? 0 : 1;
  const size = planes.shape[axis];
  if (n * c * length > most && size > 1) {
    const half = Math.floor(size / 2);
    const parts = [
      [0, half],
      [half, size - half],
    ].map(([start, width]) =>
      gatherPlanes(
        sliceAxis(planes, axis, start, width),
        axis === 0 ? sliceAxis(indices, 0, start, width) : indices,
        most,
      ),
    );
    return concat(parts, axis);
  }
  const starts = constant(
    Float64Array.from({ length: n * c }, (_, plane) => plane * length),
    [n, c, 1],
  );
  const places = add(reshape(indices, [n, 1, count]), starts);
  return gather(reshape(planes, [n * c * length]), places);
}
