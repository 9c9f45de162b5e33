/**
 * @file Counter-based random numbers for phantoms: the n-th draw of a stream is a hash of (seed, stream, n), so that
 * drawing more in one stream never moves another. That is what lets a phantom with a lesion share every other pixel
 * with the same phantom without a lesion. The hash is the 32-bit finaliser of MurmurHash3; it is not meant for cryptography.
 */

/** A reproducible source of numbers. */
export interface RandomStream {
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
  /** Uniform integer in [0, n). */
  index(n: number): number;
}

function mix(h: number): number {
  let x = h >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A 32-bit hash of several integers, e.g. to derive one seed per phantom from the seed of a set. */
export function hashSeed(...parts: readonly number[]): number {
  return parts.reduce((h, part) => mix(Math.imul(h ^ mix(part + 0x9e3779b9), 0x01000193) + 0x7f4a7c15), 0x811c9dc5);
}

/** The stream `name` of `seed` (any integer); the same two always give the same numbers. */
export function randomStream(seed: number, name: string): RandomStream {
  const key = hashSeed(seed, ...Array.from(name, (letter) => letter.charCodeAt(0)));
  let counter = 0;
  const unit = () => (mix(key ^ mix(Math.imul(++counter, 0x9e3779b9))) + 0.5) / 2 ** 32;
  return {
    uniform: (low, high) => low + (high - low) * unit(),
    normal: () => Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit()),
    index: (n) => Math.floor(unit() * n),
  };
}
