import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { otsuThreshold, quantileOf, tally, tallyAbove, tallyOfPairs } from "./quantiles.ts";

/** The same by sorting. */
function naive(values: readonly number[], share: number): number {
  const ascending = Float64Array.from(values).sort();
  const position = share * (ascending.length - 1);
  const [low, high] = [ascending[Math.floor(position)], ascending[Math.ceil(position)]];
  return low === high ? low : low + (position - Math.floor(position)) * (high - low);
}

describe("quantiles", () => {
  test("of a tally are those of the sorted values, counted or sorted", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const expected = naive(values, share);
          expect(quantileOf(tally(values), share)).toBe(expected + 0);
          const counted = tallyOfPairs(values.map((value) => [value, 1] as const));
          expect(quantileOf(counted, share)).toBe(expected + 0);
        },
      ),
    );
  });

  test("leave out what is not a number, and are NaN for nothing", () => {
    expect(quantileOf(tally([Number.NaN, 3, Number.POSITIVE_INFINITY, 5]), 0.5)).toBe(4);
    expect(tally([Number.NaN, 3, Number.POSITIVE_INFINITY, 5]).total).toBe(2);
    expect(quantileOf(tally([]), 0.5)).toBeNaN();
    expect(
      tallyOfPairs([
        [-0, 2],
        [0, 1],
      ]),
    ).toMatchObject({ total: 3, values: Float64Array.of(0) });
  });

  test("of a part above a value", () => {
    const above = tallyAbove(tally([1, 1, 2, 3, 3, 3]), 1);
    expect([above.total, quantileOf(above, 0), quantileOf(above, 1)]).toEqual([4, 2, 3]);
    expect(tallyAbove(tally([1, 1]), 1).total).toBe(0);
  });
});

describe("Otsu's threshold", () => {
  test("lies between two classes, also where a few samples are very bright", () => {
    const values = [...Array(4000).fill(0), ...Array(3000).fill(100), ...Array(3).fill(1e6)];
    const threshold = otsuThreshold(tally(values));
    expect(threshold).toBeGreaterThan(10);
    expect(threshold).toBeLessThan(90);
  });

  test("of one value leaves nothing above it", () => {
    expect(otsuThreshold(tally([7, 7, 7]))).toBe(7);
    expect(otsuThreshold(tally([]))).toBeNaN();
  });

  test("has the largest variance between its classes of all thresholds at the bins' edges", () => {
    const values = Array.from({ length: 2000 }, (_, i) => (i % 3 === 0 ? 40 : 10) + ((i * 7919) % 17));
    const found = tally(values);
    const between = (limit: number) => {
      const low = values.filter((value) => value <= limit);
      const high = values.filter((value) => value > limit);
      const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
      return low.length * high.length * (mean(low) - mean(high)) ** 2;
    };
    const best = Math.max(
      ...[...new Set(values)]
        .slice(0, -1)
        .map((value) => between(value))
        .filter(Number.isFinite),
    );
    expect(between(otsuThreshold(found))).toBeGreaterThan(0.999 * best);
  });
});
