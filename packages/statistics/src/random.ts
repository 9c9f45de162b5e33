/**
 * @file The random numbers of this package: a Weyl counter through a 32-bit finaliser (the splitmix construction of
 * Steele, Lea and Flood, OOPSLA 2014, with multipliers from Wellons' hash-prospector). Same seed, same numbers, on every
 * machine. Period 2^32; not for secrets.
 */

/** Draws the next number. */
export type Random = () => number;

/** A generator of numbers in [0, 1) with 32 bits each. `seed` is any integer; neighbours give unrelated streams. */
export function seededRandom(seed: number): Random {
  // Hashing the seed first keeps neighbouring seeds from being shifted copies of one stream.
  let counter = mix(mix(seed | 0) ^ Math.floor(seed / 2 ** 32));
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    return (mix(counter) >>> 0) / 2 ** 32;
  };
}

function mix(value: number): number {
  let t = value ^ (value >>> 16);
  t = Math.imul(t, 0x21f0aaad);
  t ^= t >>> 15;
  t = Math.imul(t, 0x735a2d97);
  return t ^ (t >>> 15);
}
