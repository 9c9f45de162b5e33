import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultNormalisation, type Normalisation, normaliser, ROBUST } from "./normalise.ts";
import { scanOf } from "./phantom-fixture.ts";
import { stackOf } from "./planes.ts";
import type { ModalityTransform, Scan } from "./scan.ts";

/** A row of values as a scan of one slice. */
const row = (values: readonly number[], changes: Partial<Scan> = {}, into: Parameters<typeof scanOf>[3] = Int16Array) =>
  scanOf([values.length, 1, 1], (i) => values[i], changes, into);

const sliceOf = (scan: Scan, chosen: Normalisation, index = 0) =>
  normaliser(scan, chosen).plane(stackOf(scan, "stored").plane(index));
const shares = (scan: Scan, chosen: Normalisation, index = 0) => [...sliceOf(scan, chosen, index).data];

describe("normalisation", () => {
  test("by full scale divides stored values as pictures are divided", () => {
    const values = Array.from({ length: 256 }, (_, i) => i);
    const eight = row(values, { range: [0, 255], modality: [{ kind: "linear", slope: 3, intercept: 9 }] }, Uint8Array);
    expect(shares(eight, { kind: "full-scale" })).toEqual(values.map((value) => Math.fround(value / 255)));
    const twelve = row([-2048, 0, 2047], { range: [-2048, 2047] });
    expect(shares(twelve, { kind: "full-scale" })).toEqual([0, Math.fround(2048 / 4095), 1]);
  });

  test("by a window follows PS3.3 C.11.2.1.2.1, after the modality transform", () => {
    // Stored values are HU + 1024: 2 HU a step around the window 40, 5.
    const hu = [-1000, 37, 38, 39, 40, 41, 42, 900];
    const scan = row(
      hu.map((value) => value + 1024),
      { modality: [{ kind: "linear", slope: 1, intercept: -1024 }] },
    );
    const window = { kind: "window", center: 40, width: 5 } as const;
    // y = ((x - (c - 0.5)) / (w - 1) + 0.5), 0 up to c - 0.5 - (w - 1) / 2 = 37.5, 1 above 41.5.
    const expected = hu.map((x) => (x <= 37.5 ? 0 : x > 41.5 ? 1 : Math.fround((x - 39.5) / 4 + 0.5)));
    expect(shares(scan, window)).toEqual(expected);
    expect(shares(scan, { ...window, width: 1 })).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(() => shares(scan, { ...window, width: 0.5 })).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });

  test("by the file takes each slice's own window or table, else the full range of meaningful values", () => {
    const table = { kind: "table", first: 10, table: Uint16Array.of(0, 100, 4095), maximum: 4095 } as const;
    expect(shares(row([5, 10, 11, 12, 90], { voi: [table] }), { kind: "file" })).toEqual(
      [0, 0, 100 / 4095, 1, 1].map(Math.fround),
    );
    const windows = [10, 20].map((center) => ({ kind: "window", shape: "linear-exact", center, width: 10 }) as const);
    const two = scanOf([1, 1, 2], () => 10, { voi: windows });
    expect([shares(two, { kind: "file" }, 0), shares(two, { kind: "file" }, 1)]).toEqual([[0.5], [0]]);
    const none = row([0, 50, 100], { range: [0, 100], modality: [{ kind: "linear", slope: -2, intercept: 7 }] });
    expect(shares(none, { kind: "file" })).toEqual([1, 0.5, 0]);
  });

  test("by the file walks through a modality table once for each transform, however many pixels there are", () => {
    let walks = 0;
    const counted = (top: number): ModalityTransform => {
      const table = Uint16Array.from({ length: 4096 }, (_, i) => Math.min(i, top));
      const iterate = table[Symbol.iterator].bind(table);
      Object.defineProperty(table, Symbol.iterator, {
        value: () => {
          walks++;
          return iterate();
        },
      });
      return { kind: "table", first: 0, table };
    };
    const scan = scanOf([64, 64, 2], (i, j) => i + 64 * j, { modality: [counted(4095), counted(1000)] });
    expect(shares(scan, { kind: "file" }, 0)[4095]).toBe(1);
    expect(shares(scan, { kind: "file" }, 1)[500]).toBe(0.5);
    const both = normaliser(scan, { kind: "file" });
    walks = 0;
    for (const slice of [0, 1, 0]) both.plane(stackOf(scan, "stored").plane(slice));
    expect(walks).toBe(2);
  });

  test("by percentiles is that of the sorted values, clipped; of the volume or of each slice", () => {
    const scan = scanOf([10, 10, 2], (i, j, k) => i + 10 * j + 1000 * k);
    const volume = { ...ROBUST, low: 10, high: 90 } as const;
    const ascending = Float64Array.from(scan.stored).sort();
    const at = (share: number) => {
      const position = share * 199;
      const low = ascending[Math.floor(position)];
      return low + (position % 1) * (ascending[Math.ceil(position)] - low);
    };
    const [low, high] = [at(0.1), at(0.9)];
    const expected = [...scan.stored.slice(0, 100)].map((v) =>
      Math.fround(Math.min(1, Math.max(0, (v - low) / (high - low)))),
    );
    expect(shares(scan, volume)).toEqual(expected);
    // Slices differ by their level only, so each by itself looks the same.
    const slice = { ...volume, per: "slice" } as const;
    expect(shares(scan, slice, 1)).toEqual(shares(scan, slice, 0));
    expect(shares(scan, volume, 1)).not.toEqual(shares(scan, volume, 0));
  });

  test("by percentiles of the foreground leaves the air out of account", () => {
    const scan = scanOf([10, 10, 1], (i, j) => (j < 8 ? 0 : 500 + i));
    const chosen = { ...ROBUST, low: 0, high: 100, foreground: true } as const;
    expect(shares(scan, chosen).slice(80, 90)).toEqual(Array.from({ length: 10 }, (_, i) => Math.fround(i / 9)));
    expect(shares(scan, { ...chosen, foreground: false })[80]).toBeGreaterThan(0.9);
  });

  test("turns what is white when low, so that a scan looks the same however it is stored", () => {
    const values = [0, 10, 20, 35, 50];
    for (const chosen of [
      { kind: "full-scale" },
      { ...ROBUST, low: 0, high: 100 },
      { ...ROBUST, low: 0, high: 100, foreground: true },
      { kind: "file" },
      { kind: "window", center: 25.5, width: 51 },
    ] as Normalisation[]) {
      const low = row(
        values.map((v) => 50 - v),
        { whiteIsLow: true, range: [0, 50] },
      );
      const high = row(values, { range: [0, 50] });
      shares(low, chosen).forEach((share, i) => {
        expect(share, chosen.kind).toBeCloseTo(shares(high, chosen)[i], 6);
      });
    }
  });

  test("gives 0 for an image of one value, and never what is not a number", () => {
    for (const whiteIsLow of [false, true]) {
      for (const chosen of [
        ROBUST,
        { ...ROBUST, per: "slice", foreground: true },
        { kind: "file" },
        { kind: "full-scale" },
      ]) {
        const flat = row([7, 7, 7], { whiteIsLow, range: [7, 7] });
        expect(shares(flat, chosen as Normalisation)).toEqual([0, 0, 0]);
      }
    }
    const odd = row([Number.NaN, 1, 2, Number.POSITIVE_INFINITY, 3], { range: [1, 3] }, Float32Array);
    for (const kind of ["full-scale", "file"] as const) {
      expect(sliceOf(odd, { kind })).toEqual({ data: Float32Array.of(0, 0, 0.5, 0, 1), notNumbers: 2 });
    }
    const all = row([Number.NaN, Number.NaN], { range: [0, 0] }, Float32Array);
    expect(sliceOf(all, ROBUST)).toEqual({ data: new Float32Array(2), notNumbers: 2 });
  });

  test("does not depend on the type that values are stored in, nor on their order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 60 }), (values) => {
        for (const foreground of [false, true]) {
          const chosen = { ...ROBUST, low: 3, high: 96, foreground };
          const int = shares(row(values), chosen);
          expect(shares(row(values, {}, Float64Array), chosen)).toEqual(int);
          expect(shares(row(values, {}, Uint8Array), chosen)).toEqual(int);
          expect(shares(row([...values].reverse()), chosen).reverse()).toEqual(int);
        }
      }),
    );
  });

  test("keeps the little that differs where nearly all is one value", () => {
    const values = Array.from({ length: 2000 }, (_, i) => (i === 5 ? 9 : 1));
    expect(shares(row(values), ROBUST)[5]).toBe(1);
  });

  test("has a default for each kind of scan", () => {
    const ct = row([0], { format: "dicom", unit: "HU" });
    expect(defaultNormalisation(ct)).toEqual({ kind: "window", center: 40, width: 400 });
    const voi = [{ kind: "window", shape: "linear", center: -600, width: 1500 } as const];
    expect(defaultNormalisation({ ...ct, voi })).toEqual({ kind: "window", center: -600, width: 1500 });
    expect(defaultNormalisation(row([0], { format: "dicom", affine: null }))).toEqual({ kind: "file" });
    expect(defaultNormalisation(row([0], { format: "dicom" }))).toEqual(ROBUST);
    expect(defaultNormalisation(row([0]))).toEqual(ROBUST);
    expect(defaultNormalisation(row([0], { format: "png", picture: true }))).toEqual({ kind: "full-scale" });
  });

  test("of colour is its full scale, whatever is asked for", () => {
    const scan = { ...row([0]), stored: Uint8Array.of(255, 0, 51), channels: 3, range: [0, 255] } as Scan;
    expect(shares(scan, ROBUST)).toEqual([1, 0, Math.fround(0.2)]);
  });
});
