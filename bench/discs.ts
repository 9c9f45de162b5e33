/**
 * @file Toy phantoms: images of one bright disc, abnormal ones with a blob besides. Small
 * enough for a processor; what a network has not learnt of them shows at once, since each has another place, size and grey.
 */
import { Random } from "@hale/core";

/** Pixels of a side. */
export const SIDE = 32;

/** Deviation of the noise; its mean size, 0.016, is the least residual that a restoration without noise can have. */
const NOISE = 0.02;
/** Grey of the background. */
const DARK = -0.8;

interface Disc {
  /** Centre and radius in pixels. */
  x: number;
  y: number;
  radius: number;
  /** Grey inside. */
  grey: number;
}

/** Paints a disc with an edge one pixel wide. */
function paint(image: Float32Array, { x, y, radius, grey }: Disc): void {
  for (let i = 0; i < image.length; i++) {
    const distance = Math.hypot((i % SIDE) + 0.5 - x, Math.floor(i / SIDE) + 0.5 - y);
    const share = Math.min(1, Math.max(0, radius - distance + 0.5));
    image[i] += share * (grey - image[i]);
  }
}

/**
 * Image `index` of a seed's list, [1, SIDE, SIDE] in about [-1, 1]: a disc of varying place, size and brightness on a dark
 * background, a little noise. An abnormal one has a blob besides, two to three pixels in radius, at a random place: bright
 * where it lies mostly on the background, else dark.
 */
export function discImage(seed: number, kind: "normal" | "abnormal", index: number): Float32Array {
  const random = new Random(seed, `disc/${kind}/${index}`);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const disc: Disc = { x: between(12, 20), y: between(12, 20), radius: between(4, 7), grey: between(0, 0.8) };
  const image = new Float32Array(SIDE * SIDE).fill(DARK);
  paint(image, disc);
  if (kind === "abnormal") {
    const blob = { x: between(5, 27), y: between(5, 27), radius: between(2.5, 3.5) };
    const outside = Math.hypot(blob.x - disc.x, blob.y - disc.y) > disc.radius;
    paint(image, { ...blob, grey: outside ? between(0.6, 1) : DARK });
  }
  return image.map((value) => value + NOISE * random.normal());
}

/** The first `count` of such images, from number `first` on. */
export function discImages(seed: number, kind: "normal" | "abnormal", count: number, first = 0): Float32Array[] {
  return Array.from({ length: count }, (_, i) => discImage(seed, kind, first + i));
}
