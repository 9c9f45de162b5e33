/** @file The memory: addresses, shrinking, what is read, and that nothing else passes. */
import { evaluate, input, Parameters, softmax } from "@hale/autodiff";
import { Random } from "@hale/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressEntropy, hardShrink, type MemoryOptions, readMemory } from "./memory.ts";
import { extractProxy } from "./networks.ts";
import { pictures, tiny, values } from "./test-support.ts";

const options = (changes: Partial<MemoryOptions> = {}): MemoryOptions => ({
  slots: 5,
  memory: "shared",
  shrink: 0.5,
  sharpness: 10,
  ...changes,
});
const queries = new Random(3, "queries").normals(2 * 4 * 9);

function read(settings: MemoryOptions, slots: ArrayLike<number>, features = queries, name = "slots") {
  const parameters = new Parameters();
  const { output, weights } = readMemory(parameters.scope("m"), input("q", [2, 4, 3, 3]), settings);
  const [mixture, address, entropy] = evaluate([output, weights, addressEntropy(weights)], {
    q: features,
    [`m/${name}`]: slots,
  });
  return { mixture: mixture.data, address: address.data, entropy: entropy.data[0] };
}

describe("addresses", () => {
  test("are at least 0, sum to 1, and have an entropy between 0 and ln N", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (slots, seed, shrink) => {
          const { address, entropy } = read(options({ slots, shrink }), new Random(seed >>> 0, "s").normals(4 * slots));
          expect(Math.min(...address)).toBeGreaterThanOrEqual(0);
          for (let i = 0; i < 18; i++) {
            expect(address.slice(i * slots, (i + 1) * slots).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
          }
          expect(entropy).toBeGreaterThanOrEqual(-1e-9);
          expect(entropy).toBeLessThanOrEqual(Math.log(slots) + 1e-9);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("that are uniform have the entropy ln N", () => {
    const uniform = softmax(input("x", [3, 7]), 1);
    expect(evaluate([addressEntropy(uniform)], { x: new Float64Array(21) })[0].data[0]).toBeCloseTo(Math.log(7), 10);
  });

  test("lose what is at or below the limit, and rows that would lose all keep everything", () => {
    const shrunk = (row: number[], limit: number) => [
      ...evaluate([hardShrink(input("w", [1, row.length]), limit)], { w: row })[0].data,
    ];
    // (0, 0, 0, 0.3, 0.4) before it is scaled.
    const kept = shrunk([0, 0.1, 0.2, 0.3, 0.4], 0.2);
    for (const [i, v] of [0, 0, 0, 0.3 / 0.7, 0.4 / 0.7].entries()) expect(kept[i]).toBeCloseTo(v, 12);
    for (const v of shrunk([0.25, 0.25, 0.25, 0.25], 0.25)) expect(v).toBeCloseTo(0.25, 12);
    expect(shrunk([0.1, 0.9], 0)).toEqual([0.1, 0.9]);
  });
});

describe("what is read", () => {
  test("is the slot itself where there is one", () => {
    const slot = [0.3, -2, 0.5, 1];
    const { mixture } = read(options({ slots: 1 }), slot);
    for (let i = 0; i < mixture.length; i++) expect(mixture[i]).toBeCloseTo(slot[Math.floor(i / 9) % 4], 12);
  });

  test("is the slot that a query is parallel to, when addressing is sharp", () => {
    const slots = new Random(4, "slots").normals(20);
    const parallel = Float64Array.from(queries, (_, i) => 3 * slots[8 + (Math.floor(i / 9) % 4)]);
    const { mixture } = read(options({ sharpness: 1e4 }), slots, parallel as unknown as Float32Array);
    for (let i = 0; i < mixture.length; i++) expect(mixture[i]).toBeCloseTo(slots[8 + (Math.floor(i / 9) % 4)], 6);
  });

  test("comes from the values where keys and values are apart", () => {
    const parameters = new Parameters();
    const settings = options({ slots: 2, memory: "keyValue", sharpness: 1e4 });
    const { output } = readMemory(parameters.scope("m"), input("q", [1, 2, 1, 1]), settings);
    expect([...parameters.trainable().keys()]).toEqual(["m/keys", "m/values"]);
    const [{ data }] = evaluate([output], { q: [0, 5], "m/keys": [1, 0, 0, 1], "m/values": [7, 8, 9, 10] });
    expect([...data]).toEqual([9, 10]);
  });

  test("reaches PEM's proxy through the addresses alone", () => {
    const parameters = new Parameters();
    const scope = parameters.scope("pem");
    const settings = tiny({ slots: 1 });
    const { proxy } = extractProxy(scope, input("x", [1, 1, 16, 16]), settings, { evaluate: "running" });
    // One slot: every image has the same addresses, so every image has the same proxy.
    const feeds = values(parameters);
    const [first, second] = ["a", "b"].map((name) => evaluate([proxy], { ...feeds, x: pictures(1, 16, name) })[0].data);
    expect(second).toEqual(first);
    const without = new Parameters();
    const open = extractProxy(without.scope("pem"), input("x", [1, 1, 16, 16]), tiny({ memory: "none" }), {
      evaluate: "running",
    });
    const [one, two] = ["a", "b"].map(
      (name) => evaluate([open.proxy], { ...values(without), x: pictures(1, 16, name) })[0].data,
    );
    expect(two).not.toEqual(one);
  });
});
