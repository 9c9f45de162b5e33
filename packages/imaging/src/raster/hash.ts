/**
 * @file Perceptual hashes for finding copies: 121 bits, the signs of band-passed brightness on an 11 × 11 grid (in the
 * family of Zauner's block-mean and DCT hashes, "Implementation and Benchmarking of Perceptual Image Hash Functions",
 * 2010). One image has many views, windows of it and their mirror images, so that a mirrored or cropped copy has a
 * view that agrees with the whole of its original. A hash proposes; it never decides.
 */
import { localDetail } from "./detail.ts";

/** Cells along one side of the grid. */
const GRID = 11;
/** Side of the plane that is hashed, in pixels. */
export const HASH_PLANE = 64;
/** 32-bit words of one hash: 121 bits and 7 that are always zero. */
export const HASH_WORDS = 4;
/** Bits that carry information. */
export const HASH_BITS = GRID * GRID;

/** What is left of a picture when a share of each side is cut away: 0 ≤ left, 0 ≤ top, left + right < 1 and so on. */
export interface Window {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A window, and whether it was turned over afterwards. */
export interface View {
  window: Window;
  mirrorX: boolean;
  mirrorY: boolean;
}

/** Cuts at either end of an axis that views are made with, as shares of its length. */
const CUTS = [0, 0.05, 0.1, 0.15];
/** The parts of an axis that remain: [low cut, high cut]. */
const SPANS: readonly (readonly [number, number])[] = CUTS.flatMap((low) => CUTS.map((high) => [low, high] as const));

/** The views of `hashViews`: cuts of 0, 5, 10 or 15 % at each side, in each of the four mirror states; 1024 in all. */
export const VIEWS: readonly View[] = SPANS.flatMap(([top, bottom]) =>
  SPANS.flatMap(([left, right]) =>
    [0, 1, 2, 3].map((m) => ({
      window: { left, top, right, bottom },
      mirrorX: (m & 1) === 1,
      mirrorY: (m & 2) === 2,
    })),
  ),
);

/**
 * Hashes of all `VIEWS` of a plane, row-major [64, 64], values in 0…255; HASH_WORDS words each, in the order of VIEWS. The
 * first is the hash of the whole.
 */
export function hashViews(plane: ArrayLike<number>): Int32Array {
  const corners = cornerSums(integral(localDetail(plane, HASH_PLANE, HASH_PLANE, 4, 1)));
  const out = new Int32Array(VIEWS.length * HASH_WORDS);
  const bits = new Uint8Array(HASH_BITS);
  for (let y = 0, at = 0; y < SPANS.length; y++) {
    for (let x = 0; x < SPANS.length; x++) {
      cellSigns(corners, x, y, bits);
      for (let m = 0; m < 4; m++, at += HASH_WORDS) writeBits(out, at, bits, MIRRORED[m]);
    }
  }
  return out;
}

/** Bits in which two hashes of HASH_WORDS words differ, 0 to 121. */
export function hammingDistance(a: Int32Array, b: Int32Array): number {
  let distance = 0;
  for (let word = 0; word < HASH_WORDS; word++) distance += ones(a[word] ^ b[word]);
  return distance;
}

/** Summed-area table, [65, 65]. */
function integral(plane: Float64Array): Float64Array {
  const stride = HASH_PLANE + 1;
  const sums = new Float64Array(stride * stride);
  for (let y = 0; y < HASH_PLANE; y++) {
    let row = 0;
    for (let x = 0; x < HASH_PLANE; x++) {
      row += plane[y * HASH_PLANE + x];
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
    }
  }
  return sums;
}

/** Cell edges of every span on one axis, in pixels of the plane: span after span, GRID + 1 each. */
const EDGES = Float64Array.from(
  SPANS.flatMap(([low, high]) =>
    Array.from({ length: GRID + 1 }, (_, i) => (low + ((1 - low - high) * i) / GRID) * HASH_PLANE),
  ),
);

/** The summed-area table read, bilinearly, at every crossing of EDGES: all that any window needs. */
function cornerSums(sums: Float64Array): Float64Array {
  const stride = HASH_PLANE + 1;
  const out = new Float64Array(EDGES.length * EDGES.length);
  for (let i = 0; i < EDGES.length; i++) {
    const y = Math.min(HASH_PLANE - 1, Math.floor(EDGES[i]));
    const fy = EDGES[i] - y;
    for (let j = 0; j < EDGES.length; j++) {
      const x = Math.min(HASH_PLANE - 1, Math.floor(EDGES[j]));
      const fx = EDGES[j] - x;
      const at = y * stride + x;
      const above = sums[at] + (sums[at + 1] - sums[at]) * fx;
      const below = sums[at + stride] + (sums[at + stride + 1] - sums[at + stride]) * fx;
      out[i * EDGES.length + j] = above + (below - above) * fy;
    }
  }
  return out;
}

/** 1 where a cell of the window (spans x and y) is clearly brighter than its surroundings; flat cells are 0. */
function cellSigns(corners: Float64Array, x: number, y: number, bits: Uint8Array): void {
  const stride = EDGES.length;
  const [fromX, fromY] = [x * (GRID + 1), y * (GRID + 1)];
  const least = 0.01 * (EDGES[fromX + 1] - EDGES[fromX]) * (EDGES[fromY + 1] - EDGES[fromY]);
  for (let row = 0, cell = 0; row < GRID; row++) {
    let at = (fromY + row) * stride + fromX;
    for (let column = 0; column < GRID; column++, cell++, at++) {
      const sum = corners[at] + corners[at + stride + 1] - corners[at + 1] - corners[at + stride];
      bits[cell] = sum > least ? 1 : 0;
    }
  }
}

/** For each mirror state (bit 0 left-right, bit 1 up-down), the cell that comes to lie in each place. */
const MIRRORED = [0, 1, 2, 3].map((m) =>
  Uint8Array.from({ length: HASH_BITS }, (_, cell) => {
    const [x, y] = [cell % GRID, Math.floor(cell / GRID)];
    return (m & 2 ? GRID - 1 - y : y) * GRID + (m & 1 ? GRID - 1 - x : x);
  }),
);

function writeBits(out: Int32Array, at: number, bits: Uint8Array, order: Uint8Array): void {
  for (let cell = 0; cell < HASH_BITS; cell++) out[at + (cell >> 5)] |= bits[order[cell]] << (cell & 31);
}

/**
 * The view of `views` (as `hashViews` gives them) nearest to `hash`, if nearer than `limit` bits; ties go to the first.
 * `start` and `step`, in words, pick a part of the views. The hot loop of the search for copies.
 */
export function nearestView(
  hash: Int32Array,
  views: Int32Array,
  limit: number,
  start = 0,
  step = HASH_WORDS,
): { view: number; distance: number } | null {
  const [h0, h1, h2, h3] = hash;
  let best = limit;
  let view = -1;
  for (let at = start; at < views.length; at += step) {
    const half = ones(h0 ^ views[at]) + ones(h1 ^ views[at + 1]);
    if (half >= best) continue;
    const distance = half + ones(h2 ^ views[at + 2]) + ones(h3 ^ views[at + 3]);
    if (distance < best) {
      best = distance;
      view = at / HASH_WORDS;
    }
  }
  return view < 0 ? null : { view, distance: best };
}

/** Bits set in a word. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
