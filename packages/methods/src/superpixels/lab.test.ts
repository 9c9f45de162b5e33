import { expect, test } from "vitest";
import { labOf } from "./lab.ts";

test("the corners of sRGB have their published Lab values", () => {
  const known: [number[], number[]][] = [
    [
      [1, 0, 0],
      [53.24, 80.09, 67.2],
    ],
    [
      [0, 1, 0],
      [87.73, -86.18, 83.18],
    ],
    [
      [0, 0, 1],
      [32.3, 79.19, -107.86],
    ],
    [
      [1, 1, 0],
      [97.14, -21.55, 94.48],
    ],
    [
      [1, 1, 1],
      [100, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  ];
  for (const [rgb, expected] of known) {
    const lab = labOf(rgb);
    for (let c = 0; c < 3; c++) expect(Math.abs(lab[c] - expected[c]), `${rgb} channel ${c}`).toBeLessThan(0.006);
  }
});

test("greys have no colour, and get lighter through the straight piece near black", () => {
  const ramp = Array.from({ length: 256 }, (_, i) => i / 255);
  const lab = labOf([...ramp, ...ramp, ...ramp]);
  for (let i = 0; i < 256; i++) {
    if (i > 0) expect(lab[i]).toBeGreaterThan(lab[i - 1]);
    expect(Math.abs(lab[256 + i])).toBeLessThan(1e-4);
    expect(Math.abs(lab[512 + i])).toBeLessThan(1e-4);
  }
  // 119 / 255 is the grey of L = 50.
  expect(lab[119]).toBeCloseTo(50.03, 2);
});

test("planes stay planes: pixels do not mix", () => {
  const lab = labOf([1, 0, 0, 1, 0, 0]);
  expect([lab[0], lab[2], lab[4]]).toEqual([...labOf([1, 0, 0])]);
  expect([lab[1], lab[3], lab[5]]).toEqual([...labOf([0, 1, 0])]);
});
