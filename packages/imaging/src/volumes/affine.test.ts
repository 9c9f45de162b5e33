import fc from "fast-check";
import { expect, test } from "vitest";
import {
  apply,
  determinant,
  IDENTITY,
  invert,
  isOrthogonal,
  isUsable,
  multiply,
  nearestRotation,
  scaleLengths,
  swapRasLps,
  voxelSizes,
} from "./affine.ts";

const close = (a: readonly number[], b: readonly number[], digits = 9) => {
  expect(a).toHaveLength(b.length);
  a.forEach((value, i) => {
    expect(value).toBeCloseTo(b[i], digits);
  });
};

/** Voxel sizes 2, 3, 4; turned by 90 degrees about z; shifted. */
const turned = [0, -3, 0, 10, 2, 0, 0, 20, 0, 0, 4, 30, 0, 0, 0, 1];
const number = fc.double({ min: -5, max: 5, noNaN: true });
const affine = fc
  .array(number, { minLength: 12, maxLength: 12 })
  .map((rows) => [...rows, 0, 0, 0, 1])
  .filter((a) => isUsable(a) && Math.abs(determinant(a)) > 0.1);

test("points, sizes and determinant of a known affine", () => {
  expect(apply(turned, [1, 2, 3])).toEqual([4, 22, 42]);
  expect(voxelSizes(turned)).toEqual([2, 3, 4]);
  expect(determinant(turned)).toBe(24);
  expect(voxelSizes(scaleLengths(turned, 1000))).toEqual([2000, 3000, 4000]);
  expect(apply(swapRasLps(turned), [1, 2, 3])).toEqual([-4, -22, 42]);
});

test("an affine times its inverse is the identity", () => {
  fc.assert(fc.property(affine, (a) => close(multiply(a, invert(a)), IDENTITY, 7)));
});

test("a product does the right one first", () => {
  fc.assert(
    fc.property(affine, affine, fc.tuple(number, number, number), (a, b, p) =>
      close(apply(multiply(a, b), p), apply(a, apply(b, p)), 9),
    ),
  );
});

test("the nearest rotation has columns of length 1 at right angles, and is the columns themselves where they are", () => {
  fc.assert(
    fc.property(affine, (a) => {
      const r = nearestRotation(a);
      expect(isOrthogonal(r, 1e-9)).toBe(true);
      close(voxelSizes(r), [1, 1, 1]);
    }),
  );
  close(nearestRotation(turned), [0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
});

test("sheared axes are not orthogonal; very thin voxels are usable, flat ones and NaN are not", () => {
  expect(isOrthogonal(turned)).toBe(true);
  expect(isOrthogonal([1, 0.001, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])).toBe(false);
  expect(isUsable([1e-9, 0, 0, 0, 0, 1e-9, 0, 0, 0, 0, 1e9, 0, 0, 0, 0, 1])).toBe(true);
  expect(isUsable([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])).toBe(false);
  expect(isUsable([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])).toBe(false);
  expect(isUsable([1, 0, 0, Number.NaN, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])).toBe(false);
});
