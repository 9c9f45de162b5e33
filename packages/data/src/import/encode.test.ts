/** @file What is written of a scan means and shows the same as the scan itself. */
import {
  type ModalityTransform,
  modalityValue,
  readNifti,
  type Scan,
  type VoiTransform,
  voiValue,
  writeNifti,
} from "@hale/imaging";
import { describe, expect, test } from "vitest";
import { colourFrames, greyVolume } from "./encode.ts";

const linear = (slope: number, intercept: number): ModalityTransform => ({ kind: "linear", slope, intercept });
const window = (shape: "linear" | "linear-exact" | "sigmoid", center: number, width: number): VoiTransform => ({
  kind: "window",
  shape,
  center,
  width,
});

/** Two slices of 3 × 2 with 12 bits. */
const scan = (more: Partial<Scan> = {}): Scan => ({
  format: "dicom",
  size: [3, 2, 2],
  channels: 1,
  stored: Uint16Array.of(0, 1, 500, 1023, 1024, 1025, 2000, 3000, 4000, 4093, 4094, 4095),
  range: [0, 4095],
  modality: [linear(1, 0)],
  unit: null,
  voi: [],
  whiteIsLow: false,
  affine: null,
  spacing: [1, 1, null],
  ...more,
});

/** What a sample shows: meaningful value, window, and white for low turned into white for high. */
const shown = (given: Scan, i: number) => {
  const modality = given.modality[given.modality.length > 1 ? Math.floor(i / 6) : 0];
  const bright = voiValue(given.voi[0], modalityValue(modality, given.stored[i]));
  return given.whiteIsLow ? 1 - bright : bright;
};

describe("a grey scan, written and read again", () => {
  test.each<[string, Partial<Scan>]>([
    ["with a linear window", { modality: [linear(2, -1000)], voi: [window("linear", 3000, 4000)] }],
    ["with an exact window", { modality: [linear(0.5, 7)], voi: [window("linear-exact", 900, 700)] }],
    ["with low for white", { modality: [linear(2, -1000)], voi: [window("linear", 3000, 4000)], whiteIsLow: true }],
    [
      "with low for white, exact",
      { modality: [linear(1, 5)], voi: [window("linear-exact", 2000, 999)], whiteIsLow: true },
    ],
    [
      "with a table",
      {
        modality: [{ kind: "table", first: 1000, table: Uint16Array.of(7, 90, 60000) }],
        voi: [window("linear", 80, 200)],
      },
    ],
    [
      "with a table and low for white",
      {
        modality: [{ kind: "table", first: 1000, table: Uint16Array.of(7, 90, 900) }],
        voi: [window("linear", 80, 200)],
        whiteIsLow: true,
      },
    ],
    ["with a scale a slice", { modality: [linear(1, 0), linear(3, -10)], voi: [window("linear", 3000, 4000)] }],
    [
      "signed",
      {
        stored: Int16Array.from({ length: 12 }, (_, i) => i * 300 - 2048),
        range: [-2048, 2047],
        voi: [window("linear", 40, 400)],
        whiteIsLow: true,
      },
    ],
  ])("shows the same: %s", async (_, more) => {
    const source = scan(more);
    const [back] = (await readNifti(writeNifti(greyVolume(source)), "x.nii")).scans;
    for (let i = 0; i < 12; i++) expect(shown(back, i), `sample ${i}`).toBeCloseTo(shown(source, i), 5);
  });

  test("keeps its integers in their type, untouched where low is black", () => {
    const source = scan({ modality: [linear(2, -1000)] });
    expect(greyVolume(source)).toMatchObject({ data: source.stored, slope: 2, intercept: -1000, inverted: false });
    const turned = greyVolume(scan({ whiteIsLow: true }));
    expect([turned.inverted, turned.data[0], turned.data[11]]).toEqual([true, 4095, 0]);
    expect(turned.data).toBeInstanceOf(Uint16Array);
  });

  test("keeps wide integers exact under scales of their own", () => {
    const stored = Int32Array.of(2 ** 30 + 1, 0, 0, 0, 0, 0, 2 ** 30 + 1, 0, 0, 0, 0, 0);
    const { data } = greyVolume(
      scan({ stored, range: [-(2 ** 31), 2 ** 31 - 1], modality: [linear(1, 0), linear(2, 0)] }),
    );
    expect([data[0], data[6]]).toEqual([2 ** 30 + 1, 2 ** 31 + 2]);
  });

  test("has no window where a header could not hold it", () => {
    expect(greyVolume(scan({ voi: [window("sigmoid", 40, 400)] })).window).toBeUndefined();
    expect(greyVolume(scan({ voi: [window("linear", 1, 400), window("linear", 2, 400)] })).window).toBeUndefined();
    expect(greyVolume(scan({ voi: [window("linear", 40, 1)] })).window).toBeUndefined();
    expect(greyVolume(scan()).window).toBeUndefined();
  });
});

test("colours of 8 bits stay, those of 12 are stretched to 16, frame by frame", () => {
  const stored = Uint16Array.of(0, 2048, 4095, 1, 2, 3);
  const frames = colourFrames(scan({ size: [1, 1, 2], channels: 3, stored }));
  expect(frames.map(({ maxValue, data }) => [maxValue, ...data])).toEqual([
    [65535, 0, 32776, 65535],
    [65535, 16, 32, 48],
  ]);
  const plain = colourFrames(scan({ size: [1, 1, 1], channels: 3, stored: Uint8Array.of(1, 2, 255), range: [0, 255] }));
  expect([...plain[0].data]).toEqual([1, 2, 255]);
});
