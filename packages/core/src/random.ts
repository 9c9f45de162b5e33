/**
 * @file Random numbers from a counter: Philox 4x32-10 (Salmon et al., SC 2011). A stream is a key and a position, so its
 * state is two numbers, a resumed run draws what the uninterrupted one would, and every device sees the same values.
 */

/** Where a stream stands; plain data, kept in checkpoints. */
export interface RandomState {
  key: readonly [number, number];
  /** Number of 32-bit words drawn so far. */
  position: number;
}

const MULTIPLIER_A = 0xd2511f53;
const MULTIPLIER_B = 0xcd9e8d57;
const WEYL_A = 0x9e3779b9;
const WEYL_B = 0xbb67ae85;

/** High and low halves of a 32x32-bit product. */
function multiply(a: number, b: number): [number, number] {
  const low = Math.imul(a, b) >>> 0;
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  const cross = (middle & 0xffff) + al * bh;
  return [(ah * bh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0, low];
}

/** Ten rounds on a counter of four words; returns four random words. */
function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [highA, lowA] = multiply(MULTIPLIER_A, c0);
    const [highB, lowB] = multiply(MULTIPLIER_B, c2);
    [c0, c1, c2, c3] = [(highB ^ c1 ^ k0) >>> 0, lowB, (highA ^ c3 ^ k1) >>> 0, lowA];
    k0 = (k0 + WEYL_A) >>> 0;
    k1 = (k1 + WEYL_B) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** A 32-bit hash of a text (FNV-1a), to make independent streams from names. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** A stream of random numbers. Streams of the same seed and different names are independent. */
export class Random {
  private readonly key: readonly [number, number];
  private position: number;
  private block: readonly number[] = [];
  private blockIndex = -1;

  constructor(seed: number, name: string);
  constructor(state: RandomState);
  constructor(seedOrState: number | RandomState, name = "") {
    if (typeof seedOrState === "number") {
      this.key = [seedOrState >>> 0, hashText(name)];
      this.position = 0;
    } else {
      this.key = seedOrState.key;
      this.position = seedOrState.position;
    }
  }

  get state(): RandomState {
    return { key: this.key, position: this.position };
  }

  /** A whole number in [0, 2^32). */
  word(): number {
    const index = Math.floor(this.position / 4);
    if (index !== this.blockIndex) {
      this.block = philox([index >>> 0, Math.floor(index / 2 ** 32), 0, 0], this.key);
      this.blockIndex = index;
    }
    return this.block[this.position++ % 4];
  }

  /** Uniform in [0, 1), with 24 bits, so that it survives float32. */
  uniform(): number {
    return (this.word() >>> 8) / 2 ** 24;
  }

  /** A whole number in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor((this.word() / 2 ** 32) * (high - low));
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.word() + 0.5) / 2 ** 32));
    return radius * Math.cos(2 * Math.PI * (this.word() / 2 ** 32));
  }

  /** `count` uniform numbers in [low, high). */
  uniforms(count: number, low = 0, high = 1): Float32Array {
    return Float32Array.from({ length: count }, () => low + (high - low) * this.uniform());
  }

  normals(count: number, deviation = 1): Float32Array {
    return Float32Array.from({ length: count }, () => deviation * this.normal());
  }

  /** 0, ..., count-1 in random order (Fisher and Yates). */
  permutation(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
