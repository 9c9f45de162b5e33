/** @file Patches and maps against loops, and what projections keep. */
import { evaluate, input } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { noise } from "./node/test-support.ts";
import { averaging, blurring, interpolation, mapOfPlaces, patchesOf } from "./patch-features.ts";
import { channelChoice, projected, sparseProjection } from "./projection.ts";

const rowSums = ({ rows, columns, values }: ReturnType<typeof averaging>) =>
  Array.from({ length: rows }, (_, i) => values.subarray(i * columns, (i + 1) * columns).reduce((a, b) => a + b));

describe("matrices along an axis", () => {
  test("average over neighbours, at the ends over as many as there are", () => {
    const { values } = averaging(4, 3);
    expect([...values.subarray(0, 4)]).toEqual([1 / 2, 1 / 2, 0, 0]);
    expect([...values.subarray(4, 8)]).toEqual([1 / 3, 1 / 3, 1 / 3, 0]);
    expect([...averaging(3, 1).values]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  test("interpolate between middles", () => {
    // Middles of four places lie at -0.25, 0.25, 0.75 and 1.25 in those of two.
    expect([...interpolation(2, 4).values]).toEqual([1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1]);
    expect([...interpolation(3, 3).values]).toEqual([...averaging(3, 1).values]);
  });

  test("blur without losing anything", () => {
    for (const sum of rowSums(blurring(9, 2.3))) expect(sum).toBeCloseTo(1, 12);
    const { values } = blurring(31, 2);
    expect(values[15 * 31 + 17] / values[15 * 31 + 15]).toBeCloseTo(Math.exp(-0.5), 12);
    expect([...blurring(3, 0).values]).toEqual([...averaging(3, 1).values]);
  });
});

test("patches hold every layer's average around their place, the coarser enlarged", () => {
  const [fine, coarse] = [noise(2 * 16, 1), noise(3 * 4, 2)];
  const tensors = [input("fine", [1, 2, 4, 4]), input("coarse", [1, 3, 2, 2])];
  const [{ data, shape }] = evaluate([patchesOf(tensors, 3)], { fine, coarse });
  expect(shape).toEqual([1, 16, 5]);
  const around = (values: ArrayLike<number>, side: number, channel: number, y: number, x: number) => {
    const near: number[] = [];
    for (let i = Math.max(0, y - 1); i <= Math.min(side - 1, y + 1); i++)
      for (let j = Math.max(0, x - 1); j <= Math.min(side - 1, x + 1); j++)
        near.push(values[channel * side * side + i * side + j]);
    return near.reduce((a, b) => a + b) / near.length;
  };
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) {
      const row = data.subarray((4 * y + x) * 5, (4 * y + x) * 5 + 5);
      for (let c = 0; c < 2; c++) expect(row[c]).toBeCloseTo(around(fine, 4, c, y, x), 6);
      // All of 2 x 2 places are neighbours of one another, so that the coarse layer is flat.
      for (let c = 0; c < 3; c++) expect(row[2 + c]).toBeCloseTo(around(coarse, 2, c, 0, 0), 6);
    }
  }
});

test("a map keeps the mean of its places, and is brightest over the brightest", () => {
  const places = new Float32Array(16).fill(1);
  places[4 + 2] = 5;
  const [{ data, shape }] = evaluate([mapOfPlaces(input("places", [1, 16]), 16, 1)], { places });
  expect(shape).toEqual([1, 1, 16, 16]);
  const top = data.indexOf(Math.max(...data));
  expect([Math.floor(top / 16), top % 16].every((at, i) => at >= [4, 8][i] && at < [8, 12][i])).toBe(true);
  expect(data.reduce((a, b) => a + b) / 256).toBeCloseTo(1.25, 2);
  expect(Math.min(...data)).toBeGreaterThanOrEqual(0.999);
});

describe("fewer numbers", () => {
  test("a sparse projection keeps squared lengths within what its width allows", () => {
    const [from, to] = [400, 200];
    const matrix = sparseProjection(from, to, new Random(1, "projection"));
    const filled = matrix.filter((value) => value !== 0).length / matrix.length;
    expect(filled).toBeCloseTo(1 / 20, 2);
    const rows = new Random(2, "rows").normals(40 * from);
    const small = projected(rows, matrix, from, to);
    const ratios = Array.from({ length: 40 }, (_, i) => {
      const square = (of: Float32Array, width: number) =>
        of.subarray(i * width, (i + 1) * width).reduce((sum, value) => sum + value * value, 0);
      return square(small, to) / square(rows, from);
    });
    // One ratio's deviation is about √(2/200); that of the mean of forty of them a sixth of it.
    expect(ratios.reduce((a, b) => a + b) / 40).toBeCloseTo(1, 1);
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(0.45);
  });

  test("is the matrix's product", () => {
    const [rows, matrix] = [Float32Array.from(noise(6, 3)), Float32Array.from([0, 2, 1, 0, 0, -1])];
    const small = projected(rows, matrix, 3, 2);
    for (let i = 0; i < 2; i++) {
      expect(small[2 * i]).toBeCloseTo(rows[3 * i + 1], 6);
      expect(small[2 * i + 1]).toBeCloseTo(2 * rows[3 * i] - rows[3 * i + 2], 6);
    }
  });

  test("a choice of channels takes each as it is, once", () => {
    const matrix = channelChoice(7, 4, new Random(1, "choice"));
    const rows = Float32Array.of(10, 11, 12, 13, 14, 15, 16);
    const taken = [...projected(rows, matrix, 7, 4)];
    expect(new Set(taken).size).toBe(4);
    expect(taken).toEqual([...taken].sort((a, b) => a - b));
    expect(taken.every((value) => value >= 10 && Number.isInteger(value))).toBe(true);
  });
});
