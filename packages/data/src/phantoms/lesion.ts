/**
 * @file Disease for phantoms: one blob of irregular outline inside the brain, brighter or darker than the tissue around
 * it, or of the same mean with its texture disturbed. Painted before the scanner, so that blur, coil and noise fall on
 * it as on everything else.
 */
import { type RandomStream, randomStream } from "./random.ts";

export type LesionKind = "bright" | "dark" | "texture";
export const LESION_KINDS: readonly LesionKind[] = ["bright", "dark", "texture"];

/** A sampled slice, every array size x size. */
export interface Canvas {
  size: number;
  /** 0..255 before the scanner. */
  signal: Float64Array;
  /** Share of the pixel that is brain proper, 0..1. */
  brain: Float64Array;
  /** Share of the pixel that is fluid, 0..1. */
  fluid: Float64Array;
}

interface Blob {
  x: number;
  y: number;
  radius: number;
  stretch: number;
  tilt: number;
  waves: { order: number; size: number; phase: number }[];
}

/** Coverage of every pixel by the blob, 0..1 with an edge one and a half pixels soft. */
function coverage(blob: Blob, size: number): Float64Array {
  const [c, s] = [Math.cos(blob.tilt), Math.sin(blob.tilt)];
  const soft = (1.5 * size) / 64;
  const reach = 1.8 * blob.radius;
  return new Float64Array(size * size).map((_, i) => {
    const dx = (i % size) - blob.x;
    const dy = Math.floor(i / size) - blob.y;
    if (Math.abs(dx) > reach || Math.abs(dy) > reach) return 0;
    const u = (dx * c + dy * s) / blob.stretch;
    const v = (dy * c - dx * s) * blob.stretch;
    const angle = Math.atan2(v, u);
    const edge = blob.radius * blob.waves.reduce((r, w) => r + w.size * Math.cos(w.order * angle + w.phase), 1);
    return Math.min(1, Math.max(0, 0.5 + (edge - Math.sqrt(u * u + v * v)) / soft));
  });
}

function drawBlob(random: RandomStream, size: number): Blob {
  return {
    x: random.uniform(0.15, 0.85) * size,
    y: random.uniform(0.1, 0.9) * size,
    radius: (random.uniform(5.5, 8.5) * size) / 64,
    stretch: random.uniform(0.85, 1.18),
    tilt: random.uniform(0, Math.PI),
    waves: [2, 3, 4].map((order) => ({
      order,
      size: random.uniform(0, 0.1),
      phase: random.uniform(0, 2 * Math.PI),
    })),
  };
}

/** The first of many blobs that lies in the brain and mostly outside the fluid; the best one where none is perfect. */
function place(random: RandomStream, canvas: Canvas): Float64Array {
  let best: { cover: Float64Array; badness: number } | undefined;
  for (let attempt = 0; attempt < 60; attempt++) {
    const cover = coverage(drawBlob(random, canvas.size), canvas.size);
    let [area, outside, wet] = [0, 0, 0];
    for (let i = 0; i < cover.length; i++) {
      area += cover[i];
      outside += cover[i] * (1 - canvas.brain[i]);
      wet += cover[i] * canvas.fluid[i];
    }
    const badness = Math.max(0, outside / area - 0.02) * 4 + Math.max(0, wet / area - 0.12);
    if (!best || badness < best.badness) best = { cover, badness };
    if (badness === 0) break;
  }
  return best!.cover.map((share, i) => share * canvas.brain[i]);
}

/** Mean of `values` weighted by `weights`. */
function weightedMean(values: Float64Array, weights: Float64Array): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i] * weights[i];
    total += weights[i];
  }
  return sum / total;
}

/** Crossed ripples of 8 to 10.5 pixels of a 64-pixel image, roughly in [-1, 1]. */
function ripples(random: RandomStream, size: number): Float64Array {
  const turn = random.uniform(0, Math.PI);
  const waves = [turn, turn + random.uniform(1.2, 1.9)].map((angle) => {
    const frequency = (2 * Math.PI * 64) / (random.uniform(8, 10.5) * size);
    return { x: frequency * Math.cos(angle), y: frequency * Math.sin(angle), phase: random.uniform(0, 2 * Math.PI) };
  });
  return new Float64Array(size * size).map((_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)];
    return waves.reduce((sum, w) => sum + 0.7 * Math.sin(w.x * x + w.y * y + w.phase), 0);
  });
}

/**
 * Paints a lesion of `kind` into the canvas's signal.
 * @returns the mask, size x size: 255 where at least half of a pixel is lesion, else 0.
 */
export function paintLesion(canvas: Canvas, kind: LesionKind, seed: number): Uint8Array {
  const random = randomStream(seed, "lesion");
  const cover = place(random, canvas);
  const around = weightedMean(canvas.signal, cover);
  const strength = random.uniform(0, 1);
  let pattern = new Float64Array(cover.length).fill(kind === "bright" ? 68 + 33 * strength : -(69 + 25 * strength));
  if (kind === "texture") {
    const raw = ripples(random, canvas.size);
    const mean = weightedMean(raw, cover);
    pattern = raw.map((value) => (value - mean) * (74 + 29 * strength));
  }
  for (let i = 0; i < cover.length; i++) {
    const inside = Math.min(255, Math.max(18, around + pattern[i]));
    canvas.signal[i] += cover[i] * (inside - canvas.signal[i]);
  }
  return Uint8Array.from(cover, (share) => (share >= 0.5 ? 255 : 0));
}
