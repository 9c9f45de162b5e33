/** @file The strip below a picture: the picture untouched, the scale, and words that can be read. */
import { expect, test } from "vitest";
import { withLegend } from "./legend.ts";
import { emptyRaster } from "./raster.ts";

const grey = (width: number, height: number) => {
  const raster = emptyRaster(width, height, 3);
  raster.data.fill(90);
  return raster;
};

test.each([20, 300, 1024])("a picture %i wide", (width) => {
  const out = withLegend(grey(width, 30), 0.0123);
  expect(out.width).toBe(Math.max(width, 104));
  expect(out.height).toBeGreaterThan(30 + 30);
  for (let y = 0; y < 30; y++) expect(out.data[3 * (y * out.width + width - 1)]).toBe(90);
  // The scale: dark at its left end, light at its right.
  const first = out.data.subarray(3 * 30 * out.width, 3 * 31 * out.width);
  expect(first[0] + first[1] + first[2]).toBeLessThan(60);
  expect(first.at(-1)! + first.at(-2)! + first.at(-3)!).toBeGreaterThan(400);
});

test("the words are where they can be read, letter by letter", () => {
  const out = withLegend(grey(104, 10), 1);
  const lit = (x: number, y: number) => out.data[3 * (y * out.width + x)] === 255;
  // The R of RESEARCH: below the picture, the scale (6), a gap (2) and the line of the numbers (9).
  const rows = Array.from({ length: 7 }, (_, y) =>
    Array.from({ length: 5 }, (_, x) => (lit(1 + x, 10 + 6 + 2 + 9 + y) ? "#" : ".")).join(""),
  );
  expect(rows).toEqual(["####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"]);
});
