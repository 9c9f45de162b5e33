/** @file The array format: what is written reads back bit by bit, and whatever a header claims falsely is refused. */
import type { NamedArray } from "@hale/autodiff";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, MAX_HEADER } from "./safetensors.ts";

/** A file with any header, sound or not. */
function fileOf(header: unknown, data: ArrayLike<number> = [], { claimed }: { claimed?: bigint } = {}): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length * 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < data.length; i++) view.setFloat32(8 + text.length + 4 * i, data[i], true);
  return bytes;
}

const f32 = (shape: unknown, ...place: unknown[]) => ({ dtype: "F32", shape, data_offsets: place });
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });
const anyArray = shapes.chain((shape) => {
  const size = shape.reduce((product, n) => product * n, 1);
  return fc
    .array(finite, { minLength: size, maxLength: size })
    .map((values): NamedArray => ({ shape, data: Float32Array.from(values) }));
});
const anyName = fc.oneof(
  fc.string().filter((name) => name !== "__metadata__"),
  fc.constantFrom("1", "0", "__proto__", "best:generator/w", "größe"),
);
const anyArrays = fc.array(fc.tuple(anyName, anyArray), { maxLength: 5 }).map((entries) => new Map(entries));

describe("arrays in the safetensors format", () => {
  test("come back bit by bit and in order, from a Uint8Array, a Buffer and the middle of a larger one alike", () => {
    fc.assert(
      fc.property(anyArrays, fc.integer({ min: 0, max: 9 }), (arrays, shift) => {
        const bytes = encodeSafetensors(arrays);
        const pool = Buffer.alloc(bytes.length + shift + 5, 0xff);
        pool.set(bytes, shift);
        for (const input of [bytes, Buffer.from(bytes), pool.subarray(shift, shift + bytes.length)]) {
          const read = decodeSafetensors(input, "a");
          expect(new Set(read.keys())).toEqual(new Set(arrays.keys()));
          for (const [name, { shape, data }] of arrays) {
            const found = read.get(name)!;
            expect(found.shape).toEqual(shape);
            expect(new Uint32Array(found.data.buffer)).toEqual(new Uint32Array(data.buffer));
          }
          const filled = (map: Map<string, NamedArray>) =>
            [...map].filter(([, a]) => a.data.length > 0).map(([n]) => n);
          expect(filled(read)).toEqual(filled(arrays));
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test("own their memory: changing the file or one array changes no other", () => {
    const bytes = Buffer.from(
      encodeSafetensors(
        new Map([
          ["a", { shape: [1], data: Float32Array.of(1) }],
          ["b", { shape: [1], data: Float32Array.of(2) }],
        ]),
      ),
    );
    const read = decodeSafetensors(bytes, "a");
    bytes.fill(0);
    read.get("a")!.data.fill(7);
    expect([...read.get("b")!.data]).toEqual([2]);
    expect(read.get("a")!.data.buffer.byteLength).toBe(4);
  });

  test("write the bytes that the format's definition demands", () => {
    const view = Float32Array.of(9, 1, -2).subarray(1);
    const bytes = encodeSafetensors(new Map([["w", { shape: [2, 1], data: view }]]));
    const json = '{"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}';
    expect(json.length % 8).toBe(0);
    const golden = [json.length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(json), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0];
    expect([...bytes]).toEqual(golden);
  });

  test("begin at a multiple of 8, with spaces behind the header", () => {
    const bytes = encodeSafetensors(new Map([["größe", { shape: [], data: Float32Array.of(1) }]]));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length))).toMatch(/^\{.*\} *$/);
    expect(bytes.length).toBe(8 + length + 4);
  });

  test("of another writer are read: notes, any order of names, no padding", () => {
    const header = { b: f32([1], 4, 8), __metadata__: { format: "pt" }, a: f32([1], 0, 4) };
    const read = decodeSafetensors(fileOf(header, [1, 2]), "a");
    expect([...read].map(([name, { data }]) => [name, ...data])).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });

  test("cannot take the name that the format keeps for notes", () => {
    const arrays = new Map([["__metadata__", { shape: [1], data: Float32Array.of(1) }]]);
    expect(() => encodeSafetensors(arrays)).toThrow(RangeError);
  });
});

describe("a file that lies is refused:", () => {
  const sound = { a: f32([2], 0, 8), b: f32([1], 8, 12) };
  const lies: [string, Uint8Array, RegExp][] = [
    ["no bytes", new Uint8Array(0), /cut off/],
    ["seven bytes", new Uint8Array(7), /cut off/],
    ["a header longer than the file", fileOf(sound, [1, 2, 3], { claimed: 10_000n }), /past the end/],
    ["a header of 2^63 bytes", fileOf(sound, [1, 2, 3], { claimed: 2n ** 63n }), /past the end/],
    ["a header over the limit", fileOf(sound, [], { claimed: BigInt(MAX_HEADER + 1) }), /past the end/],
    ["no header", fileOf(""), /not JSON/],
    ["a header that is no object", fileOf("null"), /not JSON/],
    ["a header that is a list", fileOf("[]"), /not JSON/],
    ["a byte order mark", fileOf(`\ufeff${JSON.stringify(sound)}`, [1, 2, 3]), /not JSON/],
    ["a header of other bytes", fileOf('{"a":\u0000}'), /not JSON/],
    ["a deeply nested header", fileOf(`{"a":${"[".repeat(100_000)}`), /not JSON/],
    ["another type", fileOf({ a: { ...f32([2], 0, 8), dtype: "F16" } }, [1, 2]), /type F16/],
    ["an entry without type", fileOf({ a: null }), /type undefined/],
    ["a shape larger than its data", fileOf({ a: f32([3], 0, 8) }, [1, 2]), /does not fit/],
    ["a shape smaller than its data", fileOf({ a: f32([1], 0, 8) }, [1, 2]), /does not fit/],
    ["a negative size", fileOf({ a: f32([-2], 0, 8) }, [1, 2]), /no proper shape/],
    ["half a size", fileOf({ a: f32([0.5], 0, 2) }, [1]), /no proper shape/],
    ["sizes whose product overflows", fileOf({ a: f32([2 ** 52, 2 ** 52, 2 ** 52], 0, 8) }, [1, 2]), /does not fit/],
    ["a shape that is a word", fileOf({ a: f32("2", 0, 8) }, [1, 2]), /no proper shape/],
    ["offsets that are words", fileOf({ a: f32([2], 0, "8") }, [1, 2]), /no proper shape/],
    ["three offsets", fileOf({ a: f32([2], 0, 8, 8) }, [1, 2]), /no proper shape/],
    ["one offset", fileOf({ a: f32([2], 0) }, [1, 2]), /no proper shape/],
    ["overlapping arrays", fileOf({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, [1, 2]), /does not fit/],
    ["a gap between arrays", fileOf({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, [1, 2, 3]), /does not fit/],
    ["offsets backwards", fileOf({ a: f32([2], 8, 0) }, [1, 2]), /does not fit/],
    ["an array past the end", fileOf({ a: f32([2], 0, 8) }, [1]), /does not fit/],
    ["data of no array", fileOf(sound, [1, 2, 3, 4]), /more or less/],
    ["a value that is not a number", fileOf(sound, [1, Number.NaN, 3]), /not numbers/],
    ["an infinite value", fileOf(sound, [1, 2, -Infinity]), /not numbers/],
  ];
  test.each(lies)("%s", (_, bytes, reason) => {
    for (const input of [bytes, Buffer.from(bytes)]) {
      const read = () => decodeSafetensors(input, "x.safetensors");
      expect(read).toThrow(expect.objectContaining({ code: "CHECKPOINT_CORRUPT" }));
      expect(read).toThrow(reason);
      expect(read).toThrow(/^x\.safetensors is damaged/);
    }
  });

  test("cut off anywhere", () => {
    const whole = fileOf(sound, [1, 2, 3]);
    expect(decodeSafetensors(whole, "a").size).toBe(2);
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeSafetensors(whole.subarray(0, length), "a"), String(length)).toThrow(/damaged/);
  });
});
