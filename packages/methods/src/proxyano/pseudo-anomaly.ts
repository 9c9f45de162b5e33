/**
 * @file Pseudo-abnormal proxies: patches of an image pasted hard onto its proxy. The cue that IRM learns to distrust is
 * texture where a flat proxy is expected, and anatomy in the wrong place.
 */
import type { Random } from "@hale/core";

/** A patch and its places; corners are [row, column]. */
export interface Patch {
  height: number;
  width: number;
  from: readonly [number, number];
  to: readonly [number, number];
}

/** Sides of a patch, as shares of the image's. */
const [SMALLEST, LARGEST] = [0.08, 0.25];
/** How often there is a second patch. */
const SECOND = 0.25;
/** Values up to this are background; a place with this share of it is no place for an anomaly. */
const BACKGROUND = 2 / 255;
const MOST_BACKGROUND = 0.8;
/** A patch that differs less, on average, from what it covers would not be seen. */
const LEAST_CHANGE = 0.02;
/** Draws before a sample is given up: in an image of background alone there is no place. */
const ATTEMPTS = 50;

/** A random patch of an image of side S, its source elsewhere than its destination. */
export function randomPatch(size: number, random: Random): Patch {
  const side = () => Math.max(1, Math.round(size * (SMALLEST + (LARGEST - SMALLEST) * random.uniform())));
  const height = side();
  const width = side();
  const corner = (): [number, number] => [random.integer(0, size - height + 1), random.integer(0, size - width + 1)];
  const from = corner();
  for (let i = 0; i < ATTEMPTS; i++) {
    const to = corner();
    if (to[0] !== from[0] || to[1] !== from[1]) return { height, width, from, to };
  }
  return { height, width, from, to: from };
}

/** `target` [C, S, S] with a patch of `source` [C, S, S] pasted on it. */
export function pastePatch(target: Float32Array, source: Float32Array, size: number, patch: Patch): Float32Array {
  const result = target.slice();
  forEachPixel(target.length, size, patch, (to, from) => {
    result[to] = source[from];
  });
  return result;
}

/** Whether a patch lies on the object and changes what it covers. */
export function isVisible(target: Float32Array, source: Float32Array, size: number, patch: Patch): boolean {
  let background = 0;
  let change = 0;
  let values = 0;
  forEachPixel(target.length, size, patch, (to, from) => {
    values++;
    if (target[to] <= BACKGROUND) background++;
    change += Math.abs(target[to] - source[from]);
  });
  return background < MOST_BACKGROUND * values && change >= LEAST_CHANGE * values;
}

/** A proxy [C, S, S] in [0, 1] with one or two patches of `source` on it, as many as find a place. */
export function damageProxy(proxy: Float32Array, source: Float32Array, size: number, random: Random): Float32Array {
  const wanted = random.uniform() < SECOND ? 2 : 1;
  let result = proxy;
  let placed = 0;
  for (let i = 0; i < ATTEMPTS && placed < wanted; i++) {
    const patch = randomPatch(size, random);
    if (!isVisible(result, source, size, patch)) continue;
    result = pastePatch(result, source, size, patch);
    placed++;
  }
  return result;
}

function forEachPixel(
  length: number,
  size: number,
  { height, width, from, to }: Patch,
  visit: (to: number, from: number) => void,
): void {
  for (let plane = 0; plane < length; plane += size * size) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        visit(plane + (to[0] + row) * size + to[1] + column, plane + (from[0] + row) * size + from[1] + column);
      }
    }
  }
}
