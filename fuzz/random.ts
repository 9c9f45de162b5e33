/** @file Random numbers of a fuzzing run: a function of seed and run alone, so that every run can be made again. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  pick<T>(items: readonly T[]): T;
  bernoulli(probability: number): boolean;
}

/** A generator (Mulberry32) for one run. */
export function randomOf(seed: number, run: number): Random {
  let state = mix(mix(seed | 0) ^ mix((run | 0) + 0x9e3779b9));
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    pick: (items) => items[below(items.length)],
    bernoulli: (probability) => next() < probability,
  };
}

/** Murmur3's finish: neighbouring numbers end far apart. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
