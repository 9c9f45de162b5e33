import { HaleError } from "@hale/core";
import fc from "fast-check";
import { gunzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { determinant, isUsable, multiply, nearestRotation } from "../../volumes/affine.ts";
import type { Samples } from "../../volumes/scan.ts";
import { readNifti } from "./read.ts";
import { writeNifti } from "./write.ts";

const affine = [0.5, 0, 0, -17, 0, 1.5, 0, 23, 0, 0, 3, -41.5, 0, 0, 0, 1];
const size = [3, 2, 4] as const;
const values = Array.from({ length: 24 }, (_, i) => i * 5 - 60);

describe.each(
  [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array].map(
    (array) => [array.name, array.from(values)] as [string, Samples],
  ),
)("%s", (_, data) => {
  test.each([true, false])("read back exactly, gzip %s", async (gzip) => {
    const bytes = writeNifti({ size, data, affine, slope: 2, intercept: -1 }, { gzip });
    const file = await readNifti(bytes, "a.nii");
    expect(file.stored).toEqual(data);
    expect(file.shape).toEqual([3, 2, 4]);
    expect(file.scans[0]).toMatchObject({ size: [3, 2, 4], affine, spacing: [0.5, 1.5, 3] });
    expect(file.scans[0].modality).toEqual([{ kind: "linear", slope: 2, intercept: -1 }]);
    expect([file.qformCode, file.sformCode]).toEqual([1, 1]);
    expect(writeNifti({ size, data, affine, slope: 2, intercept: -1 }, { gzip })).toEqual(bytes);
  });
});

test("a window of a larger array is written alone", async () => {
  const data = Int16Array.from(values);
  const file = await readNifti(writeNifti({ size: [2, 2, 2], data: data.subarray(8, 16), affine }), "a.nii");
  expect(file.stored).toEqual(data.slice(8, 16));
});

test("colours are written as RGB24", async () => {
  const data = Uint8Array.from(values.slice(0, 24));
  const file = await readNifti(writeNifti({ size: [2, 2, 2], channels: 3, data, affine }), "a.nii");
  expect(file).toMatchObject({ datatype: "rgb24", stored: data });
});

/** Of the proper rotation in an affine. */
function trace(affine: readonly number[]): number {
  const u = nearestRotation(affine);
  return u[0] + u[5] + u[10] * Math.sign(determinant(affine));
}

test("qform says what sform says, for every rotation and mirror; sheared axes have no qform", async () => {
  const number = fc.double({ min: -1, max: 1, noNaN: true });
  const matrices = fc
    .array(number, { minLength: 9, maxLength: 9 })
    .map(([a, b, c, d, e, f, g, h, i]) => [a, b, c, 0, d, e, f, 0, g, h, i, 0, 0, 0, 0, 1])
    .filter((a) => isUsable(a) && Math.abs(determinant(a)) > 0.01);
  await fc.assert(
    fc.asyncProperty(matrices, async (matrix) => {
      const scaled = multiply(nearestRotation(matrix), [0.7, 0, 0, 0, 0, 1.3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1]);
      scaled[3] = 12.5;
      const bytes = writeNifti({ size, data: Uint8Array.from(values), affine: scaled });
      const { affineRas, qformCode } = await readNifti(bytes, "a.nii");
      // Within 0.1 degrees of half a turn float32 may lose the tilt; then there is no qform.
      const a = Math.sqrt(Math.max(0, 1 + trace(affineRas!))) / 2;
      if (a === 0 || a > 1e-3) expect(qformCode).toBe(1);
      if (qformCode === 0) return;
      new DataView(bytes.buffer).setInt16(254, 0, true);
      const byQform = (await readNifti(bytes, "a.nii")).affineRas!;
      byQform.forEach((value, i) => {
        expect(Math.abs(value - affineRas![i])).toBeLessThan(5e-4);
      });
    }),
    { numRuns: 300 },
  );
  const sheared = [1, 0.1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const file = await readNifti(writeNifti({ size, data: Uint8Array.from(values), affine: sheared }), "a.nii");
  expect([file.qformCode, file.sformCode]).toEqual([0, 1]);
  expect(file.scans[0].affine![1]).toBeCloseTo(0.1, 6);
});

test("no affine is written as none, with its spacing", async () => {
  const bytes = writeNifti({ size, data: Uint8Array.from(values), affine: null, spacing: [2, 3, null] });
  const file = await readNifti(bytes, "a.nii");
  expect(file.affineRas).toBeNull();
  expect(file.scans[0].spacing).toEqual([2, 3, 1]);
});

test("gzip carries neither time nor name, and the description is plain and cut", () => {
  const data = Uint8Array.from(values);
  const bytes = writeNifti({ size, data, affine, description: `anomaly\nmäp ${"x".repeat(100)}` }, { gzip: true });
  expect([...bytes.subarray(0, 8)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
  const plain = gunzipSync(bytes);
  expect(String.fromCharCode(...plain.subarray(148, 160))).toBe("anomaly?m?p ");
  expect(plain[148 + 79]).toBe(0);
});

test("what does not fit together is refused", () => {
  const data = Uint8Array.from(values);
  const code = (volume: Parameters<typeof writeNifti>[0]) => {
    try {
      writeNifti(volume);
    } catch (error) {
      expect(error).toBeInstanceOf(HaleError);
      return (error as HaleError).code;
    }
    return "written";
  };
  expect(code({ size: [3, 2, 5], data, affine })).toBe("SHAPE_MISMATCH");
  expect(code({ size: [0, 2, 5], data: new Uint8Array(0), affine })).toBe("SHAPE_MISMATCH");
  expect(code({ size: [2, 2, 2], channels: 3, data: Int16Array.from(values), affine })).toBe("SHAPE_MISMATCH");
  expect(code({ size, data, affine: affine.map(() => 0) })).toBe("OPTION_INVALID");
  expect(code({ size, data, affine: affine.with(3, Number.NaN) })).toBe("OPTION_INVALID");
  expect(code({ size, data, affine, slope: 0 })).toBe("OPTION_INVALID");
  expect(code({ size, data, affine, intercept: Number.NaN })).toBe("OPTION_INVALID");
  expect(code({ size: [32767, 1, 1], data: new Uint8Array(32767), affine })).toBe("written");
  expect(code({ size: [32768, 1, 1], data: new Uint8Array(32768), affine })).toBe("IMAGE_TOO_LARGE");
});
