import { describe, expect, test } from "vitest";
import { readNifti } from "../formats/nifti/read.ts";
import { writeNifti } from "../formats/nifti/write.ts";
import { axisCodes, axisSources, reorient } from "./orientation.ts";
import type { Affine, Scan } from "./scan.ts";
import { ALL_CODES, canonicalScan, storedAs } from "./scan-fixture.ts";

const straight: Affine = [0.5, 0, 0, -17, 0, 1.5, 0, 23, 0, 0, 3, -41.5, 0, 0, 0, 1];
const [c, s] = [Math.cos(0.35), Math.sin(0.35)];
/** Turned by 20 degrees about x, then sheared a little, as a tilted gantry does. */
const oblique: Affine = [0.5, 0.02, 0, -17, 0, 1.5 * c, -3 * s, 23, 0, 1.5 * s, 3 * c, -41.5, 0, 0, 0, 1];

function expectSame(scan: Scan, canonical: Scan, digits: number) {
  expect(scan.size).toEqual(canonical.size);
  expect(scan.stored).toEqual(canonical.stored);
  scan.affine!.forEach((value, i) => {
    expect(value).toBeCloseTo(canonical.affine![i], digits);
  });
  scan.spacing.forEach((value, i) => {
    expect(value).toBeCloseTo(canonical.spacing[i]!, digits);
  });
}

test("there are 48 orders and directions", () => {
  expect(new Set(ALL_CODES).size).toBe(48);
});

describe.each([
  ["straight", straight],
  ["oblique", oblique],
])("one asymmetric volume, %s, stored in all 48 orientations", (_, affine) => {
  const canonical = canonicalScan([3, 4, 5], affine);

  test.each(ALL_CODES)("%s comes out of reorient the same, bit for bit", (codes) => {
    const stored = storedAs(canonical, codes);
    expect(axisCodes(stored.affine!)).toBe(codes);
    expectSame(reorient(stored), canonical, 10);
    expect(reorient(canonical, codes)).toEqual({ ...stored, affine: expect.anything() });
  });

  test.each(ALL_CODES)("%s comes out of a NIfTI file the same", async (codes) => {
    const stored = storedAs(canonical, codes);
    const bytes = writeNifti({ size: stored.size, data: stored.stored, affine: stored.affine }, { gzip: true });
    const [scan] = (await readNifti(bytes, codes)).scans;
    expect(axisCodes(scan.affine!)).toBe(codes);
    expectSame(reorient(scan), canonical, 5);
  });
});

test("colours move together", () => {
  const rgb = Uint8Array.from({ length: 3 * 24 }, (_, i) => i);
  const canonical = { ...canonicalScan([2, 3, 4], straight, rgb), channels: 3 as const };
  for (const codes of ALL_CODES) expect(reorient(storedAs(canonical, codes)).stored).toEqual(rgb);
});

test("a scan that lies right is returned as it is", () => {
  const canonical = canonicalScan([3, 4, 5], straight);
  expect(reorient(canonical)).toBe(canonical);
});

test("ties choose the first axis: 45 degrees about z", () => {
  const h = Math.SQRT1_2;
  expect(axisCodes([h, -h, 0, 0, h, h, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])).toBe("LPS");
  expect(axisCodes([h, h, 0, 0, -h, h, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])).toBe("LPS");
});

test("what is said slice by slice goes with the slices, or is refused where it cannot", () => {
  const modality = [1, 2, 3, 4, 5].map((slope) => ({ kind: "linear" as const, slope, intercept: 0 }));
  const scan = { ...canonicalScan([3, 4, 5], straight), modality };
  expect(reorient(scan, "RAI").modality).toEqual([...modality].reverse());
  expect(reorient(scan, "PLS").modality).toEqual(modality);
  expect(() => reorient(scan, "SPL")).toThrow(/differ in what their values mean/);
  const alike = modality.map(() => ({ kind: "linear" as const, slope: 2, intercept: 1 }));
  expect(reorient({ ...scan, modality: alike }, "SPL").modality).toEqual([alike[0]]);
});

test("letters that name no three axes, and scans without a place, are refused", () => {
  const scan = canonicalScan([3, 4, 5], straight);
  for (const codes of ["LPL", "LRS", "LP", "LPSS", "lps", "XYZ", ""]) {
    expect(() => axisSources(scan, codes), codes).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  }
  expect(() => reorient({ ...scan, affine: null })).toThrow(expect.objectContaining({ code: "IMAGE_UNSUPPORTED" }));
});
