import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { colourMap, infernoTable } from "./colormap.ts";
import { gridOf, rasterOf } from "./grid.ts";
import { legendBar, overlayMap } from "./overlay.ts";
import { prepare } from "./prepare.ts";
import { type Raster, toGrey, toRgb } from "./raster.ts";
import { resizePlane, resizeWeights } from "./resize.ts";

/** The filter as a person would write it from the formula: dense, float64, one pixel at a time. */
function naiveResize(plane: number[], width: number, height: number, toWidth: number, toHeight: number): number[] {
  const weights = (from: number, to: number) =>
    Array.from({ length: to }, (_, i) => {
      const row = Array.from({ length: from }, (_, j) =>
        Math.max(0, 1 - Math.abs(j + 0.5 - ((i + 0.5) * from) / to) / Math.max(from / to, 1)),
      );
      const sum = row.reduce((a, b) => a + b);
      return row.map((value) => value / sum);
    });
  const [across, down] = [weights(width, toWidth), weights(height, toHeight)];
  return down.flatMap((rowWeights) =>
    across.map((columnWeights) =>
      rowWeights.reduce(
        (sum, v, y) => sum + v * columnWeights.reduce((inner, h, x) => inner + h * plane[y * width + x], 0),
        0,
      ),
    ),
  );
}

describe("resize", () => {
  test("agrees with Pillow's BILINEAR on a 7 × 5 picture, down and up", () => {
    // Pillow 9.4, mode "F": Image.resize((w, h), Image.BILINEAR) of ((37x + 71y) mod 101) / 100.
    const plane = Array.from({ length: 35 }, (_, i) => (((i % 7) * 37 + Math.floor(i / 7) * 71) % 101) / 100);
    const near = (actual: Float32Array, expected: number[]) =>
      expected.forEach((value, i) => {
        expect(actual[i]).toBeCloseTo(value, 5);
      });
    near(
      resizePlane(plane, 7, 5, 3, 3),
      [0.343163, 0.446723, 0.558163, 0.462619, 0.51, 0.557381, 0.461837, 0.573277, 0.470714],
    );
    near(
      resizePlane(plane, 7, 5, 4, 2),
      [0.374762, 0.458582, 0.485636, 0.580649, 0.439351, 0.534364, 0.561418, 0.476905],
    );
    near(
      resizePlane(plane, 7, 5, 10, 8).subarray(0, 10),
      [0, 0.2035, 0.4625, 0.7215, 0.324, 0.2295, 0.4885, 0.7475, 0.552, 0.2],
    );
  });

  test("agrees with its naive reference for any sizes", () => {
    const side = fc.integer({ min: 1, max: 17 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
        (w, h, tw, th, values) => {
          const plane = Array.from({ length: w * h }, () => values.next().value as number);
          const expected = naiveResize(plane, w, h, tw, th);
          const actual = resizePlane(plane, w, h, tw, th);
          expect(actual.length).toBe(expected.length);
          expected.forEach((value, i) => {
            expect(actual[i]).toBeCloseTo(value, 6);
          });
        },
      ),
      { numRuns: 100, seed: 3 },
    );
  });

  test("the dense matrix times a row is the resized row, and every row of it sums to one", () => {
    const row = Array.from({ length: 23 }, (_, i) => Math.sin(i * 1.7));
    for (const to of [1, 5, 23, 40]) {
      const weights = resizeWeights(23, to);
      const resized = resizePlane(row, 23, 1, to, 1);
      for (let i = 0; i < to; i++) {
        const taps = [...weights.subarray(i * 23, (i + 1) * 23)];
        expect(taps.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
        expect(taps.reduce((sum, weight, j) => sum + weight * row[j], 0)).toBeCloseTo(resized[i], 5);
      }
    }
  });

  test("the same size changes nothing", () => {
    const plane = Float32Array.from({ length: 12 }, (_, i) => i / 12);
    expect(resizePlane(plane, 4, 3, 4, 3)).toEqual(plane);
  });

  test("sizes that are not whole are refused", () => {
    expect(() => resizeWeights(4, 0)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    expect(() => resizePlane([1, 2], 3, 1, 2, 1)).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH" }));
  });
});

const rgb: Raster = { width: 2, height: 1, channels: 3, maxValue: 255, data: new Uint8Array([255, 0, 0, 10, 200, 90]) };

describe("prepare", () => {
  test("maps black to -1 and full scale to 1, for 8 and 16 bits alike", () => {
    const eight: Raster = { width: 2, height: 2, channels: 1, maxValue: 255, data: new Uint8Array([0, 255, 51, 102]) };
    const sixteen: Raster = { ...eight, maxValue: 65535, data: Uint16Array.from(eight.data, (value) => value * 257) };
    const prepared = prepare(eight, { size: 2, channels: 1 });
    expect([...prepared.subarray(0, 2)]).toEqual([-1, 1]);
    expect(prepared[2]).toBeCloseTo(-0.6, 6);
    expect(prepare(sixteen, { size: 2, channels: 1 })).toEqual(prepared);
  });

  test("gives planes one after the other, and grey by Rec. 601", () => {
    const planes = prepare(rgb, { size: 2, channels: 3 });
    expect(planes.length).toBe(12);
    expect(planes[0]).toBe(1);
    expect(planes[4]).toBe(-1);
    // Pillow: convert("L") of (255, 0, 0) and (10, 200, 90) is 76 and 131.
    expect([...toGrey(rgb).data]).toEqual([76, 131]);
    expect([...toRgb(toGrey(rgb)).data]).toEqual([76, 76, 76, 131, 131, 131]);
  });

  test("takes floats in [0, 1] as they are, and refuses others", () => {
    const eight: Raster = {
      width: 3,
      height: 2,
      channels: 1,
      maxValue: 255,
      data: Uint8Array.of(0, 255, 51, 7, 130, 2),
    };
    const float: Raster = { ...eight, maxValue: 1, data: Float32Array.from(eight.data, (value) => value / 255) };
    prepare(float, { size: 2, channels: 1 }).forEach((value, i) => {
      expect(value).toBeCloseTo(prepare(eight, { size: 2, channels: 1 })[i], 6);
    });
    const colours: Raster = { ...rgb, maxValue: 1, data: Float32Array.from(rgb.data, (value) => value / 255) };
    // Not rounded: the luma of (255, 0, 0) is 76.245.
    expect(toGrey(colours).data[0]).toBeCloseTo(76.245 / 255, 5);
    for (const value of [Number.NaN, 1.001, -0.001, Number.POSITIVE_INFINITY]) {
      const odd = { ...float, data: Float32Array.of(0, 0, 0, 0, 0, value) };
      expect(() => prepare(odd, { size: 2, channels: 1 })).toThrow(
        expect.objectContaining({ code: "NUMERIC_FAILURE" }),
      );
    }
    const wrong = { ...float, maxValue: 255 } as Raster;
    expect(() => prepare(wrong, { size: 2, channels: 1 })).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH" }));
  });

  test("refuses sizes and rasters that make no sense", () => {
    expect(() => prepare(rgb, { size: 0, channels: 1 })).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    const broken = { ...rgb, width: 3 };
    expect(() => prepare(broken, { size: 4, channels: 1 })).toThrow(
      expect.objectContaining({ code: "SHAPE_MISMATCH" }),
    );
  });
});

describe("pictures for people", () => {
  test("a grid places each picture in its cell, with mid-grey between", () => {
    const tile = (value: number) => rasterOf({ data: [value], width: 1, height: 1, channels: 1 });
    const sheet = gridOf([tile(-1), tile(1), tile(0)], 2, 1);
    expect(sheet).toMatchObject({ width: 3, height: 3, channels: 1 });
    expect([...sheet.data]).toEqual([0, 128, 255, 128, 128, 128, 128, 128, 128]);
  });

  test("inferno runs from black to pale yellow and never gets darker", () => {
    const table = infernoTable();
    expect([...table.subarray(0, 3)]).toEqual([0, 0, 4]);
    expect([...table.subarray(765)]).toEqual([252, 255, 164]);
    const luma = Array.from(
      { length: 256 },
      (_, i) => 0.299 * table[i * 3] + 0.587 * table[i * 3 + 1] + 0.114 * table[i * 3 + 2],
    );
    for (let i = 1; i < 256; i++) expect(luma[i]).toBeGreaterThanOrEqual(luma[i - 1] - 0.5);
  });

  test("equal values have equal colours in every map, and values beyond the scale are clamped", () => {
    const map = colourMap([0, 0.5, 1, 7, Number.NaN], 5, 1, 1);
    expect([...map.data.slice(6, 9)]).toEqual([...map.data.slice(9, 12)]);
    expect([...map.data.slice(12)]).toEqual([...map.data.slice(0, 3)]);
    expect(() => colourMap([1], 1, 1, 0)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });

  test("an overlay leaves normal tissue as it was and colours what stands out", () => {
    const image: Raster = { width: 2, height: 1, channels: 1, maxValue: 255, data: new Uint8Array([90, 90]) };
    const out = overlayMap(image, [0, 1], 2, 1, { maximum: 1, opacity: 1 });
    expect([...out.data]).toEqual([90, 90, 90, 252, 255, 164]);
    const float: Raster = { ...image, maxValue: 1, data: Float32Array.of(90 / 255, 90 / 255) };
    expect([...overlayMap(float, [0, 1], 2, 1, { maximum: 1, opacity: 1 }).data]).toEqual([...out.data]);
    expect([...gridOf([float], 1).data]).toEqual([90, 90]);
  });

  test("the legend bar runs over the whole scale with ticks at its foot", () => {
    const bar = legendBar(101, 8, [0.5]);
    expect([...bar.data.slice(0, 3)]).toEqual([0, 0, 4]);
    expect([...bar.data.slice((7 * 101 + 50) * 3, (7 * 101 + 51) * 3)]).toEqual([255, 255, 255]);
  });
});
