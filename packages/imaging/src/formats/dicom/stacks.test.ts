/** @file Crowded places, gaps and small differences: what belongs together, and what is said where nothing tells. */
import { describe, expect, test } from "vitest";
import { readImageFile } from "../../reader/read.ts";
import { el, imageFile, type Spec } from "./dicom-fixture.ts";
import { type DicomObject, readDicom } from "./read.ts";
import { assembleSeries } from "./series.ts";

let serial = 0;
/** A slice at height `z` whose first pixel is `value`. */
async function slice(z: number, value: number, more: Spec[] = [], rest = 0): Promise<DicomObject> {
  const elements = [
    el(0x00080018, "UI", `1.2.3.${++serial}`),
    el(0x00080060, "CS", "CT"),
    el(0x00200013, "IS", String(value + 1)),
    el(0x00200032, "DS", `0\\0\\${z}`),
    el(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
    el(0x00280030, "DS", "1\\1"),
  ];
  return readDicom(imageFile([value, rest, 0, 0, 0, 0], { more: [...elements, ...more] }), `f${value}.dcm`);
}
const firsts = (objects: readonly DicomObject[]) =>
  assembleSeries(objects).series.map(({ scan }) => Array.from(scan.stored).filter((_, i) => i % 6 === 0));
/** Number k of a series of four places, round after round, or place after place. */
const byRound = (k: number) => slice(2 * (k % 4), k);
const byPlace = (k: number) => slice(2 * Math.floor(k / 2), k);

describe("several images at each place, told apart by their number alone", () => {
  test("whole ones are stacks, in whichever of the two orders", async () => {
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(firsts(await Promise.all(numbers.map(byRound)))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect(firsts(await Promise.all(numbers.map(byPlace)))).toEqual([
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ]);
  });

  test.each([byRound, byPlace])(
    "with one missing anywhere no scan is a mixture, and the place is named",
    async (of) => {
      for (let missing = 0; missing < 8; missing++) {
        const numbers = [0, 1, 2, 3, 4, 5, 6, 7].filter((k) => k !== missing);
        const objects = await Promise.all(numbers.map(of));
        const { series, leftOut } = assembleSeries(objects);
        if (of === byRound && missing === 7) {
          // Broken off at its end, as many dynamic series are: what was there before is whole.
          expect(firsts(objects)).toEqual([
            [0, 1, 2, 3],
            [4, 5, 6],
          ]);
          continue;
        }
        expect(series).toEqual([]);
        expect(leftOut).toHaveLength(7);
        const z = of === byRound ? 2 * (missing % 4) : 2 * Math.floor(missing / 2);
        for (const one of leftOut) {
          expect(one).toMatchObject({ lost: true, cause: "mixed" });
          expect(one.reason).toContain(`1 at (0, 0, ${z}) mm`);
        }
      }
    },
  );

  test("numbers in no order tell nothing; a repeated image is a copy", async () => {
    const shuffled = await Promise.all([0, 0, 2, 2, 4, 4].map((z, i) => slice(z, [0, 1, 2, 5, 3, 4][i])));
    expect(assembleSeries(shuffled).series).toEqual([]);
    const one = await slice(0, 0);
    const again = { ...one, instance: { ...one.instance, sopInstanceUid: "1.9", name: "repeated.dcm" } };
    const { series, leftOut } = assembleSeries([one, await slice(2, 1), await slice(4, 2), again]);
    expect(series.map(({ scan }) => scan.size[2])).toEqual([3]);
    expect(leftOut).toMatchObject([{ name: "repeated.dcm", lost: false }]);
    // An image of another time there is none, and which of the two belongs is known to nobody.
    const other = await slice(0, 3, [], 9);
    const mixed = assembleSeries([one, await slice(2, 1), await slice(4, 2), other]);
    expect(mixed.series).toEqual([]);
    expect(mixed.leftOut[0].reason).toContain("has 1 image at most places and 2 at (0, 0, 0) mm");
  });

  test("a label tells them apart, and one of the stacks has the gap", async () => {
    const timed = (k: number) => slice(2 * (k % 4), k, [el(0x00200100, "IS", String(Math.floor(k / 4) + 1))]);
    const { series } = assembleSeries(await Promise.all([0, 2, 3, 4, 5, 6, 7].map(timed)));
    expect(series.map(({ scan }) => scan.size[2])).toEqual([3, 4]);
    expect(series.map(({ scan }) => scan.affine === null)).toEqual([true, false]);
    expect(series[0].notes.join()).toMatch(/makes 2 scans: its images differ in temporal position/);
  });
});

describe("a gap", () => {
  test("has a place and a width, in the scan and in the notes", async () => {
    const objects = await Promise.all([0, 2, 4, 6, 10, 12, 14].map((z, k) => slice(z, k)));
    const [{ scan, reason, notes }] = assembleSeries(objects).series;
    const where = /2 mm apart, but 4 mm from slice 4 to 5 of 7; slices seem to be missing/;
    expect(scan.affine).toBeNull();
    expect(scan.unplaced).toMatch(where);
    expect(reason).toMatch(where);
    expect(notes.join()).toMatch(where);
  });
});

describe("what is measured", () => {
  const spaced = (spacings: readonly string[]) =>
    Promise.all(spacings.map((spacing, k) => slice(2 * k, k, [el(0x00280030, "DS", `${spacing}\\${spacing}`)])));

  test("spacings that differ by a rounding are one, and others are said", async () => {
    for (const other of ["1.0001", "0.99995", "1.0000000001"]) {
      const { series } = assembleSeries(await spaced(["1", "1", "1", other, other, other]));
      expect(series.map(({ scan }) => scan.size[2])).toEqual([6]);
      expect(series[0].notes).toEqual([]);
    }
    const { series } = assembleSeries(await spaced(["1", "1", "1.01", "1.01"]));
    expect(series.map(({ scan }) => scan.size[2])).toEqual([2, 2]);
    expect(series[1].notes).toEqual(["One DICOM series makes 2 scans: its images differ in pixel spacing."]);
  });

  test("every property that divides a series is named", async () => {
    const properties: [Spec[], RegExp][] = [
      [[el(0x00200037, "DS", "0\\1\\0\\0\\0\\-1")], /direction/],
      [[el(0x00200052, "UI", "1.5")], /frame of reference/],
      [[el(0x00280004, "CS", "MONOCHROME1")], /colour/],
      [[el(0x00281053, "DS", "1"), el(0x00281052, "DS", "0"), el(0x00281054, "LO", "OD")], /unit/],
      [[el(0x00280101, "US", [12]), el(0x00280102, "US", [11])], /number type/],
      [[el(0x00080008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER")], /localizers/],
    ];
    for (const [more, named] of properties) {
      const objects = await Promise.all([0, 1, 2, 3].map((k) => slice(2 * k, k, k > 1 ? more : [])));
      const { series } = assembleSeries(objects);
      expect(series.length).toBeGreaterThan(1);
      for (const { notes } of series) expect(notes.join()).toMatch(named);
    }
  });
});

describe("frames of one file", () => {
  const enhanced = (heights: readonly number[], times: readonly number[] = []) => {
    const shared = [
      [
        el(0x00209116, "SQ", [[el(0x00200037, "DS", "1\\0\\0\\0\\1\\0")]] as Spec[][]),
        el(0x00289110, "SQ", [[el(0x00180050, "DS", "2"), el(0x00280030, "DS", "1\\1")]] as Spec[][]),
      ],
    ];
    const own = heights.map((z, i) => [
      ...(times.length > 0 ? [el(0x00209111, "SQ", [[el(0x00209128, "UL", [times[i]])]] as Spec[][])] : []),
      el(0x00209113, "SQ", [[el(0x00200032, "DS", `0\\0\\${z}`)]] as Spec[][]),
    ]);
    const more = [el(0x52009229, "SQ", shared), el(0x52009230, "SQ", own)];
    return imageFile(
      heights.flatMap((z, i) => [z, i, 0, 0, 0, 0]),
      { more, frames: heights.length },
    );
  };

  test("in any order are the scan that a series of files would be", async () => {
    const { scans, spacing, orientation } = await readImageFile(enhanced([6, 0, 4, 2]), "a.dcm");
    expect(scans.map(({ stored }) => Array.from(stored).filter((_, i) => i % 6 === 0))).toEqual([[0, 2, 4, 6]]);
    expect([spacing, orientation]).toEqual([[1, 1, 2], "LPS"]);
  });

  test("of two time points are two scans", async () => {
    const { scans } = await readImageFile(enhanced([0, 0, 2, 2], [1, 2, 1, 2]), "a.dcm");
    expect(scans.map(({ size }) => size[2])).toEqual([2, 2]);
  });

  test("of which nothing tells the time point are refused", async () => {
    await expect(readImageFile(enhanced([0, 2, 0, 2, 4]), "a.dcm")).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  });
});
