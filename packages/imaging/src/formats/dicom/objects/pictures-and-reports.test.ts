import { describe, expect, test } from "vitest";
import { overlayMap } from "../../../raster/overlay.ts";
import { emptyRaster, type Raster } from "../../../raster/raster.ts";
import { parametricMap } from "./parametric-map.ts";
import { secondaryCapture } from "./secondary-capture.ts";
import { segmentation } from "./segmentation.ts";
import { type SourceInstance, sourceInstance } from "./source.ts";
import {
  ctBytes,
  ctStack,
  DETECTOR,
  type Found,
  fixedMaking,
  multiFrameBytes,
  PLANTED,
  radiographBytes,
  readBack,
  SERIES_UID,
} from "./source-fixture.ts";
import { structuredReport } from "./structured-report.ts";

function overlay(width: number, height: number, seed = 0): Raster {
  const grey = emptyRaster(width, height, 1);
  grey.data.forEach((_, i) => {
    grey.data[i] = (i * 53 + seed) % 256;
  });
  return overlayMap(
    grey,
    Float32Array.from(grey.data, (value) => value / 128),
    width,
    height,
    { maximum: 1 },
  );
}

function capture(rasters: Raster[], sources: SourceInstance[]) {
  const pictures = rasters.map((raster, k) => ({ raster, source: { instance: sources[k], frame: 1 } }));
  return readBack(secondaryCapture({ pictures, detector: DETECTOR }, fixedMaking()));
}

const bytesOf = (object: Found) => new Uint8Array(object.PixelData[0] ?? object.PixelData);

describe("secondary capture", () => {
  test("holds one picture's pixels, odd sizes padded", () => {
    const raster = overlay(5, 3);
    const object = capture([raster], ctStack(1));
    expect(bytesOf(object).subarray(0, 45)).toEqual(raster.data);
    expect(bytesOf(object)).toHaveLength(46);
    expect(object.SOPClassUID).toBe("1.2.840.10008.5.1.4.1.1.7");
    expect(object).toMatchObject({
      SamplesPerPixel: 3,
      PhotometricInterpretation: "RGB",
      PlanarConfiguration: 0,
      Rows: 3,
      Columns: 5,
    });
    expect(object.PixelSpacing).toEqual([0.7, 0.6]);
  });

  test("holds several as frames of a multi-frame object", () => {
    const rasters = [overlay(5, 3), overlay(5, 3, 9), overlay(5, 3, 99)];
    const object = capture(rasters, ctStack(3));
    rasters.forEach((raster, k) => {
      expect(bytesOf(object).subarray(45 * k, 45 * (k + 1))).toEqual(raster.data);
    });
    expect(object.SOPClassUID).toBe("1.2.840.10008.5.1.4.1.1.7.4");
    expect(object).toMatchObject({ NumberOfFrames: 3, PageNumberVector: [1, 2, 3] });
    expect(object.SourceImageSequence.map((item: Found) => item.ReferencedSOPInstanceUID)).toEqual(
      [1, 2, 3].map((k) => `${SERIES_UID}.${k}`),
    );
  });

  test("lists the frames it shows of a multi-frame source", () => {
    const instance = sourceInstance(multiFrameBytes(4), "mf.dcm");
    const pictures = [2, 4].map((frame) => ({ raster: overlay(5, 3), source: { instance, frame } }));
    const object = readBack(secondaryCapture({ pictures, detector: DETECTOR }, fixedMaking()));
    expect(object.SourceImageSequence[0].ReferencedFrameNumber).toEqual([2, 4]);
  });

  test("states its use in comments and burns nothing in", () => {
    const object = capture([overlay(5, 3)], [sourceInstance(radiographBytes(), "cr.dcm")]);
    expect(object.ImageComments).toContain("Research use only. Not for diagnosis.");
    expect(object.BurnedInAnnotation).toBe("NO");
    expect(object.PatientOrientation).toEqual(["L", "F"]);
    expect(
      capture([overlay(5, 3)], [sourceInstance(ctBytes(0, 5, 3, { BurnedInAnnotation: "YES" }), "b")])
        .BurnedInAnnotation,
    ).toBe("YES");
  });

  test("remembers that its source was lossy", () => {
    const lossy = {
      LossyImageCompression: "01",
      LossyImageCompressionRatio: "12",
      LossyImageCompressionMethod: "ISO_10918_1",
    };
    expect(capture([overlay(5, 3)], [sourceInstance(ctBytes(0, 5, 3, lossy), "b")])).toMatchObject({
      ...lossy,
      LossyImageCompressionRatio: 12,
    });
    expect(capture([overlay(5, 3)], ctStack(1)).LossyImageCompression).toBe("00");
  });

  test.each([
    ["a grey picture", [emptyRaster(5, 3, 1)]],
    ["16 bits", [emptyRaster(5, 3, 3, 65535)]],
    ["two sizes", [overlay(5, 3), overlay(3, 5)]],
  ])("refuses %s", (_, rasters) => {
    expect(() => capture(rasters, ctStack(2))).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH" }));
  });

  test("refuses no picture", () => {
    expect(() => capture([], [])).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});

/** Lines "depth relationship type name = value" of a report's content. */
function lines(items: Found[], depth = 0): string[] {
  return [...items].flatMap((item) => {
    const name = item.ConceptNameCodeSequence?.[0].CodeMeaning ?? "";
    const measured = item.MeasuredValueSequence?.[0];
    const value =
      measured !== undefined
        ? `${measured.NumericValue} ${measured.MeasurementUnitsCodeSequence[0].CodeValue}`
        : (item.ConceptCodeSequence?.[0].CodeMeaning ??
          item.TextValue ??
          item.UID ??
          item.ReferencedSOPSequence?.[0].ReferencedSOPInstanceUID ??
          "");
    return [
      `${depth} ${item.RelationshipType} ${item.ValueType} ${name} = ${value}`,
      ...lines(item.ContentSequence ?? [], depth + 1),
    ];
  });
}

const INPUT = { score: 0.75, threshold: 0.5, falseAlarmRate: 0.05, decision: "above", detector: DETECTOR } as const;

describe("structured report", () => {
  test("says what was looked at, by whom, and what came out", () => {
    const object = readBack(structuredReport({ ...INPUT, sources: ctStack(2) }, fixedMaking()));
    expect(object).toMatchObject({ Modality: "SR", CompletionFlag: "COMPLETE", VerificationFlag: "UNVERIFIED" });
    expect(object.ContentTemplateSequence[0]).toMatchObject({ MappingResource: "DCMR", TemplateIdentifier: "1500" });
    const found = lines(object.ContentSequence);
    for (const line of [
      "0 HAS OBS CONTEXT CODE Observer Type = Device",
      "0 HAS OBS CONTEXT TEXT Device Observer Name = sagan-head",
      `0 HAS OBS CONTEXT TEXT Device Observer Serial Number = ${DETECTOR.sha256}`,
      "0 HAS CONCEPT MOD CODE Procedure Reported = Computed tomography",
      `2 CONTAINS IMAGE  = ${SERIES_UID}.1`,
      `2 CONTAINS IMAGE  = ${SERIES_UID}.2`,
      "2 CONTAINS NUM Anomaly score = 0.75 1",
      "3 HAS CONCEPT MOD TEXT Algorithm Version = 0.3.1",
      `3 INFERRED FROM IMAGE Source of Measurement = ${SERIES_UID}.2`,
      "2 CONTAINS NUM Threshold of the anomaly score = 0.5 1",
      "2 CONTAINS NUM False-alarm rate aimed at on normals = 5 %",
      "2 CONTAINS CODE Score compared with the threshold = Above the threshold",
      "1 CONTAINS TEXT Comment = Research use only. Not for diagnosis.",
    ]) {
      expect(found).toContain(line);
    }
    const [evidence] = object.CurrentRequestedProcedureEvidenceSequence;
    expect(evidence.StudyInstanceUID).toBe(PLANTED.StudyInstanceUID);
    expect(evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence).toHaveLength(2);
  });

  test("refers to map and segment that were written of the same study, and to no others", () => {
    const sources = ctStack(1);
    const base = {
      map: { size: [5, 3, 1] as const, values: new Float32Array(15), affine: null, sourceOf: () => frame },
      detector: DETECTOR,
    };
    const frame = { instance: sources[0], frame: 1 };
    const parametric = sourceInstance(parametricMap({ ...base, maximum: 1 }, fixedMaking()), "map");
    const making = { ...fixedMaking(), sopInstanceUid: "2.25.7", seriesUid: "2.25.8" };
    const segment = sourceInstance(segmentation({ ...base, threshold: 0.25 }, making), "seg");
    const written = { parametricMap: parametric, segmentation: { instance: segment, threshold: 0.25 } };
    const input = { ...INPUT, ...written, sources, remarks: ["One remark."] };
    const object = readBack(structuredReport(input, fixedMaking()));
    const found = lines(object.ContentSequence);
    expect(found).toContain("2 CONTAINS IMAGE Referenced Segment = 2.25.7");
    expect(found).toContain("2 CONTAINS NUM Threshold of the anomaly map, point by point = 0.25 1");
    expect(found).toContain(`3 INFERRED FROM IMAGE Source of Measurement = ${parametric.sopInstanceUid}`);
    expect(found).toContain("1 CONTAINS TEXT Comment = One remark.");
    const [{ ReferencedSeriesSequence: series }] = object.CurrentRequestedProcedureEvidenceSequence;
    expect(series.map((item: Found) => item.SeriesInstanceUID)).toEqual([SERIES_UID, parametric.seriesUid, "2.25.8"]);
    for (const other of [
      { parametricMap: { ...parametric, studyUid: "1.2.3" } },
      { segmentation: { instance: { ...segment, studyUid: "1.2.3" }, threshold: 0.25 } },
    ]) {
      expect(() => structuredReport({ ...input, ...other }, fixedMaking())).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      );
    }
  });

  test("says how a score compares with its threshold, calls nothing normal or abnormal, and decides nothing without one", () => {
    const decision = (input: object) =>
      lines(
        readBack(structuredReport({ ...INPUT, sources: ctStack(1), ...input }, fixedMaking())).ContentSequence,
      ).filter((line) => /Score compared|Threshold|False-alarm/.test(line));
    expect(decision({ score: 0.5, decision: "not above" }).at(-1)).toMatch(/= Not above the threshold$/);
    expect(decision({ decision: "needs review" }).at(-1)).toContain("= Needs review: outside what this detector knows");
    expect(decision({ threshold: null, falseAlarmRate: null, decision: null })).toEqual([]);
  });

  test("keeps a number in full beside its 16 characters", () => {
    const score = 0.12345678901234568;
    const object = readBack(structuredReport({ ...INPUT, score, sources: ctStack(1) }, fixedMaking()));
    const group = object.ContentSequence.at(-2).ContentSequence[0].ContentSequence;
    const [value] = group.find(
      (item: Found) => item.ConceptNameCodeSequence[0].CodeValue === "ANOMALY-SCORE",
    ).MeasuredValueSequence;
    expect(value.FloatingPointValue).toBe(score);
    expect(value.NumericValue).toBeCloseTo(score, 13);
  });

  test("lists images of two series in two groups", () => {
    const other = sourceInstance(ctBytes(5, 5, 3, { SeriesInstanceUID: "1.2.3.4.5", Modality: "PT" }), "pt.dcm");
    const object = readBack(structuredReport({ ...INPUT, sources: [...ctStack(1), other] }, fixedMaking()));
    expect(lines(object.ContentSequence).filter((line) => line.includes("Image Library Group"))).toHaveLength(2);
    expect(object.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence).toHaveLength(2);
  });

  test("declares the local scheme that it uses", () => {
    const object = readBack(structuredReport({ ...INPUT, sources: ctStack(1) }, fixedMaking()));
    expect(object.CodingSchemeIdentificationSequence.map((item: Found) => item.CodingSchemeDesignator)).toContain(
      "99HALE",
    );
  });

  test.each([
    [{ score: Number.NaN }, "NUMERIC_FAILURE"],
    [{ threshold: Number.POSITIVE_INFINITY }, "NUMERIC_FAILURE"],
    [{ falseAlarmRate: 1.5 }, "OPTION_INVALID"],
    [{ sources: [] }, "OPTION_INVALID"],
    [{ detector: { ...DETECTOR, sha256: "abc" } }, "OPTION_INVALID"],
  ])("refuses %o", (wrong, code) => {
    expect(() => structuredReport({ ...INPUT, sources: ctStack(1), ...wrong })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test("is the same bytes for the same input", () => {
    const make = () => structuredReport({ ...INPUT, sources: ctStack(2) }, fixedMaking());
    expect(make()).toEqual(make());
  });
});
