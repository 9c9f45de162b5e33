import fc from "fast-check";
import { expect, test } from "vitest";
import { connectedRegions } from "./components.ts";
import type { PixelImage } from "./pixel-image.ts";
import { pixelMetrics } from "./pixels.ts";
import { seededRandom } from "./random.ts";
import { auroc, averagePrecision } from "./ranking.ts";
import { refusal } from "./test-support.ts";

/** Two images of 6 x 5 pixels with few values, masks in 0 and 255, both classes present. */
const images = fc
  .array(
    fc.record({
      map: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 30, maxLength: 30 }),
      mask: fc.array(fc.constantFrom(0, 0, 255), { minLength: 30, maxLength: 30 }),
      width: fc.constant(6),
    }),
    { minLength: 2, maxLength: 2 },
  )
  .filter((all) => new Set(all.flatMap(({ mask }) => mask)).size === 2);

/** The definition: the overlap of every region at every threshold, integrated by trapezoids up to the limit. */
function sampledRegionOverlap(all: readonly PixelImage[], limit: number): number {
  const values = all.flatMap(({ map }) => Array.from(map));
  const normals = all.flatMap(({ map, mask }) => Array.from(map).filter((_, i) => !mask[i]));
  const regions = all.flatMap(({ map, mask, width }) =>
    connectedRegions(mask, width).map((region) => Array.from(region, (pixel) => map[pixel])),
  );
  const share = (list: number[], t: number) => list.filter((value) => value >= t).length / list.length;
  const points = [Infinity, ...new Set(values.sort((a, b) => b - a))].map((t) => ({
    rate: share(normals, t),
    overlap: regions.reduce((sum, region) => sum + share(region, t), 0) / regions.length,
  }));
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1], points[i]];
    if (from.rate >= limit || to.rate === from.rate) continue;
    const end = Math.min(limit, to.rate);
    const overlapAtEnd = from.overlap + ((to.overlap - from.overlap) * (end - from.rate)) / (to.rate - from.rate);
    area += ((end - from.rate) * (from.overlap + overlapAtEnd)) / 2;
  }
  return area / limit;
}

test("pooled metrics equal their definitions on all pixels", () => {
  fc.assert(
    fc.property(images, (all) => {
      const values = all.flatMap(({ map }) => map);
      const labels = all.flatMap(({ mask }) => mask.map((value) => (value ? 1 : 0)));
      const metrics = pixelMetrics(all);
      expect(metrics.auroc).toBeCloseTo(auroc(values, labels), 12);
      expect(metrics.averagePrecision).toBeCloseTo(averagePrecision(values, labels), 12);
      const diceAbove = (threshold: number) => {
        const called = values.map((value) => value > threshold);
        const both = called.filter((yes, i) => yes && labels[i]).length;
        return (2 * both) / (called.filter(Boolean).length + labels.filter(Boolean).length);
      };
      expect(metrics.bestDice.dice).toBeCloseTo(Math.max(...[-Infinity, ...values].map(diceAbove)), 12);
      expect(diceAbove(metrics.bestDice.threshold)).toBeCloseTo(metrics.bestDice.dice, 12);
    }),
  );
});

test("AUPRO equals the sampled per-region-overlap curve, integrated up to its limit", () => {
  fc.assert(
    fc.property(images, fc.constantFrom(0.05, 0.3, 1), (all, auproLimit) => {
      expect(pixelMetrics(all, { auproLimit }).aupro).toBeCloseTo(sampledRegionOverlap(all, auproLimit), 10);
    }),
  );
});

test("a map that equals its mask is perfect", () => {
  const mask = [0, 0, 1, 1, 0, 0];
  const metrics = pixelMetrics([{ map: Float32Array.from(mask), mask, width: 3 }]);
  expect(metrics).toMatchObject({ auroc: 1, averagePrecision: 1, bestDice: { dice: 1, threshold: 0 }, aupro: 1 });
  expect(metrics).toMatchObject({ pixels: 6, abnormalPixels: 2 });
});

test("pixels that touch at a corner are one region; the end of a row does not touch the next", () => {
  const mask = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
    [0, 0, 1],
    [1, 0, 0],
  ].flat();
  expect(connectedRegions(mask, 3).map((region) => Array.from(region))).toEqual([[0, 4], [11], [12]]);
});

test("three million pixels take a few seconds of the processor at most", () => {
  const random = seededRandom(2);
  const [width, size] = [512, 512 * 512];
  const all = Array.from({ length: 12 }, () => {
    const mask = Uint8Array.from({ length: size }, (_, i) => (i % width < 40 && i < size / 8 ? 1 : 0));
    return { map: Float32Array.from(mask, (value) => 0.2 * value + random()), mask, width };
  });
  const start = process.cpuUsage();
  const metrics = pixelMetrics(all);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(5000);
  expect(metrics.auroc).toBeCloseTo(1 - 0.8 ** 2 / 2, 2); // Uniform scores shifted by 0.2.
});

test("sizes that disagree, NaN and masks of one class are refused", () => {
  const works = [
    () => pixelMetrics([{ map: [1, 2], mask: [0], width: 1 }]),
    () => pixelMetrics([{ map: [1, 2, 3], mask: [0, 1, 0], width: 2 }]),
    () => pixelMetrics([{ map: [1, Number.NaN], mask: [0, 1], width: 2 }]),
    () => pixelMetrics([{ map: [1, 2], mask: [0, 0], width: 2 }]),
    () => pixelMetrics([]),
    () => pixelMetrics([{ map: [1, 2], mask: [0, 1], width: 2 }], { auproLimit: 0 }),
  ];
  for (const work of works) expect(refusal(work)).toBe("STATISTIC_UNSUPPORTED");
});
