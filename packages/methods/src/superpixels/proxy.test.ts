import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellLabels, cellsOf } from "./cells.ts";
import { anyPicture, sizesOf, smoothPicture } from "./picture-fixture.ts";
import { PROXIES, type ProxyKind, proxyImage, superpixelImage, superpixelMeans } from "./proxy.ts";
import type { ImageShape, Superpixels } from "./shape.ts";
import { slic } from "./slic.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
const energy = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b * b, 0);
/** Half the gap between float32 numbers below 1: what rounding may take from or add to one pixel. */
const ROUNDING = 2 ** -25;

describe("the superpixel image", () => {
  test("keeps the sum of every region and of the picture", () => {
    fc.assert(
      fc.property(anyPicture, ({ image, shape, segments }) => {
        const superpixels = slic(image, shape, { segments });
        const { labels, count } = superpixels;
        const area = labels.length;
        const sizes = sizesOf(superpixels);
        const means = superpixelMeans(image, shape, superpixels);
        const proxy = superpixelImage(image, shape, superpixels);
        for (let c = 0; c < shape.channels; c++) {
          const plane = image.subarray(c * area, (c + 1) * area);
          const regionSums = new Float64Array(count);
          for (let p = 0; p < area; p++) regionSums[labels[p]] += plane[p];
          let total = 0;
          for (let k = 0; k < count; k++) {
            const kept = means[c * count + k] * sizes[k];
            expect(Math.abs(kept - regionSums[k])).toBeLessThanOrEqual(1e-9);
            total += kept;
          }
          expect(Math.abs(total - sum(plane)) / area).toBeLessThanOrEqual(1e-9);
          // The picture itself is float32, so its mean can only be as good as its pixels are.
          const rounded = proxy.subarray(c * area, (c + 1) * area);
          expect(Math.abs(sum(rounded) - sum(plane)) / area).toBeLessThanOrEqual(ROUNDING + 1e-9);
        }
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  test("does not change when taken twice", () => {
    fc.assert(
      fc.property(anyPicture, ({ image, shape, segments }) => {
        const superpixels = slic(image, shape, { segments });
        const once = superpixelImage(image, shape, superpixels);
        expect(superpixelImage(once, shape, superpixels)).toEqual(once);
      }),
      { numRuns: 60, seed: 12 },
    );
  });

  test("is a projection: what it keeps and what it loses are at right angles", () => {
    fc.assert(
      fc.property(anyPicture, ({ image, shape, segments }) => {
        const superpixels = slic(image, shape, { segments });
        const { labels, count } = superpixels;
        const means = superpixelMeans(image, shape, superpixels);
        const proxy = Float64Array.from(image, (_, i) => {
          const c = Math.floor(i / labels.length);
          return means[c * count + labels[i % labels.length]];
        });
        const lost = proxy.map((value, i) => image[i] - value);
        const whole = energy(image);
        expect(Math.abs(energy(lost) + energy(proxy) - whole)).toBeLessThanOrEqual(1e-12 * whole);
      }),
      { numRuns: 60, seed: 13 },
    );
  });

  test("of one region is the mean everywhere", () => {
    const { image, shape } = smoothPicture(9, 7, 3, [[1.5, 1, 0.1]]);
    const proxy = superpixelImage(image, shape, slic(image, shape, { segments: 1 }));
    for (let c = 0; c < 3; c++) {
      const mean = Math.fround(sum(image.subarray(c * 63, (c + 1) * 63)) / 63);
      expect([...proxy.subarray(c * 63, (c + 1) * 63)]).toEqual(new Array(63).fill(mean));
    }
  });

  test("of regions of one pixel is the picture", () => {
    const { image, shape } = smoothPicture(8, 5, 3, [[2, 1, 0.1]]);
    const each: Superpixels = { labels: Int32Array.from({ length: 40 }, (_, p) => p), count: 40 };
    expect(superpixelImage(image, shape, each)).toEqual(image);
  });

  test("refuses labels of another picture", () => {
    const shape: ImageShape = { width: 3, height: 2, channels: 1 };
    const image = new Float32Array(6);
    for (const superpixels of [
      { labels: new Int32Array(5), count: 1 },
      { labels: new Int32Array(7), count: 1 },
      { labels: new Int32Array([0, 0, 1, 1, 2, 2]), count: 2 },
      { labels: new Int32Array([0, 0, 1, 1, -1, 0]), count: 2 },
    ]) {
      expect(() => superpixelImage(image, shape, superpixels)).toThrow(
        expect.objectContaining({ code: "SHAPE_MISMATCH" }),
      );
    }
  });
});

describe("every proxy", () => {
  test("keeps the shape of any picture and stays in [0, 1]", () => {
    fc.assert(
      fc.property(anyPicture, fc.boolean(), ({ image, shape, segments }, stark) => {
        const picture = stark ? image.map((value) => (value > 0.5 ? 1 : 0)) : image;
        const before = picture.slice();
        for (const kind of PROXIES) {
          const proxy = proxyImage(kind, picture, shape, { segments });
          expect(proxy).toBeInstanceOf(Float32Array);
          expect(proxy.length).toBe(picture.length);
          expect(proxy.every((value) => value >= 0 && value <= 1)).toBe(true);
          expect(proxy).not.toBe(picture);
        }
        expect(picture).toEqual(before);
      }),
      { numRuns: 60, seed: 17 },
    );
  });

  test("keeps a constant picture, but for edges, which sees nothing", () => {
    fc.assert(
      fc.property(anyPicture, fc.double({ min: 0, max: 1, noNaN: true }), ({ image, shape, segments }, value) => {
        const flat = new Float32Array(image.length).fill(value);
        for (const kind of PROXIES) {
          const expected = kind === "edges" ? new Float32Array(image.length) : flat;
          expect(proxyImage(kind, flat, shape, { segments }), kind).toEqual(expected);
        }
      }),
      { numRuns: 40, seed: 19 },
    );
  });

  test("treats each channel by itself, but for the superpixels, which all share", () => {
    const { image, shape } = smoothPicture(25, 18, 3, [[1.2, 0.8, 0.3]]);
    for (const kind of PROXIES) {
      if (kind === "superpixel") continue;
      const proxy = proxyImage(kind, image, shape, { segments: 12 });
      for (let c = 0; c < 3; c++) {
        const plane = image.slice(c * 450, (c + 1) * 450);
        const alone = proxyImage(kind, plane, { ...shape, channels: 1 }, { segments: 12 });
        expect(proxy.slice(c * 450, (c + 1) * 450), kind).toEqual(alone);
      }
    }
  });

  test("refuses bad options and kinds that do not exist", () => {
    const shape: ImageShape = { width: 4, height: 4, channels: 1 };
    const image = new Float32Array(16);
    const invalid = expect.objectContaining({ code: "OPTION_INVALID" });
    for (const kind of PROXIES) {
      for (const segments of [0, 17, 1.5]) {
        expect(() => proxyImage(kind, image, shape, { segments })).toThrow(invalid);
      }
      expect(() => proxyImage(kind, image.subarray(1), shape, { segments: 4 })).toThrow(
        expect.objectContaining({ code: "SHAPE_MISMATCH" }),
      );
    }
    expect(() => proxyImage("superpixel", image, shape, { segments: 4, compactness: 0 })).toThrow(invalid);
    expect(() => proxyImage("sketch" as ProxyKind, image, shape, { segments: 4 })).toThrow(invalid);
  });
});

describe("one proxy after the other", () => {
  const { image, shape } = smoothPicture(48, 48, 1, [
    [3, 2, 0.1],
    [-7, 5, 0.6],
  ]);

  test("superpixel is the superpixel image of SLIC with the same options", () => {
    const options = { segments: 36, compactness: 3 };
    const expected = superpixelImage(image, shape, slic(image, shape, options));
    expect(proxyImage("superpixel", image, shape, options)).toEqual(expected);
  });

  test("blocks has one value a cell, its mean", () => {
    const proxy = proxyImage("blocks", image, shape, { segments: 16 });
    for (let cell = 0; cell < 16; cell++) {
      const [left, top] = [12 * (cell % 4), 12 * Math.floor(cell / 4)];
      let mean = 0;
      for (let i = 0; i < 144; i++) mean += image[(top + Math.floor(i / 12)) * 48 + left + (i % 12)] / 144;
      for (let i = 0; i < 144; i++) {
        expect(proxy[(top + Math.floor(i / 12)) * 48 + left + (i % 12)]).toBeCloseTo(mean, 6);
      }
    }
  });

  test("cells fill any size and differ by at most a pixel a side", () => {
    fc.assert(
      fc.property(anyPicture, ({ shape: size, segments }) => {
        const cells = cellsOf(size, segments);
        const { labels, count } = cellLabels(size, cells);
        expect(new Set(labels).size).toBe(count);
        for (const [length, along, stride] of [
          [size.width, cells.columns, 1],
          [size.height, cells.rows, size.width],
        ]) {
          const sides = new Map<number, number>();
          for (let p = 0; p < length * stride; p += stride) sides.set(labels[p], (sides.get(labels[p]) ?? 0) + 1);
          expect(sides.size).toBe(along);
          expect(Math.max(...sides.values()) - Math.min(...sides.values())).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 100, seed: 23 },
    );
  });

  test("blur spreads a dot into a Gaussian of half a cell", () => {
    const dot = new Float32Array(63 * 63);
    dot[31 * 63 + 31] = 1;
    // 63² pixels in 441 segments: S = 3, sigma = 1.5.
    const proxy = proxyImage("blur", dot, { width: 63, height: 63, channels: 1 }, { segments: 441 });
    expect(sum(proxy)).toBeCloseTo(1, 5);
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 2],
      [-3, 1],
    ]) {
      const expected = Math.exp(-(dx * dx + dy * dy) / 4.5) / (2 * Math.PI * 2.25);
      expect(proxy[(31 + dy) * 63 + 31 + dx]).toBeCloseTo(expected, 4);
    }
  });

  test("edges reaches 1 at the steepest of all 3 × 3 pictures, a corner, and nowhere more", () => {
    let largest = 0;
    for (let bits = 0; bits < 512; bits++) {
      const small = Float32Array.from({ length: 9 }, (_, i) => (bits >> i) & 1);
      const proxy = proxyImage("edges", small, { width: 3, height: 3, channels: 1 }, { segments: 1 });
      largest = Math.max(largest, ...proxy);
    }
    expect(largest).toBe(1);
  });

  test("edges of a straight step is 4 / √20 beside it and 0 elsewhere, the border too", () => {
    const step = Float32Array.from({ length: 36 }, (_, p) => (p % 6 < 3 ? 0 : 1));
    const proxy = proxyImage("edges", step, { width: 6, height: 6, channels: 1 }, { segments: 1 });
    const row = [0, 0, 4 / Math.sqrt(20), 4 / Math.sqrt(20), 0, 0].map(Math.fround);
    for (let y = 0; y < 6; y++) expect([...proxy.subarray(6 * y, 6 * y + 6)]).toEqual(row);
  });

  test("downup keeps what is coarse and loses what is fine", () => {
    const size: ImageShape = { width: 64, height: 64, channels: 1 };
    const change = (across: number) => {
      const { image: wave } = smoothPicture(64, 64, 1, [[across, 0, 0.1]]);
      const proxy = proxyImage("downup", wave, size, { segments: 256 });
      return Math.sqrt(energy(proxy.map((value) => value - 0.5)) / energy(wave.map((value) => value - 0.5)));
    };
    expect(change(1)).toBeGreaterThan(0.95);
    expect(change(24)).toBeLessThan(0.1);
  });

  test("image is a copy", () => {
    expect(proxyImage("image", image, shape, { segments: 1 })).toEqual(image);
  });
});
