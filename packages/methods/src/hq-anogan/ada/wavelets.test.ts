/** @file The wavelet matrices: that halving undoes doubling, that bands add up, and what they pass. */
import { describe, expect, test } from "vitest";
import {
  bandFilters,
  bandMatrices,
  CENTRE,
  doublingMatrix,
  halvingMatrix,
  periodOf,
  reflect,
  samplesOf,
} from "./wavelets.ts";

test("reflection goes to and fro without the end twice", () => {
  expect([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map((i) => reflect(i, 4))).toEqual([
    1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0,
  ]);
  expect([-3, 0, 7].map((i) => reflect(i, 1))).toEqual([0, 0, 0]);
});

describe.each([2, 5, 16])("of %i samples", (size) => {
  const period = periodOf(size);

  test("halving undoes doubling", () => {
    const doubling = doublingMatrix(size);
    const halving = halvingMatrix(size);
    const samples = samplesOf(size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let total = 0;
        for (let m = 0; m < samples; m++) total += halving[i * samples + m] * doubling[(m % period) * size + j];
        expect(total).toBeCloseTo(i === j ? 1 : 0, 8);
      }
    }
  });

  test("doubling repeats itself and keeps constants", () => {
    const doubling = doublingMatrix(size);
    expect(doubling.slice(period * size)).toEqual(doubling.slice(0, size));
    for (let m = 0; m <= period; m++) {
      expect(doubling.slice(m * size, (m + 1) * size).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 8);
    }
  });

  test("the bands add up to the identity", () => {
    const matrices = bandMatrices(size);
    for (let i = 0; i < size * size; i++) {
      let total = 0;
      for (let band = 0; band < 4; band++) total += matrices[band * size * size + i];
      expect(total).toBeCloseTo(i % (size + 1) === 0 ? 1 : 0, 12);
    }
  });
});

test("doubled samples show what lies at their places", () => {
  const size = 32;
  const doubling = doublingMatrix(size);
  const wave = (place: number) => Math.cos(0.5 * place + 0.3);
  for (let m = 24; m < 40; m++) {
    let value = 0;
    for (let i = 0; i < size; i++) value += doubling[m * size + i] * wave(i);
    expect(Math.abs(value - wave((m - CENTRE) / 2))).toBeLessThan(4e-3);
  }
});

test("the bands share out frequencies, each an octave, and shift nothing", () => {
  const filters = bandFilters();
  expect(filters.map((taps) => taps.length)).toEqual([43, 43, 43, 43]);
  const response = (taps: number[], frequency: number) =>
    taps.reduce((total, tap, k) => total + tap * Math.cos(frequency * (k - 21)), 0);
  for (const taps of filters) {
    for (let k = 0; k < 21; k++) expect(taps[k]).toBeCloseTo(taps[42 - k], 12);
  }
  // At 0 and at the highest frequency, one band has it all; in the middle of each octave its own has most.
  expect(filters.map((taps) => Math.abs(Math.round(1e6 * response(taps, 0)) / 1e6))).toEqual([1, 0, 0, 0]);
  expect(filters.map((taps) => Math.abs(Math.round(1e6 * response(taps, Math.PI)) / 1e6))).toEqual([0, 0, 0, 1]);
  [1 / 16, 3 / 16, 3 / 8, 3 / 4].forEach((frequency, octave) => {
    const all = filters.map((taps) => response(taps, frequency * Math.PI));
    expect(all.indexOf(Math.max(...all))).toBe(octave);
    expect(all[octave]).toBeGreaterThan(0.6);
  });
});
