import { HaleError } from "@hale/core";
import { expect, test } from "vitest";
import { type FixtureOptions, niftiBytes } from "./nifti-fixture.ts";
import { readNifti } from "./read.ts";

const read = (options: FixtureOptions) => readNifti(niftiBytes(options), "scan.nii");
const qform = { sformCode: 0, qformCode: 1 };
const close = (a: readonly number[] | null, b: readonly number[], digits = 5) => {
  b.forEach((value, i) => {
    expect(a![i], `${i}`).toBeCloseTo(value, digits);
  });
};

test("NIfTI's Right and Anterior become Left and Posterior", async () => {
  const { scans, affineRas } = await read({ srows: [2, 0, 0, -10, 0, 3, 0, 20, 0, 0, 4, 30] });
  expect(affineRas).toEqual([2, 0, 0, -10, 0, 3, 0, 20, 0, 0, 4, 30, 0, 0, 0, 1]);
  expect(scans[0].affine).toEqual([-2, 0, 0, 10, 0, -3, 0, -20, 0, 0, 4, 30, 0, 0, 0, 1]);
  expect(scans[0].spacing).toEqual([2, 3, 4]);
});

test("sform wins over a qform that says otherwise; qform counts alone", async () => {
  const both = { qformCode: 1, quaternion: [0, 0, 1, 7, 8, 9], pixdim: [1, 5, 6, 7] };
  expect((await read(both)).affineRas).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  // Half a turn about z: x and y go the other way.
  close((await read({ ...both, sformCode: 0 })).affineRas, [-5, 0, 0, 7, 0, -6, 0, 8, 0, 0, 7, 9]);
});

test("a quarter turn about each axis, and qfac", async () => {
  const h = Math.SQRT1_2;
  const pixdim = [1, 2, 3, 4];
  const of = async (quaternion: number[], qfac = 1) =>
    (await read({ ...qform, quaternion: [...quaternion, 0, 0, 0], pixdim: [qfac, ...pixdim.slice(1)] })).affineRas;
  close(await of([h, 0, 0]), [2, 0, 0, 0, 0, 0, -4, 0, 0, 3, 0, 0]);
  close(await of([0, h, 0]), [0, 0, 4, 0, 0, 3, 0, 0, -2, 0, 0, 0]);
  close(await of([0, 0, h]), [0, -3, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0]);
  close(await of([0, 0, h], -1), [0, -3, 0, 0, 2, 0, 0, 0, 0, 0, -4, 0]);
  for (const qfac of [0, 5, Number.NaN]) close(await of([0, 0, h], qfac), [0, -3, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0]);
});

test("b, c, d of length 1 to within three float steps are half a turn, longer ones are refused", async () => {
  const step = 2 ** -23;
  const of = (b: number, version: 1 | 2 = 1) => read({ ...qform, version, quaternion: [b, 0, 0, 0, 0, 0] });
  close((await of(1)).affineRas, [1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0]);
  close((await of(1 + step)).affineRas, [1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0]);
  await expect(of(1 + 2 * step)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  await expect(of(1 + step, 2)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  await expect(of(Number.NaN)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
});

test("pixdim of a qform: 0 counts as 1, below 0 its absolute value, NaN and infinity are refused", async () => {
  const of = (x: number) => read({ ...qform, pixdim: [1, x, 2, 3] });
  close((await of(0)).affineRas, [1, 0, 0, 0, 0, 2]);
  close((await of(-4)).affineRas, [4, 0, 0, 0, 0, 2]);
  for (const x of [Number.NaN, Number.POSITIVE_INFINITY]) {
    await expect(of(x)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  }
});

test("without sform and qform there is a spacing and no place", async () => {
  const { scans, affineRas } = await read({ sformCode: 0, pixdim: [1, 2, -3, 0] });
  expect(affineRas).toBeNull();
  expect(scans[0].affine).toBeNull();
  expect(scans[0].spacing).toEqual([2, 3, null]);
});

test("an sform that is not finite, or flat, is refused", async () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 0]) {
    const error = await read({ srows: [wrong, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] }).catch((e) => e);
    expect(error).toBeInstanceOf(HaleError);
    expect(error).toMatchObject({ code: "IMAGE_CORRUPT" });
  }
});

test("what is 0 in millimetres is no size, in an sform and in pixdim", async () => {
  const tiny = { version: 2, units: 3 } as const;
  const error = await read({ ...tiny, srows: [Number.MIN_VALUE, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] }).catch((e) => e);
  expect(error).toMatchObject({ code: "IMAGE_CORRUPT" });
  const { scans } = await read({ ...tiny, sformCode: 0, pixdim: [1, Number.MIN_VALUE, 2, 3] });
  expect(scans[0].spacing).toEqual([null, 0.002, 0.003]);
});

test("metres and micrometres become millimetres; the header's own affine stays", async () => {
  for (const [units, factor] of [
    [1, 1000],
    [3, 0.001],
    [0, 1],
    [2 + 8, 1],
  ]) {
    const { scans, affineRas } = await read({ units, srows: [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0] });
    expect(affineRas![3]).toBe(5);
    expect(scans[0].affine![3]).toBeCloseTo(-5 * factor, 9);
    expect(scans[0].spacing[2]).toBeCloseTo(factor, 9);
    expect((await read({ units, sformCode: 0 })).scans[0].spacing[0]).toBeCloseTo(factor, 9);
  }
});
