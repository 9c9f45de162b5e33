/** @file What is lesion in a mask is told once, for import, data sets and pictures alike. */
import type { Scan } from "@hale/imaging";
import { expect, test } from "vitest";
import { lesionOf, lesionPixels } from "./mask.ts";

const scan = (stored: Scan["stored"], more: Partial<Scan> = {}): Scan => ({
  format: "nifti",
  size: [stored.length, 1, 1],
  channels: 1,
  stored,
  range: [0, 1],
  modality: [{ kind: "linear", slope: 1, intercept: 0 }],
  unit: null,
  voi: [],
  whiteIsLow: false,
  affine: null,
  spacing: [null, null, null],
  ...more,
});
const lesions = (mask: Scan, voxels: number) => Array.from({ length: voxels }, (_, i) => lesionOf(mask)(i));

test("values above zero are lesion; zero, negative values and NaN are not", () => {
  expect(lesions(scan(Int16Array.of(-1, 0, 1, 255)), 4)).toEqual([false, false, true, true]);
  expect(lesions(scan(Float32Array.of(Number.NaN, -0.5, 0.5)), 3)).toEqual([false, false, true]);
});

test("values count after rescale, each slice by its own, and zero that rescaling has moved is zero", () => {
  const turned = scan(Int16Array.of(5, 10), { modality: [{ kind: "linear", slope: -1, intercept: 10 }] });
  expect(lesions(turned, 2)).toEqual([true, false]);
  const each = scan(Uint8Array.of(1, 1), {
    size: [1, 1, 2],
    modality: [
      { kind: "linear", slope: 1, intercept: -1 + 1e-9 },
      { kind: "linear", slope: 1, intercept: 0 },
    ],
  });
  expect(lesions(each, 2)).toEqual([false, true]);
  const table = scan(Uint8Array.of(0, 1), { modality: [{ kind: "table", first: 0, table: Uint16Array.of(7, 0) }] });
  expect(lesions(table, 2)).toEqual([true, false]);
});

test("in colours any channel counts", () => {
  expect(lesions(scan(Uint8Array.of(0, 0, 0, 0, 0, 1), { size: [2, 1, 1], channels: 3 }), 2)).toEqual([false, true]);
  const picture = {
    width: 2,
    height: 1,
    channels: 3 as const,
    maxValue: 255 as const,
    data: Uint8Array.of(0, 0, 0, 0, 0, 1),
  };
  expect([...lesionPixels(picture)]).toEqual([0, 1]);
});
