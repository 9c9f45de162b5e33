import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanOf } from "./phantom-fixture.ts";
import { SLICE_AXES, stackOf } from "./planes.ts";
import type { Scan } from "./scan.ts";
import { frameOf, putBack, type ScanInput, selectSlices, sliceScan } from "./slices.ts";

const input: ScanInput = {
  normalisation: { kind: "percentile", low: 0, high: 100, per: "volume", foreground: false },
  slices: { axis: "axial", unit: "share", from: 0, to: 1 },
  leastForeground: 0,
  crop: null,
  square: false,
};

/** The patient as a formula: a number for every place, in millimetres of LPS. */
const patient = (x: number, y: number, z: number) => 3 * x + 50 * y + 700 * z;

/** All 48 ways to store a box of 4 × 3 × 5 mm: stored axis i runs along patient axis order[i], or against it. */
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];
const LENGTHS = [4, 3, 5];
function storedAs(order: readonly number[], turned: readonly boolean[]): Scan {
  const affine = new Array<number>(16).fill(0);
  affine[15] = 1;
  order.forEach((axis, i) => {
    affine[4 * axis + i] = turned[i] ? -1 : 1;
    affine[4 * axis + 3] = turned[i] ? LENGTHS[axis] - 1 : 0;
  });
  const size = order.map((axis) => LENGTHS[axis]) as [number, number, number];
  const at = (index: number[]) =>
    [0, 1, 2].map(
      (axis) =>
        affine[4 * axis] * index[0] +
        affine[4 * axis + 1] * index[1] +
        affine[4 * axis + 2] * index[2] +
        affine[4 * axis + 3],
    );
  return scanOf(size, (i, j, k) => patient(...(at([i, j, k]) as [number, number, number])), { affine });
}
const every48 = ORDERS.flatMap((order) =>
  Array.from({ length: 8 }, (_, bits) =>
    storedAs(
      order,
      [0, 1, 2].map((i) => ((bits >> i) & 1) === 1),
    ),
  ),
);

describe("slices", () => {
  test("of one patient are the same in all 48 orientations, right way up", () => {
    expect(new Set(every48.map((scan) => `${scan.size} ${scan.affine}`)).size).toBe(48);
    for (const axis of ["axial", "coronal", "sagittal"] as const) {
      const selection = { ...input, slices: { ...input.slices, axis } };
      const first = sliceScan(every48[0], selection);
      const pictures = first.indices.map((index) => first.picture(index).raster);
      for (const scan of every48) {
        const sliced = sliceScan(scan, selection);
        expect(sliced.indices.map((index) => sliced.picture(index).raster)).toEqual(pictures);
      }
    }
    const raw = (axis: "axial" | "coronal" | "sagittal", column: number, row: number, slice: number) => {
      const { start, columnStep, rowStep } = stackOf(every48[37], axis).plane(slice);
      return every48[37].stored[start + column * columnStep + row * rowStep];
    };
    // Axial: columns to the Left, rows to Posterior, slices upwards; up is up in the others.
    expect(raw("axial", 2, 1, 4)).toBe(patient(2, 1, 4));
    expect(raw("coronal", 2, 0, 1)).toBe(patient(2, 1, 4));
    expect(raw("sagittal", 1, 0, 2)).toBe(patient(2, 1, 4));
  });

  test("of an oblique scan are named by the axis that they are nearest to", () => {
    const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
    const tilted = scanOf([4, 3, 5], (i, j, k) => patient(i, j, k), {
      affine: [1, 0, 0, 9, 0, c, -s, 9, 0, s, c, 9, 0, 0, 0, 1],
    });
    expect(stackOf(tilted, "axial").plane(2)).toEqual(stackOf(every48[0], "axial").plane(2));
  });

  test("of a scan that lies nowhere are only those that are stored", () => {
    const frames = scanOf([4, 4, 3], (i, _j, k) => i + k, { affine: null });
    expect(() => stackOf(frames, "axial", "a.dcm")).toThrow(/a\.dcm does not say how it lies.*as they are stored/);
    expect(stackOf(frames, "stored").count).toBe(3);
    // One image is one image, whatever axis is asked for.
    const single = scanOf([4, 4, 1], (i) => i, { affine: null });
    expect(sliceScan(single, { ...input, slices: { axis: "axial", unit: "index", from: 40, to: 50 } }).indices).toEqual(
      [0],
    );
    expect(() => stackOf(frames, "stored").plane(3)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });

  test("are taken by share or by number, both ends included", () => {
    expect(selectSlices(10, { axis: "axial", unit: "share", from: 0.2, to: 0.8 })).toEqual([2, 3, 4, 5, 6, 7]);
    expect(selectSlices(10, { axis: "axial", unit: "index", from: 8, to: 30 })).toEqual([8, 9]);
    expect(selectSlices(3, null)).toEqual([0, 1, 2]);
    for (const [unit, from, to] of [
      ["share", 0.5, 0.2],
      ["share", 0, 2],
      ["index", 1.5, 3],
      ["index", -1, 3],
    ] as const) {
      expect(() => selectSlices(5, { axis: "axial", unit, from, to })).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      );
    }
  });

  /** A bright ball of radius 5 in a box of 32 × 24 × 20. */
  const ball = scanOf(
    [32, 24, 20],
    (i, j, k) => (Math.hypot(i - 12, j - 10, k - 9) <= 5 ? 900 + i : 10 + ((i + j) % 3)),
    {
      spacing: [1, 1, 1],
    },
  );

  test("without foreground are skipped, and a volume without any is refused", () => {
    expect(sliceScan(ball, { ...input, leastForeground: 0.01 }).indices).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(() => sliceScan(ball, { ...input, leastForeground: 0.9 }, "b.nii")).toThrow(
      /b\.nii has 20 axial slices, of which none/,
    );
  });

  test("are cropped to the box around the foreground of all slices, with a margin in millimetres", () => {
    expect(sliceScan(ball, { ...input, crop: { margin: 0 } }).frame).toMatchObject({
      left: 7,
      top: 5,
      width: 11,
      height: 11,
    });
    const wide = { ...ball, spacing: [2, 1, 1] as const };
    expect(sliceScan(wide, { ...input, crop: { margin: 3 } }).frame).toMatchObject({
      left: 5,
      top: 2,
      width: 15,
      height: 17,
    });
    const dark = { ...ball, whiteIsLow: true, stored: Int16Array.from(ball.stored, (v) => 1000 - v) };
    expect(sliceScan(dark, { ...input, crop: { margin: 0 } }).frame).toMatchObject({
      left: 7,
      top: 5,
      width: 11,
      height: 11,
    });
    const flat = scanOf([4, 4, 4], () => 3);
    expect(sliceScan(flat, { ...input, crop: { margin: 0 } }).frame).toMatchObject({ width: 4, height: 4 });
  });

  test("are padded to squares in millimetres, evenly and with black", () => {
    const scan = scanOf([4, 6, 1], () => 5, { spacing: [2, 1, 1], range: [0, 5] });
    const { frame, picture } = sliceScan(scan, { ...input, normalisation: { kind: "full-scale" }, square: true });
    // 8 mm across 6 mm: two rows are missing.
    expect(frame).toMatchObject({ fullWidth: 4, fullHeight: 8, padTop: 1, padLeft: 0 });
    const { data } = picture(0).raster;
    expect([...data.slice(0, 5)]).toEqual([0, 0, 0, 0, 1]);
    expect([...data.slice(-5)]).toEqual([1, 0, 0, 0, 0]);
    const unknown = { ...scan, spacing: [null, null, null] as const };
    // Pixels three times as high as wide: 4 x 18.
    expect(sliceScan({ ...unknown, pixelAspect: 3 }, { ...input, square: true }).frame).toMatchObject({
      padLeft: 7,
      padTop: 0,
      fullWidth: 18,
      fullHeight: 6,
    });
    expect(sliceScan(unknown, { ...input, square: true }).frame).toMatchObject({
      fullWidth: 6,
      fullHeight: 6,
      padLeft: 1,
    });
    const needle = { ...scan, spacing: [5000, 1, 1] as const };
    expect(() => sliceScan(needle, { ...input, square: true })).toThrow(
      expect.objectContaining({ code: "IMAGE_UNSUPPORTED" }),
    );
  });

  test("give maps that come back to their own voxels, whatever the orientation, crop and padding", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 47 }),
        fc.constantFrom(...SLICE_AXES),
        fc.nat(2),
        fc.nat(2),
        (which, axis, left, top) => {
          const scan = every48[which];
          const stack = stackOf(scan, axis);
          const box = {
            left: Math.min(left, stack.width - 1),
            top: Math.min(top, stack.height - 1),
            width: 1,
            height: 2,
          };
          box.height = Math.min(2, stack.height - box.top);
          const frame = frameOf(stack, box, true);
          const grid = new Float32Array(scan.stored.length).fill(-1);
          const sliced = sliceScan(scan, { ...input, slices: { ...input.slices, axis } });
          for (let index = 0; index < stack.count; index++) {
            const plane = stack.plane(index);
            // The map of a slice at the picture's own size: its stored values, so that each voxel must get its own back.
            const map = new Float32Array(frame.fullWidth * frame.fullHeight);
            for (let y = 0; y < frame.height; y++) {
              for (let x = 0; x < frame.width; x++) {
                const voxel = plane.start + (frame.left + x) * plane.columnStep + (frame.top + y) * plane.rowStep;
                map[(frame.padTop + y) * frame.fullWidth + frame.padLeft + x] = scan.stored[voxel];
              }
            }
            putBack(grid, plane, frame, map, frame.fullWidth, frame.fullHeight);
          }
          expect(sliced.stack.count).toBe(stack.count);
          const back = [...grid].filter((value) => value >= 0);
          expect(back.length).toBe(frame.width * frame.height * stack.count);
          grid.forEach((value, voxel) => {
            if (value >= 0) expect(value).toBe(scan.stored[voxel]);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
