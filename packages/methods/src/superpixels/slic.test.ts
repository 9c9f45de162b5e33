import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { connectedRegions } from "./connect.ts";
import { anyPicture, mosaic, piecesByLabel, sizesOf, smoothPicture } from "./picture-fixture.ts";
import { superpixelImage } from "./proxy.ts";
import type { ImageShape } from "./shape.ts";
import { type SlicOptions, slic } from "./slic.ts";

/** The rounds of SLIC as a person would write them from the formula: every pixel against every centre. */
function naiveRounds(plane: Float32Array, width: number, height: number, segments: number, m: number): number[] {
  const step = Math.sqrt((width * height) / segments);
  const [columns, rows] = [Math.max(1, Math.round(width / step)), Math.max(1, Math.round(height / step))];
  const at = (x: number, y: number) =>
    100 * plane[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))];
  const gradient = (x: number, y: number) => (at(x + 1, y) - at(x - 1, y)) ** 2 + (at(x, y + 1) - at(x, y - 1)) ** 2;
  const centres = Array.from({ length: rows * columns }, (_, k) => {
    const x = Math.floor((((k % columns) + 0.5) * width) / columns);
    const y = Math.floor(((Math.floor(k / columns) + 0.5) * height) / rows);
    const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [x + dx, y + dy]));
    const [best] = [[x, y], ...around]
      .filter(([px, py]) => px >= 0 && py >= 0 && px < width && py < height)
      .sort((a, b) => gradient(a[0], a[1]) - gradient(b[0], b[1]));
    return { x: best[0], y: best[1], value: at(best[0], best[1]) };
  });
  let labels = Array.from({ length: width * height }, () => -1);
  for (let round = 0; round < 10; round++) {
    labels = labels.map((label, p) => {
      const [x, y] = [p % width, Math.floor(p / width)];
      const near = centres
        .map((c, k) => ({ k, dx: x - c.x, dy: y - c.y, colour: at(x, y) - c.value }))
        .filter(({ dx, dy }) => Math.abs(dx) <= step && Math.abs(dy) <= step)
        .map(({ k, dx, dy, colour }) => ({ k, d: colour ** 2 + ((dx ** 2 + dy ** 2) / step ** 2) * m ** 2 }))
        .sort((a, b) => a.d - b.d);
      return near.length > 0 ? near[0].k : label;
    });
    if (round === 9) break;
    for (const [k, centre] of centres.entries()) {
      const own = labels.flatMap((label, p) => (label === k ? [p] : []));
      if (own.length === 0) continue;
      const mean = (of: (p: number) => number) => own.reduce((sum, p) => sum + of(p), 0) / own.length;
      centre.x = mean((p) => p % width);
      centre.y = mean((p) => Math.floor(p / width));
      centre.value = mean((p) => 100 * plane[p]);
    }
  }
  return labels;
}

describe("slic", () => {
  test("finds the sixteen tiles of a mosaic", () => {
    for (const channels of [1, 3] as const) {
      const { image, shape } = mosaic(channels);
      const result = slic(image, shape, { segments: 16, compactness: 0.1 });
      expect(result.count).toBe(16);
      expect(superpixelImage(image, shape, result)).toEqual(image);
    }
  });

  test("a very large compactness gives a near-regular grid", () => {
    // scikit-image gives 64 regions of 49 … 81 pixels.
    for (const channels of [1, 3] as const) {
      for (const phase of [0, 0.3, 0.77]) {
        const { image, shape } = smoothPicture(64, 64, channels, [
          [1.3, 0.7, phase],
          [-2.1, 1.9, 0.4],
        ]);
        const result = slic(image, shape, { segments: 64, compactness: 1e6 });
        expect(result.count).toBe(64);
        const sizes = sizesOf(result);
        expect(Math.min(...sizes)).toBeGreaterThanOrEqual(49);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(81);
      }
    }
  });

  test("a compactness beyond all numbers is the grid itself", () => {
    const { image, shape } = smoothPicture(20, 20, 1, [[1, 1, 0]]);
    const result = slic(image, shape, { segments: 16, compactness: 1e200 });
    expect(sizesOf(result)).toEqual(new Array(16).fill(25));
  });

  test("one segment is the whole picture", () => {
    const { image, shape } = smoothPicture(23, 31, 1, [[0.5, 0.4, 0]]);
    const result = slic(image, shape, { segments: 1 });
    expect(result.count).toBe(1);
    expect(new Set(result.labels)).toEqual(new Set([0]));
  });

  test("a constant picture is cut into about equal squares", () => {
    const shape: ImageShape = { width: 64, height: 64, channels: 3 };
    const result = slic(new Float32Array(3 * 4096).fill(0.4), shape, { segments: 64 });
    expect(result.count).toBe(64);
    expect(Math.min(...sizesOf(result))).toBeGreaterThanOrEqual(49);
    expect(Math.max(...sizesOf(result))).toBeLessThanOrEqual(81);
  });

  test("colours of one brightness are told apart in RGB", () => {
    // Left red, right a green whose L is that of the red, 53.
    const shape: ImageShape = { width: 20, height: 10, channels: 3 };
    const image = new Float32Array(600);
    for (let p = 0; p < 200; p++) {
      if (p % 20 < 7) image[p] = 1;
      else image[200 + p] = 0.578;
    }
    const { labels } = slic(image, shape, { segments: 8, compactness: 1 });
    for (let p = 0; p < 200; p++) if (p % 20 === 6) expect(labels[p]).not.toBe(labels[p + 1]);
  });

  test("agrees with its naive twin", () => {
    for (const [width, height, segments, m] of [
      [24, 24, 16, 10],
      [31, 17, 12, 4],
      [13, 29, 20, 30],
      [19, 19, 5, 0.5],
      [12, 40, 90, 8],
    ]) {
      const { image, shape } = smoothPicture(width, height, 1, [
        [1.37, 0.61, 0.2],
        [-0.83, 2.29, 0.55],
      ]);
      const naive = naiveRounds(image, width, height, segments, m);
      const expected = connectedRegions(naive, width, height, (0.25 * width * height) / segments);
      expect(slic(image, shape, { segments, compactness: m })).toEqual(expected);
    }
  });

  test("regions of any picture are connected, without holes, not tiny, and the same each time", () => {
    fc.assert(
      fc.property(anyPicture, fc.double({ min: 0.1, max: 50, noNaN: true }), (picture, compactness) => {
        const { image, shape, segments } = picture;
        const area = shape.width * shape.height;
        const result = slic(image, shape, { segments, compactness });
        expect(result.labels.length).toBe(area);
        const order = [...new Set(result.labels)];
        expect(order).toEqual(Array.from({ length: result.count }, (_, i) => i));
        expect(piecesByLabel(result, shape.width)).toEqual(new Array(result.count).fill(1));
        if (result.count > 1) expect(Math.min(...sizesOf(result))).toBeGreaterThanOrEqual((0.25 * area) / segments);
        expect(slic(image, shape, { segments, compactness })).toEqual(result);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  test("the picture is left as it was", () => {
    const { image, shape } = smoothPicture(16, 16, 3, [[1, 2, 0]]);
    const before = image.slice();
    slic(image, shape, { segments: 9 });
    expect(image).toEqual(before);
  });

  test("options that make no sense are refused", () => {
    const shape: ImageShape = { width: 4, height: 3, channels: 1 };
    const image = new Float32Array(12);
    const refused: SlicOptions[] = [
      ...[0, -1, 2.5, 13, Number.NaN, Number.POSITIVE_INFINITY].map((segments) => ({ segments })),
      ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((compactness) => ({ segments: 4, compactness })),
      ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY].map((iterations) => ({ segments: 4, iterations })),
    ];
    for (const options of refused) {
      expect(() => slic(image, shape, options)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    }
    for (const bad of [{ width: 0 }, { height: 1.5 }, { channels: 2 }]) {
      const broken = { ...shape, ...bad } as ImageShape;
      expect(() => slic(image, broken, { segments: 1 })).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    }
    expect(() => slic(image, { ...shape, channels: 3 }, { segments: 4 })).toThrow(
      expect.objectContaining({ code: "SHAPE_MISMATCH" }),
    );
  });
});
