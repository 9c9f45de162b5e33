/**
 * @file Decides whether one picture is a copy of another: finds the window of the second that, perhaps mirrored, looks
 * most like the whole of the first, and measures how well their detail agrees there. Detail is brightness against its
 * surroundings over the local contrast, so that exposure, sharpening and recompression matter little, and a shared
 * outline (a skull, the round field of a fundus camera) counts no more than texture.
 */
import { localDetail, prepare, type Raster, resizePlane, type View, type Window } from "@hale/imaging";

/** A side at which details are compared. */
type Side = 16 | 32 | 64 | 128;
/** Side of the pixels that each is sampled from, and radius of its detail filter in samples. */
const LEVEL: Record<Side, 32 | 64 | 128> = { 16: 32, 32: 64, 64: 128, 128: 128 };
const RADIUS: Record<Side, number> = { 16: 1, 32: 2, 64: 4, 128: 3 };
/** Grey levels that recompression may add; averaging over larger pixels lessens them. */
const NOISE: Record<Side, number> = { 16: 0.7, 32: 1, 64: 1.5, 128: 2 };

/** A picture reduced for comparison: grey, square, stretched to 0…255 over its own range. */
export interface Thumbnail {
  /** By side: pixels [side, side], 0…255. */
  levels: Record<32 | 64 | 128, Uint8Array>;
}

/** A window of a picture that looks like the whole of another. */
export interface Alignment extends View {
  /** Agreement of the details, -1 to 1: for `align` the mean over textured blocks at 128 × 128. */
  correlation: number;
}

/** Cuts of the searched windows, as shares of a side; below 0 is padding. */
const LEAST_CUT = -0.06;
const MOST_CUT = 0.2;
/**
 * Steps of the search at each side, as shares of a side, and the correlation below which it is given up. Measured on
 * copies cropped by up to 15 % a side and recompressed: at least 0.76, 0.86 and 0.89.
 */
const SEARCH: Record<Side, { steps: readonly number[]; least: number }> = {
  16: { steps: [0.04, 0.02], least: 0.6 },
  32: { steps: [0.02, 0.01], least: 0.78 },
  64: { steps: [0.01, 0.005], least: 0.8 },
  128: { steps: [0.003], least: -1 },
};
/** What a search at one side may add to the correlation that it begins with. */
const HOPE = 0.2;
/** A window this good is not improved further. */
const GOOD_ENOUGH = 0.985;

const WHOLE_DETAIL = new WeakMap<Thumbnail, Partial<Record<Side, Float64Array>>>();

/** The thumbnail of a raster. Throws SHAPE_MISMATCH for a raster that contradicts itself. */
export function thumbnailOf(raster: Raster): Thumbnail {
  const plane = prepare(raster, { size: 128, channels: 1 });
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of plane) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const gain = 255 / Math.max(high - low, 1e-6);
  const stretched = plane.map((value) => (value - low) * gain);
  const level = (side: number) => Uint8Array.from(resizePlane(stretched, 128, 128, side, side), Math.round);
  return { levels: { 32: level(32), 64: level(64), 128: level(128) } };
}

/** True for a picture without any detail: it looks like every other of its kind. */
export function isFlat({ levels }: Thumbnail): boolean {
  return levels[32].every((value) => value === levels[32][0]);
}

/** Correlation of the whole of `a` with a view of `b` at 16 × 16, without any search. */
export function glance(a: Thumbnail, b: Thumbnail, view: View): number {
  return dot(turned(wholeDetail(a, 16), 16, view), windowDetail(b, 16, view.window));
}

/** A first search at 16 × 16 from a guess, and the correlation at 32 × 32 of the window that it finds. */
export function approach(a: Thumbnail, b: Thumbnail, guess: View): Alignment {
  const { window, correlation } = climb(turned(wholeDetail(a, 16), 16, guess), b, 16, guess.window);
  if (correlation < SEARCH[16].least) return { ...guess, window, correlation: correlation - 1 };
  return { ...guess, window, correlation: dot(turned(wholeDetail(a, 32), 32, guess), windowDetail(b, 32, window)) };
}

/**
 * Aligns the whole of `a` with a window of `b`, from what `approach` found, ever finer; the mirror state is kept. Gives
 * up early where nothing like a copy shows; the correlation is then 0.
 */
export function align(a: Thumbnail, b: Thumbnail, guess: View): Alignment {
  let window = guess.window;
  for (const side of [32, 64, 128] as const) {
    const found = climb(turned(wholeDetail(a, side), side, guess), b, side, window);
    window = found.window;
    if (found.correlation < SEARCH[side].least) return { ...guess, window, correlation: 0 };
  }
  const correlation = blockAgreement(turned(wholeDetail(a, 128), 128, guess), windowDetail(b, 128, window));
  return { ...guess, window, correlation };
}

/**
 * Mean correlation over the 16 × 16 blocks of two details at 128 × 128 in which the first shows texture. Pictures of
 * one kind share a few outlines, so a few blocks agree; in a copy nearly all do.
 */
function blockAgreement(a: Float64Array, b: Float64Array): number {
  const energies = Array.from({ length: 64 }, (_, block) => blockDot(a, a, block));
  const typical = energies.reduce((sum, energy) => sum + energy, 0) / energies.length;
  let sum = 0;
  let count = 0;
  energies.forEach((energy, block) => {
    if (energy < typical / 8) return;
    sum += blockDot(a, b, block) / Math.sqrt(energy * Math.max(blockDot(b, b, block), typical / 100) + 1e-12);
    count++;
  });
  return count > 0 ? sum / count : 0;
}

/** Scalar product of two details, [128, 128], over one of 8 × 8 blocks. */
function blockDot(a: Float64Array, b: Float64Array, block: number): number {
  const start = Math.floor(block / 8) * 16 * 128 + (block % 8) * 16;
  let sum = 0;
  for (let y = 0; y < 16; y++) {
    for (let at = start + y * 128, end = at + 16; at < end; at++) sum += a[at] * b[at];
  }
  return sum;
}

/** The detail of the whole picture, remembered for coarse sides, where it is asked for often. */
function wholeDetail(thumbnail: Thumbnail, side: Side): Float64Array {
  const whole = { left: 0, top: 0, right: 0, bottom: 0 };
  if (side > 32) return windowDetail(thumbnail, side, whole);
  const kept = WHOLE_DETAIL.get(thumbnail) ?? {};
  kept[side] ??= windowDetail(thumbnail, side, whole);
  WHOLE_DETAIL.set(thumbnail, kept);
  return kept[side];
}

/** The mirror of the whole instead of the mirror of the window: cheaper, and the same correlation. */
function turned(detail: Float64Array, side: number, view: View): Float64Array {
  if (!view.mirrorX && !view.mirrorY) return detail;
  const out = new Float64Array(detail.length);
  for (let y = 0; y < side; y++) {
    const row = (view.mirrorY ? side - 1 - y : y) * side;
    for (let x = 0; x < side; x++) out[y * side + x] = detail[row + (view.mirrorX ? side - 1 - x : x)];
  }
  return out;
}

/** Coordinate search over position and size of the window on each axis, step by step finer. */
function climb(target: Float64Array, other: Thumbnail, side: Side, start: Window) {
  let window = start;
  let correlation = dot(target, windowDetail(other, side, window));
  if (correlation < SEARCH[side].least - HOPE) return { window, correlation };
  for (const step of SEARCH[side].steps) {
    let better = true;
    for (let round = 0; better && round < 2; round++) {
      better = false;
      for (const move of MOVES) {
        if (correlation > GOOD_ENOUGH) return { window, correlation };
        const next = moved(window, move, step);
        const value = next ? dot(target, windowDetail(other, side, next)) : -1;
        if (next && value > correlation + 1e-4) {
          window = next;
          correlation = value;
          better = true;
        }
      }
    }
  }
  return { window, correlation };
}

/** Shifts and zooms along each axis, and zooms of both, as changes of [left, right, top, bottom] in steps. */
const MOVES: readonly (readonly number[])[] = [
  [1, -1, 0, 0],
  [-1, 1, 0, 0],
  [0, 0, 1, -1],
  [0, 0, -1, 1],
  [1, 1, 0, 0],
  [-1, -1, 0, 0],
  [0, 0, 1, 1],
  [0, 0, -1, -1],
  [1, 1, 1, 1],
  [-1, -1, -1, -1],
];

/** The window after a move, null when a cut leaves the allowed range. */
function moved(window: Window, move: readonly number[], step: number): Window | null {
  const left = window.left + move[0] * step;
  const right = window.right + move[1] * step;
  const top = window.top + move[2] * step;
  const bottom = window.bottom + move[3] * step;
  const allowed = [left, right, top, bottom].every((cut) => cut >= LEAST_CUT && cut <= MOST_CUT);
  return allowed ? { left, right, top, bottom } : null;
}

/** Detail of a window, [side, side]: zero mean, unit norm. */
function windowDetail(thumbnail: Thumbnail, side: Side, window: Window): Float64Array {
  const pixels = sample(thumbnail.levels[LEVEL[side]], LEVEL[side], window, side);
  const detail = localDetail(pixels, side, side, RADIUS[side], NOISE[side]);
  let mean = 0;
  for (let i = 0; i < detail.length; i++) mean += detail[i];
  mean /= detail.length;
  let norm = 1e-12;
  for (let i = 0; i < detail.length; i++) norm += (detail[i] - mean) ** 2;
  const scale = 1 / Math.sqrt(norm);
  for (let i = 0; i < detail.length; i++) detail[i] = (detail[i] - mean) * scale;
  return detail;
}

/** Bilinear samples at the cell centres of a window; beyond the border the border is repeated. */
function sample(level: Uint8Array, side: number, window: Window, size: number): Float64Array {
  const out = new Float64Array(size * size);
  const xs = positions(window.left, window.right, side, size);
  const ys = positions(window.top, window.bottom, side, size);
  for (let y = 0; y < size; y++) {
    const top = Math.floor(ys[y]);
    const fy = ys[y] - top;
    for (let x = 0; x < size; x++) {
      const left = Math.floor(xs[x]);
      const fx = xs[x] - left;
      const at = top * side + left;
      const above = level[at] + (level[at + 1] - level[at]) * fx;
      const below = level[at + side] + (level[at + side + 1] - level[at + side]) * fx;
      out[y * size + x] = above + (below - above) * fy;
    }
  }
  return out;
}

function positions(low: number, high: number, side: number, size: number): Float64Array {
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const at = (low + ((1 - low - high) * (i + 0.5)) / size) * side - 0.5;
    out[i] = Math.min(side - 1.001, Math.max(0, at));
  }
  return out;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
