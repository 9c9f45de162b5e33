/** @file The same scan as DICOM, as NIfTI and as MONOCHROME1 gives the same pictures, bit for bit. */
import { describe, expect, test } from "vitest";
import type { Normalisation } from "../volumes/normalise.ts";
import { axisCodes, reorient } from "../volumes/orientation.ts";
import type { Scan } from "../volumes/scan.ts";
import { type ScanInput, sliceScan } from "../volumes/slices.ts";
import { el, imageFile } from "./dicom/dicom-fixture.ts";
import { readDicom } from "./dicom/read.ts";
import { assembleSeries } from "./dicom/series.ts";
import { readNifti } from "./nifti/read.ts";
import { writeNifti } from "./nifti/write.ts";

const [COLUMNS, ROWS, SLICES] = [12, 10, 7];
/** Stored values: a bright ball off the middle, in noise. HU are half of them, minus 1024. */
const stored = Int16Array.from({ length: COLUMNS * ROWS * SLICES }, (_, at) => {
  const [i, j, k] = [at % COLUMNS, Math.floor(at / COLUMNS) % ROWS, Math.floor(at / (COLUMNS * ROWS))];
  const inside = Math.hypot(i - 7, j - 4, 2 * (k - 3)) < 4;
  return (inside ? 2100 + 13 * i - 9 * j + 17 * k : 30) + ((at * 7919) % 23);
});
const SPACING = [0.5, 0.75, 3] as const;
const ORIGIN = [-20, -15, 40] as const;

/** The series, in no order of files. `turn` takes each stored value from `highest`: what was high is low. */
async function asDicom(turn?: { photometric: string; highest: number }): Promise<Scan> {
  const area = COLUMNS * ROWS;
  const objects = await Promise.all(
    [4, 0, 6, 2, 1, 5, 3].map((k, file) => {
      const pixels = [...stored.subarray(k * area, (k + 1) * area)];
      const more = [
        el(0x00080018, "UI", `1.2.3.${k + 1}`),
        el(0x00080060, "CS", "CT"),
        el(0x00200032, "DS", [ORIGIN[0], ORIGIN[1], ORIGIN[2] + SPACING[2] * k].join("\\")),
        el(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
        el(0x00200052, "UI", "1.2.9"),
        el(0x00280030, "DS", `${SPACING[1]}\\${SPACING[0]}`),
        el(0x00281052, "DS", "-1024"),
        el(0x00281053, "DS", "0.5"),
      ];
      const own = turn ? pixels.map((value) => turn.highest - value) : pixels;
      const image = { rows: ROWS, columns: COLUMNS, signed: true, photometric: turn?.photometric, more };
      return readDicom(imageFile(own, image), `file-${file}.dcm`);
    }),
  );
  const { series, leftOut } = assembleSeries(objects);
  expect([series.length, leftOut]).toEqual([1, []]);
  expect(series[0].reason).toBeNull();
  return series[0].scan;
}

/** The same as NIfTI, stored the other way round; as int16 with a slope, or as float32 of what they mean. */
async function asNifti(codes: string, floats: boolean): Promise<Scan> {
  const straight = await asDicom();
  const turned = reorient(straight, codes);
  const meaning = { slope: 0.5, intercept: -1024 };
  const bytes = writeNifti(
    floats
      ? { size: turned.size, affine: turned.affine, data: Float32Array.from(turned.stored, (v) => 0.5 * v - 1024) }
      : { size: turned.size, affine: turned.affine, data: turned.stored, ...meaning },
    { gzip: true },
  );
  const [scan] = (await readNifti(bytes, "scan.nii.gz")).scans;
  expect(axisCodes(scan.affine!)).toBe(codes);
  return scan;
}

const WAYS: Normalisation[] = [
  { kind: "window", center: 20, width: 300 },
  { kind: "percentile", low: 0.5, high: 99.5, per: "volume", foreground: false },
  { kind: "percentile", low: 2, high: 97, per: "slice", foreground: false },
  { kind: "percentile", low: 1, high: 99, per: "volume", foreground: true },
];

function picturesOf(scan: Scan, normalisation: Normalisation, axis: "axial" | "coronal" | "sagittal", crop = true) {
  const input: ScanInput = {
    normalisation,
    slices: { axis, unit: "share", from: 0.1, to: 0.9 },
    leastForeground: 0.02,
    crop: crop ? { margin: 1 } : null,
    square: true,
  };
  const sliced = sliceScan(scan, input);
  return sliced.indices.map((index) => [index, sliced.picture(index).raster] as const);
}

describe("the same scan", () => {
  test.each(WAYS)("as DICOM and as NIfTI has the same slices, bit for bit: %o", async (way) => {
    const dicom = await asDicom();
    for (const [codes, floats] of [
      ["LPS", false],
      ["RAS", false],
      ["PIR", false],
      ["LAS", true],
      ["SAL", true],
    ] as const) {
      const nifti = await asNifti(codes, floats);
      for (const axis of ["axial", "coronal", "sagittal"] as const) {
        const pictures = picturesOf(dicom, way, axis);
        expect(pictures.length).toBeGreaterThan(2);
        expect(picturesOf(nifti, way, axis), `${codes} ${axis}`).toEqual(pictures);
      }
    }
  });

  test("as MONOCHROME1 looks as it does as MONOCHROME2", async () => {
    const plain = await asDicom();
    // Values that are low where the others are high, which the file says are meant to be white.
    const turned = await asDicom({ photometric: "MONOCHROME1", highest: -1 });
    expect([plain.whiteIsLow, turned.whiteIsLow]).toEqual([false, true]);
    for (const way of [
      { kind: "percentile", low: 0, high: 100, per: "volume", foreground: false },
      { kind: "percentile", low: 0, high: 100, per: "slice", foreground: true },
      { kind: "file" },
    ] as Normalisation[]) {
      const [one, two] = [picturesOf(plain, way, "coronal"), picturesOf(turned, way, "coronal")];
      expect(two.map(([index]) => index)).toEqual(one.map(([index]) => index));
      one.forEach(([, raster], i) => {
        expect(two[i][1].width).toBe(raster.width);
        expect(Math.max(...raster.data)).toBeGreaterThan(0);
        raster.data.forEach((value, at) => {
          // 1 - x is rounded once more.
          expect(two[i][1].data[at]).toBeCloseTo(value, 6);
        });
      });
    }
  });
});
