/** @file The anomaly map as Parametric Map Storage with 32-bit float pixels (PS3.3 A.75, C.8.32). */
import { HaleError } from "@hale/core";
import { ANOMALY_MAP, ANOMALY_VALUE, code, UNITLESS } from "./codes.ts";
import { bySeries, commonModules, cut, type DetectorIdentity, lossyModule, STATEMENT } from "./common.ts";
import { type AnomalyMap, frameOfReference, multiFrame, placeMap } from "./map.ts";
import type { SourceInstance } from "./source.ts";
import { type Attributes, decimal, encodeObject, type Making } from "./write.ts";

const STORAGE = "1.2.840.10008.5.1.4.1.1.30";
/** C.8.32.2: derived pixels of a quantity. */
const IMAGE_TYPE = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"];

export interface ParametricMapInput {
  map: AnomalyMap;
  detector: DetectorIdentity;
  /** Map value of full brightness, above 0; the display window runs from 0 to it. */
  maximum: number;
}

function valueGroups(values: Float32Array, maximum: number): Attributes {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (const value of values) {
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  return {
    ParametricMapFrameTypeSequence: [{ FrameType: IMAGE_TYPE }],
    PixelValueTransformationSequence: [{ RescaleIntercept: "0", RescaleSlope: "1", RescaleType: "US" }],
    FrameVOILUTSequence: [
      {
        WindowCenter: decimal(maximum / 2),
        WindowWidth: decimal(maximum),
        // C.11.2.1.3.2: no half-pixel shift, which is meant for whole numbers.
        VOILUTFunction: "LINEAR_EXACT",
        WindowCenterWidthExplanation: "Scale of the detector",
      },
    ],
    RealWorldValueMappingSequence: [
      {
        LUTExplanation: "Anomaly map",
        LUTLabel: "ANOMALY",
        DoubleFloatRealWorldValueFirstValueMapped: lowest,
        DoubleFloatRealWorldValueLastValueMapped: highest,
        RealWorldValueIntercept: 0,
        RealWorldValueSlope: 1,
        MeasurementUnitsCodeSequence: [UNITLESS],
        QuantityDefinitionSequence: [
          {
            ValueType: "CODE",
            ConceptNameCodeSequence: [code("246205007", "SCT", "Quantity")],
            ConceptCodeSequence: [ANOMALY_VALUE],
          },
        ],
      },
    ],
  };
}

/** Whether a face might be rebuilt from the map, which must be said (C.8.32.2): not from a slice, nor where sources say no. */
function recognizable(sources: readonly SourceInstance[], slices: number): "YES" | "NO" {
  return slices === 1 || sources.every((source) => source.image.RecognizableVisualFeatures === "NO") ? "NO" : "YES";
}

/**
 * Bytes of a Parametric Map with the values as they are, no unit. The standard places every frame in the patient
 * (A.75.3: the frame of reference is mandatory), so a map without a place, a radiograph's, is refused: OPTION_INVALID.
 */
export function parametricMap(input: ParametricMapInput, making: Making = {}): Uint8Array<ArrayBuffer> {
  const { map, detector, maximum } = input;
  if (!(maximum > 0 && Number.isFinite(maximum))) {
    throw new HaleError(
      "OPTION_INVALID",
      `The map's maximum ${maximum} is not above 0.`,
      "Give the detector's map scale.",
    );
  }
  const placed = placeMap(map);
  if (!placed.planes) {
    throw new HaleError(
      "OPTION_INVALID",
      "A DICOM Parametric Map needs a place in the patient, and these images have none, or none with square corners.",
      "Write a segmentation, a picture or a report instead.",
    );
  }
  const { sources } = placed;
  const [columns, rows] = map.size;
  const modalities = new Set(sources.map((source) => source.modality));
  const kind = {
    sopClassUid: STORAGE,
    modality: modalities.size === 1 ? sources[0].modality : "OT",
    seriesDescription: cut(`Anomaly map, ${detector.name}`),
    seriesNumber: 9001,
  };
  return encodeObject(
    {
      ...commonModules(sources[0], kind, detector, making),
      ...frameOfReference(placed),
      ...lossyModule(sources),
      ImageType: IMAGE_TYPE,
      ImageComments: STATEMENT,
      ContentLabel: "ANOMALY_MAP",
      ContentDescription: STATEMENT,
      ContentCreatorName: null,
      ContentQualification: "RESEARCH",
      BurnedInAnnotation: "NO",
      RecognizableVisualFeatures: recognizable(sources, map.size[2]),
      PixelPresentation: "MONOCHROME",
      SamplesPerPixel: 1,
      PhotometricInterpretation: "MONOCHROME2",
      Rows: rows,
      Columns: columns,
      BitsAllocated: 32,
      PresentationLUTShape: "IDENTITY",
      AcquisitionContextSequence: [],
      ...multiFrame(placed, ANOMALY_MAP, valueGroups(map.values, maximum), false, making),
      ReferencedSeriesSequence: bySeries(sources, "ReferencedInstanceSequence"),
    },
    {
      keyword: "FloatPixelData",
      vr: "OF",
      bytes: new Uint8Array(map.values.buffer, map.values.byteOffset, map.values.byteLength),
    },
  );
}
