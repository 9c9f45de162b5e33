/**
 * @file The map above a threshold as Segmentation Storage (PS3.3 A.51, C.8.20): binary, one segment. Fractional
 * segmentations are not written: they must mean probability or occupancy (C.8.20.2.3), and an anomaly map is neither.
 */
import { HaleError } from "@hale/core";
import { ABNORMAL_STRUCTURE, ARTIFICIAL_INTELLIGENCE, SEGMENTATION } from "./codes.ts";
import { bySeries, commonModules, cut, type DetectorIdentity, lossyModule, STATEMENT } from "./common.ts";
import { type AnomalyMap, frameOfReference, multiFrame, placeMap, sharesGrid } from "./map.ts";
import { encodeObject, type Making } from "./write.ts";

const STORAGE = "1.2.840.10008.5.1.4.1.1.66.4";

export interface SegmentationInput {
  map: AnomalyMap;
  detector: DetectorIdentity;
  /** Map value; points above it belong to the segment. */
  threshold: number;
  /** What the threshold is, as the end of a sentence: "the 99th percentile of healthy pixels". */
  thresholdMeaning?: string;
}

/** One bit a point, lowest bit first, frame after frame without gaps (PS3.5 8.1.1, PS3.3 C.8.20.2.2); of even length. */
export function packBits(values: Float32Array, threshold: number): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(2 * Math.ceil(values.length / 16));
  for (let i = 0; i < values.length; i++) if (values[i] > threshold) bits[i >>> 3] |= 1 << (i & 7);
  return bits;
}

/**
 * Bytes of a Segmentation. Where the images have a place in the patient, frames have it too. Where they have none, each
 * point is a pixel of the source (A.51.5.1), and a map of another size is refused: OPTION_INVALID.
 */
export function segmentation(input: SegmentationInput, making: Making = {}): Uint8Array<ArrayBuffer> {
  const { map, detector, threshold, thresholdMeaning } = input;
  if (!(threshold >= 0 && Number.isFinite(threshold))) {
    throw new HaleError(
      "OPTION_INVALID",
      `The map threshold ${threshold} is below 0 or no number.`,
      "Give a value of the map's scale.",
    );
  }
  const placed = placeMap(map);
  if (!placed.planes && !sharesGrid(placed)) {
    throw new HaleError(
      "OPTION_INVALID",
      "These images have no place in the patient, and the map is not on their pixels.",
      "Resize the map to the size of the source image.",
    );
  }
  const { sources } = placed;
  const [columns, rows] = map.size;
  const kind = {
    sopClassUid: STORAGE,
    modality: "SEG",
    seriesDescription: cut(`Abnormal regions, ${detector.name}`),
    seriesNumber: 9002,
  };
  const shared = { SegmentIdentificationSequence: [{ ReferencedSegmentNumber: 1 }] };
  // A segment has an anatomy of its own; the series of a segmentation has no side (C.7.3.1).
  const { Laterality, ...common } = commonModules(sources[0], kind, detector, making);
  return encodeObject(
    {
      ...common,
      ...(placed.planes ? frameOfReference(placed) : {}),
      ...lossyModule(sources),
      ImageType: ["DERIVED", "PRIMARY"],
      ImageComments: STATEMENT,
      PatientOrientation: placed.planes ? undefined : (sources[0].image.PatientOrientation ?? null),
      ContentLabel: "ABNORMAL_REGIONS",
      ContentDescription: STATEMENT,
      ContentCreatorName: null,
      BurnedInAnnotation: "NO",
      SamplesPerPixel: 1,
      PhotometricInterpretation: "MONOCHROME2",
      Rows: rows,
      Columns: columns,
      BitsAllocated: 1,
      BitsStored: 1,
      HighBit: 0,
      PixelRepresentation: 0,
      SegmentationType: "BINARY",
      SegmentSequence: [
        {
          SegmentNumber: 1,
          SegmentLabel: "Abnormality",
          SegmentDescription: `Anomaly map above ${threshold}${thresholdMeaning ? `, ${thresholdMeaning}` : ""}. ${STATEMENT}`,
          SegmentAlgorithmType: "AUTOMATIC",
          SegmentAlgorithmName: cut(detector.name),
          SegmentationAlgorithmIdentificationSequence: [
            {
              AlgorithmFamilyCodeSequence: [ARTIFICIAL_INTELLIGENCE],
              AlgorithmName: cut(detector.name),
              AlgorithmVersion: cut(detector.version),
              AlgorithmParameters: `threshold=${threshold} sha256=${detector.sha256}`,
              AlgorithmSource: "hale",
            },
          ],
          SegmentedPropertyCategoryCodeSequence: [ABNORMAL_STRUCTURE],
          SegmentedPropertyTypeCodeSequence: [ABNORMAL_STRUCTURE],
          // Orange: L* 67, a* 43, b* 74 in the scaling of C.10.7.1.1.
          RecommendedDisplayCIELabValue: [43908, 43947, 51914],
        },
      ],
      ...multiFrame(placed, SEGMENTATION, shared, true, making),
      ReferencedSeriesSequence: bySeries(sources, "ReferencedInstanceSequence"),
    },
    { keyword: "PixelData", vr: "OB", bytes: packBits(map.values, threshold) },
  );
}
