/** @file Meaning, place, series: rescale, windows, geometry, functional groups, sorting. */
import { HaleError } from "@hale/core";
import { describe, expect, test } from "vitest";
import { dicomFile, el, type ImageOptions, imageElements, imageFile, packed, type Spec } from "./dicom-fixture.ts";
import { type DicomObject, readDicom } from "./read.ts";
import { assembleSeries } from "./series.ts";

const SIX = [1, 2, 3, 4, 5, 6];
const read = (more: Spec[], options: ImageOptions = {}, pixels: number[] = SIX, name = "a.dcm") =>
  readDicom(imageFile(pixels, { ...options, more }), name);
const refused = async (more: Spec[]) =>
  expect(await read(more).catch((error: unknown) => error)).toBeInstanceOf(HaleError);

describe("meaning", () => {
  const rescale = (slope: string, intercept: string) => [el(0x00281052, "DS", intercept), el(0x00281053, "DS", slope)];

  test("rescale, its unit, and the default", async () => {
    expect((await read(rescale("2.5", "-1024"))).scan.modality).toEqual([
      { kind: "linear", slope: 2.5, intercept: -1024 },
    ]);
    expect((await read([])).scan.modality).toEqual([{ kind: "linear", slope: 1, intercept: 0 }]);
    expect((await read(rescale("", ""))).scan.modality).toEqual([{ kind: "linear", slope: 1, intercept: 0 }]);
    expect((await read([...rescale("1", "0"), el(0x00281054, "LO", "OD")])).scan.unit).toBe("OD");
    expect((await read([...rescale("1", "0"), el(0x00080060, "CS", "CT")])).scan.unit).toBe("HU");
    expect((await read([el(0x00541001, "CS", "BQML")])).scan.unit).toBe("BQML");
  });

  test("slopes of 0, 1e-30, NaN, infinity and words are refused", async () => {
    for (const slope of ["0", "-0.0", "1e-30", "NaN", "1e400", "Infinity", "two", "0x10"])
      await refused(rescale(slope, "0"));
    for (const intercept of ["NaN", "1e400", "-1e30"]) await refused(rescale("1", intercept));
    expect((await read(rescale("1e-9", "0"))).scan.modality[0]).toMatchObject({ slope: 1e-9 });
    expect((await read(rescale("-1", "0"))).scan.modality[0]).toMatchObject({ slope: -1 });
  });

  test("lookup tables that lie are refused", async () => {
    const lut = (descriptor: number[], data: number[]) => [
      el(0x00283000, "SQ", [[el(0x00283002, "US", descriptor), el(0x00283006, "US", data)]] as Spec[][]),
    ];
    expect((await read(lut([2, 65535, 16], [5, 6]), { signed: true })).scan.modality[0]).toMatchObject({ first: -1 });
    await refused(lut([3, 0, 16], [5, 6]));
    await refused(lut([0, 0, 16], [5, 6]));
    await refused(lut([2, 0, 17], [5, 6]));
    await refused(lut([2, 0, 0], [5, 6]));
    await refused(lut([2, 0], [5, 6]));
  });

  test("the first of several windows; its function; widths that cannot be", async () => {
    const windows = (center: string, width: string, named?: string) => [
      el(0x00281050, "DS", center),
      el(0x00281051, "DS", width),
      ...(named ? [el(0x00281056, "CS", named)] : []),
    ];
    expect((await read(windows("40\\400", "80\\1500"))).scan.voi).toEqual([
      { kind: "window", shape: "linear", center: 40, width: 80 },
    ]);
    expect((await read(windows("1", "0.5", "LINEAR_EXACT"))).scan.voi[0]).toMatchObject({ shape: "linear-exact" });
    expect((await read(windows("1", "2", "SIGMOID"))).scan.voi[0]).toMatchObject({ shape: "sigmoid" });
    for (const width of ["0", "-5", "0.5", "x", "1e400"]) {
      const object = await read(windows("40", width));
      expect(object.scan.voi).toEqual([]);
      expect(object.notes.join()).toContain("window");
    }
  });

  test("a VOI LUT; its first mapped value is signed where what goes in is", async () => {
    const lut = el(0x00283010, "SQ", [
      [el(0x00283002, "US", [2, 65526, 8]), el(0x00283006, "US", [0, 255])],
    ] as Spec[][]);
    expect((await read([lut])).scan.voi).toEqual([
      { kind: "table", first: 65526, table: Uint16Array.of(0, 255), maximum: 255 },
    ]);
    expect((await read([lut, ...rescale("1", "-100")])).scan.voi[0]).toMatchObject({ first: -10 });
    expect((await read([lut], { signed: true })).scan.voi[0]).toMatchObject({ first: -10 });
    // A Modality LUT gives no negative values, whatever goes into it.
    const modality = el(0x00283000, "SQ", [
      [el(0x00283002, "US", [2, 0, 16]), el(0x00283006, "US", [5, 6])],
    ] as Spec[][]);
    const both = await read([lut, modality, ...rescale("1", "-100")], { signed: true });
    expect(both.scan.voi[0]).toMatchObject({ first: 65526 });
    // An enhanced object's intercepts are in its functional groups.
    const own = ["-100", "0"].map((intercept) =>
      [el(0x00289145, "SQ", [rescale("1", intercept)] as Spec[][]), el(0x00289132, "SQ", [[lut]] as Spec[][])].sort(
        (a, b) => a.tag - b.tag,
      ),
    );
    const enhanced = await read([el(0x52009230, "SQ", own)], { frames: 2 }, [...SIX, ...SIX]);
    expect(enhanced.scan.voi).toMatchObject([{ first: -10 }, { first: 65526 }]);
  });
});

const placed = (z: number, extra: Spec[] = [], orientation = "1\\0\\0\\0\\1\\0"): Spec[] => [
  el(0x00280030, "DS", "0.5\\0.25"),
  el(0x00200032, "DS", `-10\\-20\\${z}`),
  el(0x00200037, "DS", orientation),
  el(0x00200052, "UI", "1.2.9"),
  el(0x00080060, "CS", "MR"),
  ...extra,
];

let serial = 0;
async function slice(z: number, extra: Spec[] = [], pixels = SIX, options: ImageOptions = {}): Promise<DicomObject> {
  serial++;
  const own = [el(0x00080018, "UI", `1.2.3.${serial}`), el(0x00200013, "IS", String(serial))];
  return read([...placed(z), ...own, ...extra], options, pixels, `s${serial}.dcm`);
}

describe("place", () => {
  test("the affine of PS3.3 C.7.6.2.1.1: columns along the first direction, by the second spacing", async () => {
    const { scan } = await read([...placed(30), el(0x00180050, "DS", "4")]);
    expect(scan.affine).toEqual([0.25, 0, 0, -10, 0, 0.5, 0, -20, 0, 0, 4, 30, 0, 0, 0, 1]);
    expect(scan.spacing).toEqual([0.25, 0.5, 4]);
    const sagittal = await read(placed(30, [], "0\\1\\0\\0\\0\\-1"));
    expect(sagittal.scan.affine).toEqual([0, 0, -1, -10, 0.25, 0, 0, -20, 0, -0.5, 0, 30, 0, 0, 0, 1]);
  });

  test("no affine without orthonormal directions, position or spacing", async () => {
    for (const orientation of [
      "1\\0\\0\\1\\0\\0",
      "0\\0\\0\\0\\0\\0",
      "2\\0\\0\\0\\1\\0",
      "1\\0\\0\\0\\1",
      "a\\0\\0\\0\\1\\0",
    ]) {
      expect((await read(placed(0, [], orientation))).scan.affine).toBeNull();
    }
    expect((await read(placed(0, [el(0x00200032, "DS", "1\\2")]))).scan.affine).toBeNull();
    expect((await read(placed(0, [el(0x00280030, "DS", "0\\1")]))).scan.affine).toBeNull();
    expect((await read(placed(0, [el(0x00280030, "DS", "-1\\1")]))).scan.spacing).toEqual([null, null, null]);
  });

  test("spacing at the detector and of films comes with a note; an aspect ratio is kept", async () => {
    const imager = await read([el(0x00181164, "DS", "0.2\\0.1")]);
    expect(imager.scan.spacing).toEqual([0.1, 0.2, null]);
    expect(imager.notes.join()).toContain("detector");
    expect((await read([el(0x00182010, "DS", "0.3\\0.3")])).notes.join()).toContain("film");
    expect((await read([el(0x00280034, "IS", "4\\3")])).scan.pixelAspect).toBeCloseTo(4 / 3, 12);
  });

  test("frames of an enhanced object with spacings of their own are series of their own", async () => {
    const orientation = [[el(0x00209116, "SQ", [[el(0x00200037, "DS", "1\\0\\0\\0\\1\\0")]] as Spec[][])]];
    const own = ["1\\1", "1\\1", "2\\3", "2\\3"].map((spacing, z) => [
      el(0x00209113, "SQ", [[el(0x00200032, "DS", `0\\0\\${z}`)]] as Spec[][]),
      el(0x00289110, "SQ", [[el(0x00280030, "DS", spacing)]] as Spec[][]),
    ]);
    const more = [el(0x52009229, "SQ", orientation), el(0x52009230, "SQ", own)];
    const object = await read(more, { frames: 4 }, [...SIX, ...SIX, ...SIX, ...SIX]);
    expect(object.instance.frames.map(({ spacing }) => spacing)).toEqual([
      [1, 1],
      [1, 1],
      [3, 2],
      [3, 2],
    ]);
    expect(object.scan.affine).toBeNull();
    expect(object.scan.spacing.slice(0, 2)).toEqual([null, null]);
    const { series } = assembleSeries([object]);
    expect(series.map(({ scan }) => scan.spacing)).toEqual([
      [1, 1, 1],
      [3, 2, 1],
    ]);
    expect(series[1].scan.affine).toEqual([3, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1]);
  });

  test("planes of an RT Dose: distances from the first, or the patient's z coordinates themselves", async () => {
    const dose = async (offsets: string, orientation?: string) => {
      const more = [...placed(30, [], orientation), el(0x3004000c, "DS", offsets)];
      const object = await read(more, { frames: 3 }, [...SIX, ...SIX, ...SIX]);
      return object.instance.frames.map(({ position }) => position);
    };
    const at = (...heights: number[]) => heights.map((z) => [-10, -20, z]);
    expect(await dose("0\\2\\4")).toEqual(at(30, 32, 34));
    expect(await dose("30\\32\\34")).toEqual(at(30, 32, 34));
    // The normal points to the feet here; coordinates do not turn with it, distances do.
    expect(await dose("30\\32\\34", "1\\0\\0\\0\\-1\\0")).toEqual(at(30, 32, 34));
    expect(await dose("0\\2\\4", "1\\0\\0\\0\\-1\\0")).toEqual(at(30, 28, 26));
    expect(await dose("5\\7\\9")).toEqual([null, null, null]);
    expect(await dose("30\\32\\34", "0\\1\\0\\0\\0\\-1")).toEqual([null, null, null]);
  });

  test("frames of an enhanced object: groups of their own and shared ones", async () => {
    const shared = [
      [
        el(0x00209116, "SQ", [[el(0x00200037, "DS", "1\\0\\0\\0\\1\\0")]] as Spec[][]),
        el(0x00289110, "SQ", [[el(0x00180050, "DS", "2"), el(0x00280030, "DS", "1\\1")]] as Spec[][]),
        el(0x00289132, "SQ", [[el(0x00281050, "DS", "7"), el(0x00281051, "DS", "9")]] as Spec[][]),
      ],
    ];
    const own = [6, 2, 4].map((z, i) => [
      el(0x00209113, "SQ", [[el(0x00200032, "DS", `0\\0\\${z}`)]] as Spec[][]),
      el(0x00289145, "SQ", [[el(0x00281052, "DS", "0"), el(0x00281053, "DS", String(i + 1))]] as Spec[][]),
    ]);
    const more = [el(0x52009229, "SQ", shared), el(0x52009230, "SQ", own)];
    const pixels = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26];
    const object = await read(more, { frames: 3 }, pixels);
    expect(object.instance.frames.map((frame) => frame.position?.[2])).toEqual([6, 2, 4]);
    expect(object.scan.modality.map((transform) => transform.kind === "linear" && transform.slope)).toEqual([1, 2, 3]);
    expect(object.scan.voi).toHaveLength(1);
    expect(object.scan.affine).toBeNull();
    const { series } = assembleSeries([object]);
    expect(series).toHaveLength(1);
    expect([...series[0].scan.stored].filter((_, i) => i % 6 === 0)).toEqual([11, 21, 1]);
    expect(series[0].slices.map(({ frame }) => frame)).toEqual([1, 2, 0]);
    expect(series[0].scan.modality.map((t) => t.kind === "linear" && t.slope)).toEqual([2, 3, 1]);
    expect(series[0].scan.affine?.slice(8, 12)).toEqual([0, 0, 2, 2]);
  });
});

describe("series", () => {
  const firsts = (stored: ArrayLike<number>) => Array.from(stored).filter((_, i) => i % 6 === 0);
  const at = (value: number) => [value, 0, 0, 0, 0, 0];

  test("slices are sorted along the normal, whatever their names and numbers", async () => {
    const objects = await Promise.all([6, 0, 9, 3].map((z) => slice(z, [], at(z))));
    const { series, leftOut } = assembleSeries(objects);
    expect(leftOut).toEqual([]);
    expect(series).toHaveLength(1);
    expect(firsts(series[0].scan.stored)).toEqual([0, 3, 6, 9]);
    expect(series[0].scan).toMatchObject({ size: [3, 2, 4], spacing: [0.25, 0.5, 3] });
    expect(series[0].scan.affine).toEqual([0.25, 0, 0, -10, 0, 0.5, 0, -20, 0, 0, 3, 0, 0, 0, 0, 1]);
    expect(series[0].instances.map((instance) => instance.position?.[2])).toEqual([0, 3, 6, 9]);
    expect(series[0].scan.modality).toHaveLength(1);
  });

  test("equal spacing within 2 %; a gap gives a stack without affine and its reason", async () => {
    const near = await Promise.all([0, 3.001, 6, 9.04].map((z) => slice(z)));
    expect(assembleSeries(near).series[0].scan.affine).not.toBeNull();
    const gap = assembleSeries(await Promise.all([0, 3, 9, 12].map((z) => slice(z)))).series[0];
    expect(gap.scan.affine).toBeNull();
    expect(gap.scan.spacing[2]).toBeNull();
    expect(gap.reason).toContain("not equally spaced");
  });

  test("a tilted gantry shears the volume, and the affine says so", async () => {
    const tilted = [0, 1, 2].map((i) => slice(3 * i, [el(0x00200032, "DS", `0\\${i}\\${3 * i}`)]));
    const { scan } = assembleSeries(await Promise.all(tilted)).series[0];
    expect(scan.affine?.filter((_, i) => i % 4 === 2)).toEqual([0, 1, 3, 0]);
    expect(scan.spacing[2]).toBeCloseTo(Math.sqrt(10), 12);
  });

  test("what cannot be stacked is apart: size, orientation, photometric, series, localizers", async () => {
    const objects = await Promise.all([
      slice(0),
      slice(3),
      slice(6, [], [1, 2, 3, 4, 5, 6, 7, 8, 9], { rows: 3 }),
      slice(9, [el(0x00200037, "DS", "0\\1\\0\\0\\0\\-1")]),
      slice(12, [], SIX, { photometric: "MONOCHROME1" }),
      slice(15, [el(0x0020000e, "UI", "1.2.77")]),
      slice(18, [el(0x00080008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER")]),
      slice(21, [el(0x00080008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER")]),
    ]);
    const sizes = assembleSeries(objects).series.map(({ scan }) => scan.size[2]);
    expect(sizes.sort()).toEqual([1, 1, 1, 1, 1, 1, 2]);
  });

  test("echoes at the same places are stacks of their own, as are times, and copies without a label", async () => {
    const echo = (n: number) => [el(0x00180086, "IS", String(n)), el(0x00181060, "DS", String(serial))];
    const echoes: DicomObject[] = [];
    for (const z of [0, 3, 6]) for (const n of [1, 2]) echoes.push(await slice(z, echo(n), at(10 * n + z)));
    const two = assembleSeries(echoes).series;
    expect(two.map(({ scan }) => firsts(scan.stored))).toEqual([
      [10, 13, 16],
      [20, 23, 26],
    ]);
    const plain: DicomObject[] = [];
    for (const z of [0, 3]) for (const n of [1, 2]) plain.push(await slice(z, [], at(10 * n + z)));
    expect(assembleSeries(plain).series.map(({ scan }) => firsts(scan.stored))).toEqual([
      [10, 13],
      [20, 23],
    ]);
  });

  test("without positions the instance number sorts; radiographs stay alone", async () => {
    const bare = (number: number, modality: string) =>
      read(
        [
          el(0x00080018, "UI", `1.5.${modality.charCodeAt(0)}.${number}`),
          el(0x00200013, "IS", String(number)),
          el(0x00080060, "CS", modality),
        ],
        {},
        at(number),
        `${9 - number}.dcm`,
      );
    const { series } = assembleSeries([await bare(3, "OT"), await bare(1, "OT"), await bare(2, "OT")]);
    expect(series).toHaveLength(1);
    expect(firsts(series[0].scan.stored)).toEqual([1, 2, 3]);
    expect(series[0]).toMatchObject({ reason: "it has no orientation in a patient", scan: { affine: null } });
    expect(assembleSeries([await bare(1, "DX"), await bare(2, "DX")]).series).toHaveLength(2);
  });

  test("copies of one object are left out; stacks beyond the budget too", async () => {
    const object = await slice(0);
    const { series, leftOut } = assembleSeries([
      object,
      { ...object, instance: { ...object.instance, name: "copy.dcm" } },
    ]);
    expect(series).toHaveLength(1);
    expect(leftOut).toEqual([
      { name: "copy.dcm", reason: `it is the same object as ${object.instance.name}`, lost: false },
    ]);
    const three = await Promise.all([0, 3, 6].map((z) => slice(z)));
    expect(assembleSeries(three, 18).series).toHaveLength(1);
    expect(assembleSeries(three, 17).leftOut).toHaveLength(3);
  });

  test("transforms that differ are one a slice", async () => {
    const objects = await Promise.all(
      [1, 2].map((n) => slice(n, [el(0x00281053, "DS", String(n)), el(0x00281052, "DS", "0")])),
    );
    const { scan } = assembleSeries(objects).series[0];
    expect(scan.modality).toEqual([1, 2].map((slope) => ({ kind: "linear", slope, intercept: 0 })));
  });

  test("floats are stacked whatever their values, and their range is that of all", async () => {
    const elements = imageElements({ allocated: 32 }).filter((spec) => spec.tag < 0x00280101 || spec.tag > 0x00280103);
    const float = (z: number) => {
      const own = [
        ...elements.filter((spec) => spec.tag !== 0x00080018),
        ...placed(z),
        el(0x00080018, "UI", `1.7.${z}`),
      ];
      const values = packed(at(z + 0.5), 4, true, true);
      return readDicom(dicomFile([...own.sort((a, b) => a.tag - b.tag), el(0x7fe00008, "OF", values)]), `${z}.dcm`);
    };
    const { series } = assembleSeries([await float(4), await float(2)]);
    expect(series).toHaveLength(1);
    expect(series[0].scan).toMatchObject({ size: [3, 2, 2], range: [0, 4.5] });
  });
});

describe("instance", () => {
  test("what references and sorting need; who the patient is only in identity, in its own characters", async () => {
    const { instance } = await read([
      el(0x00080005, "CS", "ISO_IR 192"),
      el(0x00100010, "PN", "Müller^Ünal=穆勒"),
      el(0x00180015, "CS", "CHEST"),
      el(0x00185101, "CS", "PA"),
      el(0x00200062, "CS", "L"),
      el(0x00200011, "IS", "4"),
      el(0x00200013, "IS", "17"),
      ...placed(5),
    ]);
    expect(instance).toMatchObject({
      name: "a.dcm",
      sopClassUid: "1.2.840.10008.5.1.4.1.1.7",
      sopInstanceUid: "1.2.3",
      seriesUid: "1.2.1",
      studyUid: "1.2",
      frameOfReferenceUid: "1.2.9",
      modality: "MR",
      seriesNumber: 4,
      instanceNumber: 17,
      rows: 2,
      columns: 3,
      position: [-10, -20, 5],
      bodyPart: "CHEST",
      view: "PA",
      laterality: "L",
    });
    expect(instance.identity.patientName).toBe("Müller^Ünal=穆勒");
  });

  test("character sets: Latin by default, Japanese and Korean by their escapes", async () => {
    const named = async (set: string, bytes: number[]) =>
      (await read([el(0x00080005, "CS", set), el(0x00100010, "PN", Uint8Array.from(bytes))])).instance.identity
        .patientName;
    expect(await named("", [0x4d, 0xfc, 0x6c, 0x20])).toBe("Mül");
    expect(await named("ISO_IR 144", [0xbb, 0xee])).toBe("Лю");
    expect(await named("\\ISO 2022 IR 87", [0x1b, 0x24, 0x42, 0x3b, 0x33, 0x45, 0x44, 0x1b, 0x28, 0x42])).toBe("山田");
    expect(await named("\\ISO 2022 IR 149", [0x1b, 0x24, 0x29, 0x43, 0xb1, 0xe8])).toBe("김");
  });
});
