/**
 * @file From any labelling to connected regions: SLIC's last step, since a cluster of pixels alike in colour may lie
 * in several pieces.
 */
import type { Superpixels } from "./shape.ts";

/**
 * The 4-connected pieces of equal label, row-major [height, width], of which those below `smallest` pixels are merged
 * away, renumbered in scan order. Whatever the labels, each region of the result is 4-connected, and none is below
 * `smallest` unless it is the whole picture.
 */
export function connectedRegions(
  labels: ArrayLike<number>,
  width: number,
  height: number,
  smallest: number,
): Superpixels {
  const pieces = piecesOf(labels, width, height);
  const roots = rootsOf(pieces, smallest);
  return renumbered(pieces.of, roots);
}

/** Connected pieces, numbered by their first pixel in scan order. */
interface Pieces {
  /** Piece of each pixel. */
  of: Int32Array;
  /** Pixels of each piece. */
  sizes: number[];
  /** An earlier piece that each one touches: above its first pixel, or left of it in the top row. None for piece 0. */
  earlier: number[];
}

/** Flood fill in scan order. */
function piecesOf(labels: ArrayLike<number>, width: number, height: number): Pieces {
  const area = width * height;
  const of = new Int32Array(area).fill(-1);
  const sizes: number[] = [];
  const earlier: number[] = [];
  const queue = new Int32Array(area);
  for (let first = 0; first < area; first++) {
    if (of[first] >= 0) continue;
    const piece = sizes.length;
    const label = labels[first];
    earlier.push(first === 0 ? -1 : of[first >= width ? first - width : first - 1]);
    of[first] = piece;
    queue[0] = first;
    let end = 1;
    for (let at = 0; at < end; at++) {
      const p = queue[at];
      const x = p % width;
      if (x > 0 && of[p - 1] < 0 && labels[p - 1] === label) {
        of[p - 1] = piece;
        queue[end++] = p - 1;
      }
      if (x < width - 1 && of[p + 1] < 0 && labels[p + 1] === label) {
        of[p + 1] = piece;
        queue[end++] = p + 1;
      }
      if (p >= width && of[p - width] < 0 && labels[p - width] === label) {
        of[p - width] = piece;
        queue[end++] = p - width;
      }
      if (p + width < area && of[p + width] < 0 && labels[p + width] === label) {
        of[p + width] = piece;
        queue[end++] = p + width;
      }
    }
    sizes.push(end);
  }
  return { of, sizes, earlier };
}

/** The piece that each piece ends up in. */
function rootsOf({ of, sizes, earlier }: Pieces, smallest: number): Int32Array {
  const roots = new Int32Array(sizes.length);
  let origin = sizes[0];
  // A small piece joins an earlier one, whose root is settled by then; so a chain of small ones ends in one place.
  for (let piece = 1; piece < sizes.length; piece++) {
    roots[piece] = sizes[piece] < smallest ? roots[earlier[piece]] : piece;
    if (roots[piece] === 0) origin += sizes[piece];
  }
  if (origin >= smallest) return roots;
  // Nothing comes before the origin. The first pixel outside its region has only the region before it, so they touch.
  const next = of.find((piece) => roots[piece] !== 0);
  return next === undefined ? roots : roots.map((root) => (root === 0 ? roots[next] : root));
}

function renumbered(pieces: Int32Array, roots: Int32Array): Superpixels {
  const numbers = new Int32Array(roots.length).fill(-1);
  const labels = new Int32Array(pieces.length);
  let count = 0;
  for (let p = 0; p < pieces.length; p++) {
    const root = roots[pieces[p]];
    if (numbers[root] < 0) numbers[root] = count++;
    labels[p] = numbers[root];
  }
  return { labels, count };
}
