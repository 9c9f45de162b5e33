/**
 * @file Damage, drawn from a run's own random numbers: bits and bytes, runs, cuts, pieces of other seeds, words that
 * readers act on, and lies in the numbers that say how long and how many.
 */
import type { Random } from "./random.ts";
import type { Field, Kind, Seed } from "./seeds/seed.ts";
import { ascii, NUMBERS, WORDS } from "./words.ts";

/** Longest mutated input, in bytes. */
const MOST_BYTES = 65536;

/** Seeds of each kind that is read. */
export type SeedsByKind = ReadonlyMap<Kind, readonly Seed[]>;

interface Draft {
  bytes: Uint8Array;
  /** What was done, for people. */
  notes: string[];
}

type Mutation = (draft: Draft, random: Random, seed: Seed, seeds: SeedsByKind) => void;

const replace = (bytes: Uint8Array, from: number, to: number, by: ArrayLike<number>): Uint8Array => {
  const out = new Uint8Array(bytes.length - (to - from) + by.length);
  out.set(bytes.subarray(0, from));
  out.set(by as Uint8Array, from);
  out.set(bytes.subarray(to), from + by.length);
  return out;
};

/** A length that is short more often than long. */
const someLength = (random: Random, most: number) => Math.min(most, 1 + Math.floor(2 ** (random.next() * 8)));

/** [how often, what] */
const MUTATIONS: [weight: number, mutation: Mutation][] = [
  [
    3,
    (draft, random) => {
      const at = random.below(draft.bytes.length);
      draft.bytes[at] ^= 1 << random.below(8);
      draft.notes.push(`bit of byte ${at}`);
    },
  ],
  [
    3,
    (draft, random) => {
      const at = random.below(draft.bytes.length);
      draft.bytes[at] = random.bernoulli(0.5) ? random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]) : random.below(256);
      draft.notes.push(`byte ${at} = ${draft.bytes[at]}`);
    },
  ],
  [
    2,
    (draft, random) => {
      const at = random.below(draft.bytes.length);
      const end = at + someLength(random, draft.bytes.length - at);
      const fill = random.pick([0, 0xff, -1]);
      for (let i = at; i < end; i++) draft.bytes[i] = fill < 0 ? random.below(256) : fill;
      draft.notes.push(`bytes ${at} to ${end} ${fill < 0 ? "random" : `= ${fill}`}`);
    },
  ],
  [
    1.5,
    (draft, random) => {
      const length = random.below(draft.bytes.length);
      draft.bytes = draft.bytes.slice(0, length);
      draft.notes.push(`cut to ${length}`);
    },
  ],
  [
    1.5,
    (draft, random) => {
      const at = random.below(draft.bytes.length);
      const end = at + someLength(random, draft.bytes.length - at);
      draft.bytes = replace(draft.bytes, at, end, []);
      draft.notes.push(`without ${at} to ${end}`);
    },
  ],
  [
    1.5,
    (draft, random) => {
      const from = random.below(draft.bytes.length);
      const piece = draft.bytes.slice(from, from + someLength(random, draft.bytes.length - from));
      const at = random.below(draft.bytes.length);
      const times = random.bernoulli(0.1) ? 1 + random.below(64) : 1;
      const all = Uint8Array.from({ length: piece.length * times }, (_, i) => piece[i % piece.length]);
      draft.bytes = replace(draft.bytes, at, at, all);
      draft.notes.push(`${from} to ${from + piece.length} again at ${at}, ${times} times`);
    },
  ],
  [
    1.5,
    (draft, random, seed, seeds) => {
      const other = random.pick(random.bernoulli(0.9) ? seeds.get(seed.kind)! : [...seeds.values()].flat());
      const from = random.below(other.bytes.length);
      const piece = other.bytes.subarray(from, from + 4 * someLength(random, other.bytes.length));
      const at = random.below(draft.bytes.length);
      const end = random.bernoulli(0.5) ? at : Math.min(at + piece.length, draft.bytes.length);
      draft.bytes = replace(draft.bytes, at, end, piece);
      draft.notes.push(`${piece.length} bytes of "${other.name}" at ${at}`);
    },
  ],
  [
    2.5,
    (draft, random, seed) => {
      const word = random.pick(WORDS[seed.kind]);
      // Words stand at fields as often as anywhere.
      const at =
        random.bernoulli(0.4) && seed.fields.length > 0
          ? random.pick(seed.fields).at
          : random.below(draft.bytes.length);
      const place = Math.min(at, draft.bytes.length);
      const end = random.bernoulli(0.7) ? Math.min(place + word.length, draft.bytes.length) : place;
      draft.bytes = replace(draft.bytes, place, end, word);
      draft.notes.push(`word [${word}] at ${place}`);
    },
  ],
  [
    5,
    (draft, random, seed) => {
      const field = seed.fields.length > 0 ? random.pick(seed.fields) : anyField(random, draft.bytes.length);
      if (field.at + field.bytes > draft.bytes.length) return;
      const value = lie(random, draft.bytes, field);
      writeField(draft.bytes, field, value);
      draft.notes.push(`${field.bytes}-byte number at ${field.at} = ${value}`);
    },
  ],
  [
    1.5,
    (draft, random) => {
      const text = String.fromCharCode(...draft.bytes.subarray(0, 4096));
      const numbers = [...text.matchAll(/\d[\d.e+-]*/g)];
      if (numbers.length === 0) return;
      const found = random.pick(numbers);
      const by = random.pick(NUMBERS);
      draft.bytes = replace(draft.bytes, found.index, found.index + found[0].length, ascii(by));
      draft.notes.push(`${found[0]} at ${found.index} = ${by}`);
    },
  ],
];
/** Each mutation as often as it weighs, in halves. */
const LOTS = MUTATIONS.flatMap(([weight, mutation]) => Array<Mutation>(2 * weight).fill(mutation));

function anyField(random: Random, length: number): Field {
  return { at: random.below(length), bytes: random.pick([1, 2, 4, 8] as const), little: random.bernoulli(0.5) };
}

/** A wrong number: near the right one, near a limit of its type, near what is left of the file, or any. */
function lie(random: Random, bytes: Uint8Array, field: Field): bigint {
  const bits = BigInt(8 * field.bytes);
  const all = 1n << bits;
  const near = BigInt(random.below(5) - 2);
  const left = BigInt(bytes.length - field.at - field.bytes);
  const any = BigInt(random.below(2 ** 26));
  const value = random.pick([
    readField(bytes, field) + near,
    readField(bytes, field) * 2n + near,
    near,
    all - 1n,
    all / 2n + near,
    left + near,
    any,
    any * any,
    BigInt(random.below(300)),
    46341n + near,
    65535n + near,
  ]);
  return ((value % all) + all) % all;
}

const order = (field: Field, i: number) => BigInt(8 * (field.little ? i : field.bytes - 1 - i));

function readField(bytes: Uint8Array, field: Field): bigint {
  let value = 0n;
  for (let i = 0; i < field.bytes; i++) value |= BigInt(bytes[field.at + i]) << order(field, i);
  return value;
}

function writeField(bytes: Uint8Array, field: Field, value: bigint): void {
  for (let i = 0; i < field.bytes; i++) bytes[field.at + i] = Number((value >> order(field, i)) & 255n);
}

/** What one run reads, and how it came about. */
export interface Input {
  seed: Seed;
  bytes: Uint8Array;
  notes: string[];
}

/** Input of a run: a function of random numbers and seeds alone. */
export function inputOf(random: Random, seeds: SeedsByKind): Input {
  // Kinds first: one with many seeds is not to crowd out the others.
  const seed = random.pick(random.pick([...seeds.values()]));
  // A sealed seed is damaged beneath its seal as a rule, and at times upon it.
  const beneath = !seed.seal || random.bernoulli(0.8);
  const base = beneath ? seed : { ...seed, fields: [], bytes: seed.seal!(seed.bytes) };
  const draft: Draft = { bytes: base.bytes.slice(), notes: beneath ? [] : ["upon the seal"] };
  const count = 1 + Math.floor(-Math.log2(1 - random.next()));
  for (let i = 0; i < Math.min(count, 8) && draft.bytes.length > 0; i++) {
    random.pick(LOTS)(draft, random, base, seeds);
    if (draft.bytes.length > MOST_BYTES) draft.bytes = draft.bytes.slice(0, MOST_BYTES);
  }
  return { seed, bytes: beneath && seed.seal ? seed.seal(draft.bytes) : draft.bytes, notes: draft.notes };
}
