/** @file Pseudo-abnormal proxies: where patches come from, where they go, and where none does. */
import { Random } from "@hale/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { damageProxy, isVisible, pastePatch, randomPatch } from "./pseudo-anomaly.ts";

const SIZE = 40;
const random = (seed: number) => new Random(seed, "patches");

test("a patch is between 8 and 25 % of the side, inside the image, and comes from elsewhere", () => {
  const generator = random(1);
  for (let i = 0; i < 500; i++) {
    const { height, width, from, to } = randomPatch(SIZE, generator);
    for (const [length, a, b] of [
      [height, from[0], to[0]],
      [width, from[1], to[1]],
    ]) {
      expect(length).toBeGreaterThanOrEqual(3);
      expect(length).toBeLessThanOrEqual(10);
      for (const corner of [a, b]) {
        expect(corner).toBeGreaterThanOrEqual(0);
        expect(corner + length).toBeLessThanOrEqual(SIZE);
      }
    }
    expect(from).not.toEqual(to);
  }
});

test("a pasted patch is a moved crop of the image, and outside it the proxy is untouched", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(1, 3), (seed, channels) => {
      const generator = random(seed);
      const proxy = generator.uniforms(channels * SIZE * SIZE);
      const image = generator.uniforms(channels * SIZE * SIZE);
      const patch = randomPatch(SIZE, generator);
      const result = pastePatch(proxy, image, SIZE, patch);
      const { height, width, from, to } = patch;
      for (let i = 0; i < result.length; i++) {
        const at = i % (SIZE * SIZE);
        const [row, column] = [Math.floor(at / SIZE) - to[0], (at % SIZE) - to[1]];
        const inside = row >= 0 && row < height && column >= 0 && column < width;
        const source = i - at + (from[0] + row) * SIZE + from[1] + column;
        if (result[i] !== (inside ? image[source] : proxy[i])) throw new Error(`pixel ${i} is wrong`);
      }
    }),
    { numRuns: 50 },
  );
});

test("no patch goes onto background or where it would change nothing", () => {
  const dark = new Float32Array(SIZE * SIZE);
  const grey = new Float32Array(SIZE * SIZE).fill(0.5);
  const patch = { height: 4, width: 4, from: [0, 0], to: [9, 9] } as const;
  expect(isVisible(dark, grey, SIZE, patch)).toBe(false);
  expect(
    isVisible(
      grey,
      grey.map((v) => v + 0.01),
      SIZE,
      patch,
    ),
  ).toBe(false);
  expect(isVisible(grey, dark, SIZE, patch)).toBe(true);
  expect(damageProxy(dark, grey, SIZE, random(2))).toEqual(dark);
});

test("one proxy in four gets a second patch, and the proxy that is given stays as it is", () => {
  const proxy = new Float32Array(SIZE * SIZE).fill(0.5);
  const kept = proxy.slice();
  const image = random(3).uniforms(SIZE * SIZE);
  let one = 0;
  let more = 0;
  for (let seed = 0; seed < 400; seed++) {
    const changed = [...damageProxy(proxy, image, SIZE, random(seed)).entries()].filter(([i, v]) => v !== proxy[i]);
    const rows = changed.map(([i]) => Math.floor(i / SIZE));
    const columns = changed.map(([i]) => i % SIZE);
    const span = (places: number[]) => Math.max(...places) - Math.min(...places) + 1;
    // One patch fills the rectangle around all that has changed.
    if (changed.length === span(rows) * span(columns)) one++;
    else more++;
  }
  expect(proxy).toEqual(kept);
  expect(more / (one + more)).toBeGreaterThan(0.18);
  expect(more / (one + more)).toBeLessThan(0.32);
});
