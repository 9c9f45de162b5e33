/** @file Pasted boxes. */
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { pasteBox, randomBox } from "./pseudo-anomaly.ts";

describe("pseudo-anomalies", () => {
  test.each([
    [64, 0.063],
    [32, 0.053],
    [256, 0.068],
  ])("at side %i cover the expected share of the image", (size, share) => {
    const random = new Random(12, "boxes");
    let area = 0;
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const box = randomBox(size, random);
      expect(Math.min(box.top, box.left)).toBeGreaterThanOrEqual(0);
      expect(Math.max(box.bottom, box.right)).toBeLessThanOrEqual(size);
      if (size === 64) expect(box.bottom - box.top).toBe(box.right - box.left);
      area += (box.bottom - box.top) * (box.right - box.left);
    }
    expect(area / count / size ** 2).toBeCloseTo(share, 2);
  });

  test("leave everything outside the box as it was, and with α = 0 the inside too", () => {
    const random = new Random(13, "paste");
    const target = random.uniforms(3 * 64 * 64, -1, 1);
    const source = random.uniforms(3 * 64 * 64, -1, 1);
    const box = randomBox(64, random);
    const inside = (i: number) => {
      const row = Math.floor((i % 4096) / 64);
      const column = i % 64;
      return row >= box.top && row < box.bottom && column >= box.left && column < box.right;
    };
    const pasted = pasteBox(target, source, 64, box, 0.7);
    pasted.forEach((v, i) => {
      if (inside(i)) expect(v).toBeCloseTo(0.3 * target[i] + 0.7 * source[i], 6);
      else expect(v).toBe(target[i]);
    });
    expect(pasteBox(target, source, 64, box, 0)).toEqual(target);
  });
});
