/** @file The sampler's promise: epochs are permutations, and a place in them needs no history. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Sampler } from "./sampler.ts";

const any = { count: fc.integer({ min: 1, max: 40 }), seed: fc.nat(1000) };

describe("a sampler", () => {
  test("shows every image once in every epoch", () => {
    fc.assert(
      fc.property(any.count, any.seed, fc.nat(5), (count, seed, epoch) => {
        const seen = new Sampler(count, seed, "normal").indices(epoch * count, count);
        expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test("knows its place from the position alone, wherever it stood before", () => {
    fc.assert(
      fc.property(any.count, any.seed, fc.nat(90), fc.nat(90), fc.nat(30), (count, seed, before, start, n) => {
        const used = new Sampler(count, seed, "normal");
        used.indices(before, 7);
        expect(used.indices(start, n)).toEqual(new Sampler(count, seed, "normal").indices(start, n));
        const long = new Sampler(count, seed, "normal").indices(0, start + n);
        expect(used.indices(start, n)).toEqual(long.slice(start));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test("shuffles anew for every epoch, name and seed", () => {
    const first = new Sampler(50, 1, "normal").indices(0, 50);
    expect(new Sampler(50, 1, "normal").indices(50, 50)).not.toEqual(first);
    expect(new Sampler(50, 1, "unlabelled").indices(0, 50)).not.toEqual(first);
    expect(new Sampler(50, 2, "normal").indices(0, 50)).not.toEqual(first);
    expect(first).not.toEqual([...first].sort((a, b) => a - b));
  });
});
