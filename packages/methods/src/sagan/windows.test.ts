/** @file Windows and their codes. */
import { evaluate, input, sizeOf } from "@hale/autodiff";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeBits, joinWindows, positionCodes, splitWindows } from "./windows.ts";

describe("windows", () => {
  const ramp = (shape: number[]) => Float64Array.from({ length: sizeOf(shape) }, (_, i) => i);

  test("put together are the image, bit by bit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        (n, c, grid) => {
          const shape = [n, c, 4 * grid, 4 * grid];
          const [same] = evaluate([joinWindows(splitWindows(input("x", shape), grid), grid)], { x: ramp(shape) });
          expect([...same.data]).toEqual([...ramp(shape)]);
        },
      ),
    );
  });

  test("of a 4 x 4 ramp are its quarters in raster order", () => {
    const [windows] = evaluate([splitWindows(input("x", [1, 1, 4, 4]), 2)], { x: ramp([1, 1, 4, 4]) });
    expect([...windows.data]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
  });

  test("are numbered in binary: 000, 001, 010, 011", () => {
    expect(codeBits(2)).toBe(3);
    expect(positionCodes(2).map((code) => code.join(""))).toEqual(["000", "001", "010", "011"]);
  });
});
