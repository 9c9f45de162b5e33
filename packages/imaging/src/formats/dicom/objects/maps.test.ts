import { describe, expect, test } from "vitest";
import { type AnomalyMap, placeMap } from "./map.ts";
import { parametricMap } from "./parametric-map.ts";
import { packBits, segmentation } from "./segmentation.ts";
import { type SourceInstance, sourceInstance } from "./source.ts";
import {
  ctBytes,
  ctStack,
  DETECTOR,
  type Found,
  FRAME_UID,
  fixedMaking,
  multiFrameBytes,
  radiographBytes,
  readBack,
  SERIES_UID,
} from "./source-fixture.ts";

/** A map on the pixels of all frames of the sources, its values all different. */
function mapOf(sources: readonly SourceInstance[], affine: AnomalyMap["affine"] = null): AnomalyMap {
  const frames = sources.flatMap((instance) =>
    Array.from({ length: instance.frames }, (_, k) => ({ instance, frame: k + 1 })),
  );
  const { columns, rows } = sources[0];
  const values = Float32Array.from({ length: columns * rows * frames.length }, (_, i) =>
    Math.fround(((i * 37) % 211) / 70),
  );
  return { size: [columns, rows, frames.length], values, affine, sourceOf: (slice) => frames[slice] };
}

const asParametricMap = (map: AnomalyMap) =>
  readBack(parametricMap({ map, detector: DETECTOR, maximum: 2 }, fixedMaking()));
const asSegmentation = (map: AnomalyMap, threshold = 1.5) =>
  readBack(segmentation({ map, detector: DETECTOR, threshold }, fixedMaking()));

/** Bits of Pixel Data, lowest first. */
function unpack(buffer: ArrayBuffer, count: number): number[] {
  const bytes = new Uint8Array(buffer);
  return Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

describe("parametric map", () => {
  test("holds the map's values bit by bit, frame after frame", () => {
    const map = mapOf(ctStack(4));
    const object = asParametricMap(map);
    expect(new Float32Array(object.FloatPixelData[0] ?? object.FloatPixelData)).toEqual(map.values);
    expect(object).toMatchObject({ Rows: 3, Columns: 5, NumberOfFrames: 4, BitsAllocated: 32, Modality: "CT" });
  });

  test("places each frame where its source lies, in the source's frame of reference", () => {
    const object = asParametricMap(mapOf(ctStack(3)));
    const [shared] = object.SharedFunctionalGroupsSequence;
    expect(object.FrameOfReferenceUID).toBe(FRAME_UID);
    expect(shared.PlaneOrientationSequence[0].ImageOrientationPatient).toEqual([1, 0, 0, 0, 0.8, 0.6]);
    expect(shared.PixelMeasuresSequence[0]).toMatchObject({
      PixelSpacing: [0.7, 0.6],
      SliceThickness: 2.5,
      SpacingBetweenSlices: 2.5,
    });
    object.PerFrameFunctionalGroupsSequence.forEach((frame: Found, k: number) => {
      expect(frame.PlanePositionSequence[0].ImagePositionPatient).toEqual([-10, 4 - 1.5 * k, 20 + 2 * k]);
      const [source] = frame.DerivationImageSequence[0].SourceImageSequence;
      expect(source.ReferencedSOPInstanceUID).toBe(`${SERIES_UID}.${k + 1}`);
      expect(source.ReferencedFrameNumber).toBeUndefined();
      expect(frame.FrameContentSequence[0].DimensionIndexValues).toBe(k + 1);
    });
    expect(object.ReferencedSeriesSequence[0].SeriesInstanceUID).toBe(SERIES_UID);
    expect(object.ReferencedSeriesSequence[0].ReferencedInstanceSequence).toHaveLength(3);
  });

  test("takes its places from an affine of another grid", () => {
    // 2 columns of 1.5 mm along y, 4 rows of 1 mm along -z, slices 3 mm apart along -x.
    const affine = [0, 0, -3, 10, 1.5, 0, 0, 20, 0, -1, 0, 30, 0, 0, 0, 1];
    const sources = ctStack(2);
    const map: AnomalyMap = {
      size: [2, 4, 2],
      values: new Float32Array(16).fill(0.5),
      affine,
      sourceOf: (slice) => ({ instance: sources[slice], frame: 1 }),
    };
    const object = asParametricMap(map);
    const [shared] = object.SharedFunctionalGroupsSequence;
    expect(shared.PlaneOrientationSequence[0].ImageOrientationPatient).toEqual([0, 1, 0, 0, 0, -1]);
    expect(shared.PixelMeasuresSequence[0]).toMatchObject({ PixelSpacing: [1, 1.5], SliceThickness: 3 });
    const positions = object.PerFrameFunctionalGroupsSequence.map(
      (f: Found) => f.PlanePositionSequence[0].ImagePositionPatient,
    );
    expect(positions).toEqual([
      [10, 20, 30],
      [7, 20, 30],
    ]);
    const [source] = object.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence;
    expect(source.SpatialLocationsPreserved).toBe("NO");
  });

  test("an affine of the source's own grid gives the source's places", () => {
    const affine = [0.6, 0, 0, -10, 0, 0.7 * 0.8, -1.5, 4, 0, 0.7 * 0.6, 2, 20, 0, 0, 0, 1];
    const [own, given] = [null, affine].map((each) => asParametricMap(mapOf(ctStack(3), each)));
    expect(given.SharedFunctionalGroupsSequence).toEqual(own.SharedFunctionalGroupsSequence);
    expect(given.PerFrameFunctionalGroupsSequence).toEqual(own.PerFrameFunctionalGroupsSequence);
  });

  test("says that a face might be rebuilt from several slices, unless the source says no", () => {
    const features = (sources: SourceInstance[]) => asParametricMap(mapOf(sources)).RecognizableVisualFeatures;
    const no = { RecognizableVisualFeatures: "NO" };
    expect(features(ctStack(1))).toBe("NO");
    expect(features(ctStack(2))).toBe("YES");
    expect(features([0, 1].map((k) => sourceInstance(ctBytes(k, 5, 3, no), "a.dcm")))).toBe("NO");
  });

  test("takes 10 000 slices and refuses one more", () => {
    const [instance] = ctStack(1);
    const map = (slices: number): AnomalyMap => ({
      size: [1, 1, slices],
      values: new Float32Array(slices),
      affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
      sourceOf: () => ({ instance, frame: 1 }),
    });
    expect(placeMap(map(10_000)).planes).toHaveLength(10_000);
    expect(() => placeMap(map(10_001))).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH" }));
  });

  test("refers to frames of a multi-frame source by number, and to the file once", () => {
    const object = asParametricMap(mapOf([sourceInstance(multiFrameBytes(3), "mf.dcm")]));
    const numbers = object.PerFrameFunctionalGroupsSequence.map(
      (f: Found) => f.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber,
    );
    expect(numbers).toEqual([1, 2, 3]);
    expect(object.ReferencedSeriesSequence[0].ReferencedInstanceSequence).toHaveLength(1);
    expect(object.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing).toEqual([1.5, 1.25]);
  });

  test("gives each frame its own measures where slices differ", () => {
    const other = sourceInstance(ctBytes(1, 5, 3, { PixelSpacing: ["1", "1"] }), "b.dcm");
    const object = asParametricMap(mapOf([...ctStack(1), other]));
    expect(object.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence).toBeUndefined();
    expect(object.PerFrameFunctionalGroupsSequence[1].PixelMeasuresSequence[0].PixelSpacing).toEqual([1, 1]);
  });

  test("says what its values are: no unit, as they are, shown from 0 to the detector's scale", () => {
    const [shared] = asParametricMap(mapOf(ctStack(2))).SharedFunctionalGroupsSequence;
    const [mapping] = shared.RealWorldValueMappingSequence;
    expect(mapping).toMatchObject({ RealWorldValueSlope: 1, RealWorldValueIntercept: 0 });
    expect(mapping.DoubleFloatRealWorldValueLastValueMapped).toBe(Math.max(...mapOf(ctStack(2)).values));
    expect(mapping.MeasurementUnitsCodeSequence[0]).toMatchObject({ CodeValue: "1", CodingSchemeDesignator: "UCUM" });
    expect(mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodingSchemeDesignator).toBe("99HALE");
    expect(shared.FrameVOILUTSequence[0]).toMatchObject({ WindowCenter: 1, WindowWidth: 2 });
  });

  test.each([
    ["a radiograph", () => mapOf([sourceInstance(radiographBytes(), "cr.dcm")]), "OPTION_INVALID"],
    [
      "slices of two frames of reference",
      () => mapOf([...ctStack(1), sourceInstance(ctBytes(1, 5, 3, { FrameOfReferenceUID: "1.2.3.4" }), "b")]),
      "OPTION_INVALID",
    ],
    ["a sheared affine", () => mapOf(ctStack(1), [1, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), "OPTION_INVALID"],
    [
      "an affine without thickness",
      () => mapOf(ctStack(1), [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
      "OPTION_INVALID",
    ],
    [
      "two patients",
      () => mapOf([...ctStack(1), sourceInstance(ctBytes(1, 5, 3, { PatientID: "other" }), "b")]),
      "OPTION_INVALID",
    ],
    [
      "two studies",
      () => mapOf([...ctStack(1), sourceInstance(ctBytes(1, 5, 3, { StudyInstanceUID: "1.2.3.9" }), "b")]),
      "OPTION_INVALID",
    ],
    [
      "a frame that is not there",
      () => ({ ...mapOf(ctStack(1)), sourceOf: () => ({ instance: ctStack(1)[0], frame: 2 }) }),
      "OPTION_INVALID",
    ],
    ["a value too few", () => ({ ...mapOf(ctStack(1)), values: new Float32Array(14) }), "SHAPE_MISMATCH"],
    ["NaN", () => ({ ...mapOf(ctStack(1)), values: new Float32Array(15).fill(Number.NaN) }), "NUMERIC_FAILURE"],
    [
      "infinity",
      () => ({ ...mapOf(ctStack(1)), values: new Float32Array(15).fill(Number.POSITIVE_INFINITY) }),
      "NUMERIC_FAILURE",
    ],
    ["a negative value", () => ({ ...mapOf(ctStack(1)), values: new Float32Array(15).fill(-1) }), "NUMERIC_FAILURE"],
  ])("refuses %s", (_, map, code) => {
    expect(() => asParametricMap(map())).toThrow(expect.objectContaining({ code }));
  });

  test.each([0, -1, Number.NaN])("refuses the scale %s", (maximum) => {
    const map = mapOf(ctStack(1));
    expect(() => parametricMap({ map, detector: DETECTOR, maximum })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });
});

describe("segmentation", () => {
  test.each([
    [1, 1, 1],
    [5, 3, 4],
    [7, 5, 3],
    [8, 2, 2],
    [17, 1, 5],
  ])("packs %i × %i × %i points without gaps between frames", (columns, rows, slices) => {
    const map = mapOf(ctStack(slices, columns, rows));
    const object = asSegmentation(map);
    const wanted = Array.from(map.values, (value) => (value > 1.5 ? 1 : 0));
    const buffer = object.PixelData[0] ?? object.PixelData;
    expect(unpack(buffer, wanted.length)).toEqual(wanted);
    expect(buffer.byteLength).toBe(2 * Math.ceil(wanted.length / 16));
    expect(object).toMatchObject({
      Rows: rows,
      Columns: columns,
      BitsAllocated: 1,
      BitsStored: 1,
      HighBit: 0,
      NumberOfFrames: slices,
    });
  });

  test("leaves the threshold itself outside, and the last byte's spare bits empty", () => {
    expect([...packBits(Float32Array.of(1, 2, 3, 2, 0), 2)]).toEqual([0b00100, 0]);
    expect(packBits(new Float32Array(17).fill(1), 0)).toEqual(Uint8Array.of(255, 255, 1, 0));
  });

  test("names one automatic segment, in codes", () => {
    const [segment] = asSegmentation(mapOf(ctStack(1))).SegmentSequence;
    expect(segment).toMatchObject({
      SegmentNumber: 1,
      SegmentAlgorithmType: "AUTOMATIC",
      SegmentAlgorithmName: "sagan-head",
    });
    expect(segment.SegmentDescription).toContain("Research use only. Not for diagnosis.");
    expect(segment.SegmentedPropertyCategoryCodeSequence[0]).toMatchObject({
      CodeValue: "49755003",
      CodingSchemeDesignator: "SCT",
    });
    expect(segment.SegmentationAlgorithmIdentificationSequence[0]).toMatchObject({ AlgorithmVersion: "0.3.1" });
  });

  test("places frames as a parametric map does", () => {
    const [map, seg] = [asParametricMap, asSegmentation].map((make) => make(mapOf(ctStack(3))));
    const places = (object: Found) => [
      object.FrameOfReferenceUID,
      object.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient,
      object.PerFrameFunctionalGroupsSequence.map((f: Found) => f.PlanePositionSequence[0].ImagePositionPatient),
    ];
    expect(places(seg)).toEqual(places(map));
    expect(seg.PerFrameFunctionalGroupsSequence[2].FrameContentSequence[0].DimensionIndexValues).toEqual([1, 3]);
  });

  test("of a radiograph has no frame of reference: its pixels are the source's", () => {
    const object = asSegmentation(mapOf([sourceInstance(radiographBytes(), "cr.dcm")]));
    expect(object.FrameOfReferenceUID).toBeUndefined();
    expect(object.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence).toBeUndefined();
    const [frame] = object.PerFrameFunctionalGroupsSequence;
    expect(frame.PlanePositionSequence).toBeUndefined();
    const [derived] = frame.DerivationImageSequence;
    expect(derived.DerivationCodeSequence[0].CodeValue).toBe("113076");
    expect(derived.SourceImageSequence[0]).toMatchObject({
      ReferencedSOPInstanceUID: `${SERIES_UID}.77`,
      SpatialLocationsPreserved: "YES",
    });
    expect(derived.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue).toBe("121322");
  });

  test("of a radiograph at another size is refused", () => {
    const instance = sourceInstance(radiographBytes(), "cr.dcm");
    const map: AnomalyMap = {
      size: [4, 3, 1],
      values: new Float32Array(12),
      affine: null,
      sourceOf: () => ({ instance, frame: 1 }),
    };
    expect(() => asSegmentation(map)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});

test("the same input and moment give the same bytes, and other UIDs else", () => {
  const map = mapOf(ctStack(2));
  for (const make of [
    (making = fixedMaking()) => parametricMap({ map, detector: DETECTOR, maximum: 2 }, making),
    (making = fixedMaking()) => segmentation({ map, detector: DETECTOR, threshold: 1 }, making),
  ]) {
    expect(make()).toEqual(make());
    const [a, b] = [readBack(make({})), readBack(make({}))];
    expect(a.SOPInstanceUID).toMatch(/^2\.25\.\d{1,39}$/);
    expect(a.SOPInstanceUID).not.toBe(b.SOPInstanceUID);
    expect(a.SeriesInstanceUID).not.toBe(b.SeriesInstanceUID);
  }
});
