/** @file The schedule, and what sizes and windows are refused. */
import { expect, test } from "vitest";
import { referenceDecay, sagan } from "./method.ts";

test("the reference schedule ends at 4.995e-5 after 100 000 iterations", () => {
  const rate = referenceDecay(5e-5, 100_000);
  expect(rate(0)).toBe(5e-5);
  expect(rate(50_000)).toBe(5e-5);
  expect(rate(100_000)).toBeCloseTo(4.995e-5, 12);
});

test("sizes that do not divide are refused with a size that would do", () => {
  expect(() => sagan.checkShape({ size: 60, channels: 1 })).toThrow(/divisible by 16/);
  expect(() => sagan.checkShape({ size: 16, channels: 1 })).toThrow(/from 32 up/);
  for (const size of [32, 48, 64, 80, 128]) expect(() => sagan.checkShape({ size, channels: 3 })).not.toThrow();
});

test("windows that a size cannot be cut into are refused", () => {
  const make = (grid: number, size: number) =>
    sagan.create(sagan.options.parse({ grid, width: 8, batch: 1 }), { size, channels: 1 });
  expect(() => make(4, 48)).toThrow(/4 x 4 windows do not fit/);
  expect(() => make(4, 32)).toThrow(/at least 64/);
  expect(() => sagan.options.parse({ grid: 3 })).toThrow();
  expect(() => make(1, 32)).not.toThrow();
});
