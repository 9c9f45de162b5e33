/** @file Modality and VOI formulas against numbers worked out by hand from PS3.3, C.11.1 and C.11.2. */
import { expect, test } from "vitest";
import { applyModality, modalityValue } from "./modality.ts";
import type { VoiTransform } from "./scan.ts";
import { applyVoi, isWindow, voiValue } from "./voi.ts";

const window = (shape: "linear" | "linear-exact" | "sigmoid", center: number, width: number): VoiTransform => ({
  kind: "window",
  shape,
  center,
  width,
});

test("rescale: slope × stored + intercept", () => {
  const hu = { kind: "linear", slope: 2, intercept: -1024 } as const;
  expect(modalityValue(hu, 0)).toBe(-1024);
  expect(modalityValue(hu, 512)).toBe(0);
  expect([...applyModality(hu, Int16Array.of(-1, 0, 512))]).toEqual([-1026, -1024, 0]);
});

test("Modality LUT: the first entry below its first mapped value, the last beyond its end", () => {
  const lut = { kind: "table", first: -2, table: Uint16Array.of(10, 20, 40) } as const;
  expect([-99, -3, -2, -1, 0, 1, 99].map((stored) => modalityValue(lut, stored))).toEqual([10, 10, 10, 20, 40, 40, 40]);
  expect([...applyModality(lut, Int16Array.of(-99, -1, 99))]).toEqual([10, 20, 40]);
});

// Note 2 of C.11.2.1.2.1 gives, for c = 2048 and w = 4096: 0 for x ≤ 0, 255 for x > 4095, else
// ((x - 2047.5) / 4095 + 0.5) × 255.
test("LINEAR, c = 2048, w = 4096: 12 unsigned bits exactly", () => {
  const full = window("linear", 2048, 4096);
  expect(voiValue(full, 0)).toBe(0);
  expect(voiValue(full, -1)).toBe(0);
  expect(voiValue(full, 4095)).toBe(1);
  expect(voiValue(full, 4096)).toBe(1);
  expect(voiValue(full, 2047.5)).toBe(0.5);
  expect(voiValue(full, 1)).toBeCloseTo(1 / 4095, 12);
  expect(voiValue(full, 1024)).toBeCloseTo((1024 - 2047.5) / 4095 + 0.5, 12);
});

// The same note, for c = 2048 and w = 1: 0 for x ≤ 2047.5, else 255.
test("LINEAR, w = 1 is a threshold at c - 0.5", () => {
  const step = window("linear", 2048, 1);
  expect([2047, 2047.5, 2047.6, 2048].map((x) => voiValue(step, x))).toEqual([0, 0, 1, 1]);
});

// The same note, for c = 0 and w = 100: 0 for x ≤ -50, 255 for x > 49, else ((x + 0.5) / 99 + 0.5) × 255.
test("LINEAR, c = 0, w = 100", () => {
  const around = window("linear", 0, 100);
  expect(voiValue(around, -50)).toBe(0);
  expect(voiValue(around, 49)).toBeCloseTo(1, 12);
  expect(voiValue(around, 49.01)).toBe(1);
  expect(voiValue(around, -0.5)).toBe(0.5);
  expect(voiValue(around, 10)).toBeCloseTo(10.5 / 99 + 0.5, 12);
});

test("LINEAR_EXACT, c = 2048, w = 4096, and c = 0.5, w = 1", () => {
  const exact = window("linear-exact", 2048, 4096);
  expect(voiValue(exact, 0)).toBe(0);
  expect(voiValue(exact, 4096)).toBe(1);
  expect(voiValue(exact, 4097)).toBe(1);
  expect(voiValue(exact, 2048)).toBe(0.5);
  expect(voiValue(exact, 1024)).toBe(0.25);
  expect([-1, 0, 0.25, 1, 2].map((x) => voiValue(window("linear-exact", 0.5, 1), x))).toEqual([0, 0, 0.25, 1, 1]);
});

test("SIGMOID: half at the centre, 1 / (1 + e^-2) half a width above it", () => {
  const soft = window("sigmoid", 100, 50);
  expect(voiValue(soft, 100)).toBe(0.5);
  expect(voiValue(soft, 125)).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  expect(voiValue(soft, 75)).toBeCloseTo(1 / (1 + Math.exp(2)), 12);
  expect(voiValue(soft, -1e30)).toBe(0);
  expect(voiValue(soft, 1e30)).toBe(1);
});

test("VOI LUT: entries by the largest value of its bits", () => {
  const lut: VoiTransform = { kind: "table", first: 10, table: Uint16Array.of(0, 1023, 4095), maximum: 4095 };
  expect([...applyVoi(lut, Float32Array.of(-5, 10, 11, 12, 99))]).toEqual([0, 0, Math.fround(1023 / 4095), 1, 1]);
});

test("windows that cannot be divided by are told", () => {
  expect(isWindow("linear", 0, 1)).toBe(true);
  expect(isWindow("linear", 0, 0.5)).toBe(false);
  expect(isWindow("linear-exact", 0, 0.5)).toBe(true);
  for (const width of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(isWindow("sigmoid", 0, width)).toBe(false);
  expect(isWindow("linear", Number.NaN, 100)).toBe(false);
});
