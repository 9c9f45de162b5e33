import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { connectedRegions } from "./connect.ts";
import { piecesByLabel, sizesOf } from "./picture-fixture.ts";

/** A labelling drawn with one digit a pixel. */
const drawn = (rows: string[]) => [...rows.join("")].map(Number);
const regions = (rows: string[], smallest: number) => {
  const { labels } = connectedRegions(drawn(rows), rows[0].length, rows.length, smallest);
  return rows.map((row, y) => labels.slice(y * row.length, (y + 1) * row.length).join(""));
};

describe("connected regions", () => {
  test("pieces of one label become regions of their own, numbered in scan order", () => {
    expect(regions(["7711", "7717", "1177"], 0)).toEqual(["0011", "0012", "3322"]);
  });

  test("a corner does not connect", () => {
    expect(regions(["12", "21"], 0)).toEqual(["01", "23"]);
  });

  test("the two ends of neighbouring rows do not connect", () => {
    expect(regions(["112", "233"], 0)).toEqual(["001", "233"]);
  });

  test("a small piece joins the region above it, or in the top row the one left of it", () => {
    expect(regions(["1112", "1122", "1322"], 2)).toEqual(["0001", "0011", "0011"]);
    expect(regions(["1132", "1122"], 2)).toEqual(["0001", "0011"]);
  });

  test("a small piece at the origin joins what comes next", () => {
    expect(regions(["122", "222"], 2)).toEqual(["000", "000"]);
    expect(regions(["1223", "2223"], 2)).toEqual(["0001", "0001"]);
  });

  test("a chain of small pieces ends in one region", () => {
    expect(regions(["1123456", "1111111"], 2)).toEqual(["0000000", "0000000"]);
    // From the origin on: together the first three are large enough to stay.
    expect(regions(["123999", "999999"], 3)).toEqual(["000111", "111111"]);
  });

  test("a picture of small pieces alone is one region", () => {
    expect(regions(["12", "34"], 100)).toEqual(["00", "00"]);
    expect(regions(["1"], 100)).toEqual(["0"]);
  });

  test("whatever the labels, regions are connected, large enough and without holes", () => {
    const labelling = fc
      .record({ width: fc.integer({ min: 1, max: 14 }), height: fc.integer({ min: 1, max: 14 }) })
      .chain(({ width, height }) =>
        fc.record({
          width: fc.constant(width),
          height: fc.constant(height),
          labels: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: width * height, maxLength: width * height }),
          smallest: fc.integer({ min: 0, max: 12 }),
        }),
      );
    fc.assert(
      fc.property(labelling, ({ width, height, labels, smallest }) => {
        const result = connectedRegions(labels, width, height, smallest);
        expect(piecesByLabel(result, width)).toEqual(new Array(result.count).fill(1));
        if (result.count > 1) expect(Math.min(...sizesOf(result))).toBeGreaterThanOrEqual(Math.max(1, smallest));
        const order = [...new Set(result.labels)];
        expect(order).toEqual(order.map((_, i) => i));
        // Merging never splits: what was one piece still is.
        for (let p = 1; p < labels.length; p++) {
          if (p % width > 0 && labels[p] === labels[p - 1]) expect(result.labels[p]).toBe(result.labels[p - 1]);
        }
      }),
      { numRuns: 200, seed: 5 },
    );
  });
});
