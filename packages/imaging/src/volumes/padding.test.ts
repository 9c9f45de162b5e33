/** @file Padding is no value: left out of percentiles, range and foreground, however it is declared, as NaN is. */
import { describe, expect, test } from "vitest";
import { el, imageFile, type Spec } from "../formats/dicom/dicom-fixture.ts";
import { readDicom } from "../formats/dicom/read.ts";
import { assembleSeries } from "../formats/dicom/series.ts";
import { normaliser, ROBUST } from "./normalise.ts";
import { scanOf } from "./phantom-fixture.ts";
import { stackOf } from "./planes.ts";
import type { Scan } from "./scan.ts";
import { sliceScan } from "./slices.ts";

const VALUES = [100, 200, 300, 400, 500, 600];
const read = async (pixels: number[], more: Spec[], options = {}) =>
  (await readDicom(imageFile(pixels, { columns: 8, rows: 1, signed: true, ...options, more }), "a.dcm")).scan;
const shown = (scan: Scan, normalisation: Parameters<typeof normaliser>[1] = ROBUST) => {
  const made = normaliser(scan, normalisation);
  return { ...made.plane(stackOf(scan, "stored").plane(0)), foreground: made.foreground() };
};
const alone = (scan: Scan): Scan => ({
  ...scan,
  size: [6, 1, 1],
  stored: Int16Array.from(VALUES),
  padding: undefined,
});

describe("padding of a DICOM file", () => {
  test.each<[string, number[], Spec[]]>([
    ["a value", [-32768, -32768], [el(0x00280120, "SS", [-32768])]],
    ["a value that is written as unsigned", [-2000, -2000], [el(0x00280120, "US", [63536])]],
    ["a range", [-32768, -1000], [el(0x00280120, "SS", [-1000]), el(0x00280121, "SS", [-32768])]],
    ["a range that ascends", [1000, 1200], [el(0x00280120, "SS", [999]), el(0x00280121, "SS", [1200])]],
  ])("%s changes nothing for the others, and is background", async (_, pads, more) => {
    const scan = await read([...pads, ...VALUES], more);
    const expected = shown(alone(scan));
    for (const normalisation of [ROBUST, { ...ROBUST, per: "slice" as const }, { ...ROBUST, foreground: true }]) {
      const { data, notNumbers } = shown(scan, normalisation);
      expect([...data.subarray(2)]).toEqual([...shown(alone(scan), normalisation).data]);
      expect([...data.subarray(0, 2), notNumbers]).toEqual([0, 0, 0]);
    }
    expect(shown(scan).foreground).toBe(expected.foreground);
    // Black where low values are white, too.
    expect([...shown({ ...scan, whiteIsLow: true }).data.subarray(0, 2)]).toEqual([0, 0]);
    expect([...shown(scan, { kind: "full-scale" }).data.subarray(0, 2)]).toEqual([0, 0]);
  });

  test("without the element the same values count", async () => {
    const scan = await read([-32768, -32768, ...VALUES], []);
    expect(shown(scan).data[2]).toBeGreaterThan(0.9);
  });

  test("each slice has its own, in a series and turned round", async () => {
    const at = (z: number, pad: number) => [
      el(0x00080018, "UI", `1.2.${z + 1}`),
      el(0x00200032, "DS", `0\\0\\${z}`),
      el(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
      el(0x00280030, "DS", "1\\1"),
      el(0x00280120, "SS", [pad]),
    ];
    const objects = await Promise.all(
      [-5, -6].map((pad, z) =>
        readDicom(imageFile([pad, pad, ...VALUES], { columns: 8, rows: 1, signed: true, more: at(z, pad) }), `${z}`),
      ),
    );
    const [{ scan }] = assembleSeries(objects).series;
    expect(scan.padding).toEqual([
      { low: -5, high: -5 },
      { low: -6, high: -6 },
    ]);
    const made = normaliser(scan, ROBUST);
    for (const k of [0, 1])
      expect([...made.brightness(stackOf(scan, "stored").plane(k)).subarray(0, 2)]).toEqual([NaN, NaN]);
  });
});

describe("a scan without a number", () => {
  const input = {
    normalisation: ROBUST,
    slices: { axis: "axial", unit: "share", from: 0, to: 1 },
    leastForeground: 0,
    crop: null,
    square: false,
  } as const;

  test("is refused, whether it is NaN or padding throughout", async () => {
    const nan = scanOf([3, 2, 2], () => 0);
    expect(() => sliceScan({ ...nan, stored: new Float32Array(12).fill(Number.NaN) }, input, "a.nii")).toThrow(
      /a\.nii shows nothing/,
    );
    const padded = await read(new Array(8).fill(-7), [el(0x00280120, "SS", [-7])]);
    expect(() => sliceScan(padded, input)).toThrow(/shows nothing/);
    expect(() => sliceScan(nan, input)).not.toThrow();
  });
});
