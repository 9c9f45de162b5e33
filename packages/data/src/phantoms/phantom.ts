/**
 * @file One phantom: a procedural head slice, healthy or with one lesion, made from a seed alone. It serves the demo
 * and the tests where no medical image may be shipped; results on phantoms say that the software works, and nothing
 * about patients. The same seed gives the same pixels, with or without a lesion outside the lesion's reach.
 */
import { HaleError } from "@hale/core";
import { drawAcquisition, expose } from "./acquisition.ts";
import { drawHead } from "./anatomy.ts";
import { type Canvas, type LesionKind, paintLesion } from "./lesion.ts";
import { hashSeed, randomStream } from "./random.ts";

export interface PhantomOptions {
  /** Side of the square image in pixels, 32 to 1024. */
  size: number;
  /** Kind of lesion; none gives a healthy head. */
  lesion?: LesionKind;
  /** Seed of the person. Phantoms of one person share the anatomy and differ in slice and exposure. Default: `seed`. */
  person?: number;
}

export interface Phantom {
  /** Grey values, size x size, 0..255. */
  image: Uint8Array;
  /** 255 inside the lesion, 0 elsewhere; size x size. */
  mask: Uint8Array;
  kind: "normal" | LesionKind;
}

/** Sub-pixels per side: the average over them gives edges their partial volume. */
const SUBSAMPLES = 3;

/** Smooth mottle of tissue, a few grey values, drawn on a coarse lattice and interpolated with a cosine. */
function mottle(seed: number, size: number): Float64Array {
  const cells = 11;
  const random = randomStream(seed, "mottle");
  const lattice = Array.from({ length: (cells + 1) ** 2 }, () => random.normal());
  return new Float64Array(size * size).map((_, i) => {
    const x = ((i % size) / size) * cells;
    const y = (Math.floor(i / size) / size) * cells;
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const fx = (1 - Math.cos(Math.PI * (x - x0))) / 2;
    const fy = (1 - Math.cos(Math.PI * (y - y0))) / 2;
    const at = (cx: number, cy: number) => lattice[cy * (cells + 1) + cx];
    const top = at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx;
    return top * (1 - fy) + (at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx) * fy;
  });
}

/** Samples a head onto pixels. */
function sample(seed: number, person: number, size: number): Canvas {
  const head = drawHead(person, seed);
  const pixels = size * size;
  const canvas = {
    size,
    signal: new Float64Array(pixels),
    brain: new Float64Array(pixels),
    fluid: new Float64Array(pixels),
  };
  const share = 1 / SUBSAMPLES ** 2;
  for (let i = 0; i < pixels; i++) {
    for (let k = 0; k < SUBSAMPLES ** 2; k++) {
      const x = (i % size) + ((k % SUBSAMPLES) + 0.5) / SUBSAMPLES;
      const y = Math.floor(i / size) + (Math.floor(k / SUBSAMPLES) + 0.5) / SUBSAMPLES;
      const tissue = head((2 * x) / size - 1, (2 * y) / size - 1);
      canvas.signal[i] += tissue.signal * share;
      if (tissue.brain) canvas.brain[i] += share;
      if (tissue.fluid) canvas.fluid[i] += share;
    }
  }
  const texture = mottle(seed, size);
  for (let i = 0; i < pixels; i++) canvas.signal[i] += 2.5 * texture[i] * canvas.brain[i];
  return canvas;
}

/**
 * Draws the phantom of `seed`.
 * @throws HaleError `OPTION_INVALID` if the seed or the size cannot be used.
 */
export function phantom(seed: number, options: PhantomOptions): Phantom {
  const { size, lesion, person = seed } = options;
  if (!Number.isInteger(size) || size < 32 || size > 1024) {
    throw new HaleError(
      "OPTION_INVALID",
      `A phantom cannot be ${size} pixels wide.`,
      "Use a whole number, 32 to 1024.",
    );
  }
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(person)) {
    throw new HaleError("OPTION_INVALID", `A phantom cannot have the seed ${seed}.`, "Use a whole number.");
  }
  const canvas = sample(seed, person, size);
  const mask = lesion ? paintLesion(canvas, lesion, hashSeed(seed, 1)) : new Uint8Array(size * size);
  return { image: expose(canvas.signal, size, drawAcquisition(seed), seed), mask, kind: lesion ?? "normal" };
}
