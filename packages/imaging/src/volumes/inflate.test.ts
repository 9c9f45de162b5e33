import { HaleError } from "@hale/core";
import { gzipSync, zlibSync } from "fflate";
import { expect, test } from "vitest";
import { INFLATE_LIMITS, inflateExactly, inflateHead } from "./inflate.ts";

const noise = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i >> 3)) % 251);
/** Vitest's own comparison of large arrays is slow. */
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((value, i) => value === b[i]);
const repeated = (part: Uint8Array, times: number) => {
  const out = new Uint8Array(part.length * times);
  for (let i = 0; i < times; i++) out.set(part, i * part.length);
  return out;
};
const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(HaleError);
    return (error as HaleError).code;
  }
  return "read";
};

test.each([
  ["gzip", gzipSync],
  ["zlib", zlibSync],
] as const)("%s: what was packed comes out, at any level, and its beginning alone", (kind, pack) => {
  for (const level of [0, 1, 6, 9] as const) {
    const packed = pack(noise, { level });
    expect(same(inflateExactly(kind, packed, noise.length, "a"), noise)).toBe(true);
    expect(inflateExactly(kind, packed, 7, "a")).toEqual(noise.subarray(0, 7));
    expect(inflateHead(kind, packed, 540, "a")).toEqual(noise.subarray(0, 540));
    expect(codeOf(() => inflateExactly(kind, packed, noise.length + 1, "a"))).toBe("IMAGE_CORRUPT");
  }
});

test.each([
  ["gzip", gzipSync],
  ["zlib", zlibSync],
] as const)("%s: a flipped bit anywhere gives damage or, where it says nothing, the same bytes", (kind, pack) => {
  const packed = pack(noise.subarray(0, 2000));
  let damaged = 0;
  for (let bit = 0; bit < packed.length * 8; bit += 7) {
    const wrong = packed.slice();
    wrong[bit >> 3] ^= 1 << (bit & 7);
    let out: Uint8Array;
    try {
      out = inflateExactly(kind, wrong, 2000, "a");
    } catch (error) {
      expect(error).toBeInstanceOf(HaleError);
      damaged++;
      continue;
    }
    // The time and operating system of gzip, the level that zlib notes, a Huffman code that nothing uses.
    expect(same(out, noise.subarray(0, 2000))).toBe(true);
  }
  expect(damaged).toBeGreaterThan(packed.length * 0.9);
});

test("members of gzip at limit - 1, limit and limit + 1", () => {
  const bytes = repeated(gzipSync(Uint8Array.of(7)), 20);
  const under = (members: number) =>
    codeOf(() => inflateExactly("gzip", bytes, 20, "a", { ...INFLATE_LIMITS, members }));
  expect([19, 20, 21].map(under)).toEqual(["IMAGE_TOO_LARGE", "read", "read"]);
});

test("the real budgets: 2 GB, and 200:1 beyond what a plain file may have", () => {
  expect(INFLATE_LIMITS).toEqual({ bytes: 2 ** 31, ratio: 200, freeBytes: 2 ** 29, members: 40_000 });
  const small = gzipSync(noise.subarray(0, 10));
  const claim = (expected: number, length: number) => {
    const bytes = new Uint8Array(length);
    bytes.set(small);
    return codeOf(() => inflateExactly("gzip", bytes, expected, "a"));
  };
  // 12 MB could hold 2.4 GB at 200:1; the absolute limit comes first, and no array of that size is made.
  expect(claim(2 ** 31 + 1, 12_000_000)).toBe("IMAGE_TOO_LARGE");
  // 3 MB at 200:1 are 600 MB, more than 512 MB: the ratio decides.
  expect(claim(600_000_001, 3_000_000)).toBe("IMAGE_TOO_LARGE");
  // 1 MB may hold 512 MB, whatever the ratio.
  expect(claim(2 ** 29 + 1, 1_000_000)).toBe("IMAGE_TOO_LARGE");
});

test("zeros behind the last gzip member are padding, as gzip takes them; anything else there is damage", () => {
  const padded = (packed: Uint8Array, zeros: number, end: number[] = []) => {
    const out = new Uint8Array(packed.length + zeros + end.length);
    out.set(packed);
    out.set(end, packed.length + zeros);
    return out;
  };
  const two = new Uint8Array([...gzipSync(noise.subarray(0, 900)), ...gzipSync(noise.subarray(900, 3000))]);
  // The last member has nothing in it, so that it ends with nine zeros of its own.
  const empty = new Uint8Array([...gzipSync(noise.subarray(0, 3000)), ...gzipSync(new Uint8Array(0))]);
  for (const packed of [gzipSync(noise.subarray(0, 3000)), two, empty]) {
    for (const zeros of [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 512, 40_000]) {
      const file = padded(packed, zeros);
      expect(same(inflateExactly("gzip", file, 3000, "a"), noise.subarray(0, 3000)), `${zeros}`).toBe(true);
      expect(same(inflateHead("gzip", file, 4000, "a"), noise.subarray(0, 3000)), `${zeros}`).toBe(true);
    }
    for (const zeros of [0, 5, 600]) {
      expect(codeOf(() => inflateExactly("gzip", padded(packed, zeros, [1, 2, 3]), 3000, "a"))).toBe("IMAGE_CORRUPT");
    }
    const cut = padded(packed.subarray(0, packed.length - 28), 512);
    expect(codeOf(() => inflateExactly("gzip", cut, 3000, "a"))).toBe("IMAGE_CORRUPT");
  }
  const zlib = padded(zlibSync(noise.subarray(0, 3000)), 512);
  expect(codeOf(() => inflateExactly("zlib", zlib, 3000, "a"))).toBe("IMAGE_CORRUPT");
});
