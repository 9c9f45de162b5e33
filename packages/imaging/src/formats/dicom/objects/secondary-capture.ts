/**
 * @file Pictures of the result, for viewers that know neither maps nor segmentations: Secondary Capture Image Storage for
 * one (PS3.3 A.8.1), Multi-frame True Color Secondary Capture for several (A.8.5).
 */
import { HaleError } from "@hale/core";
import { withLegend } from "../../../raster/legend.ts";
import { MAX_FRAMES } from "../../../raster/limits.ts";
import { checkRaster, type Raster } from "../../../raster/raster.ts";
import { ANOMALY_MAP, SOURCE_IMAGE } from "./codes.ts";
import {
  checkSources,
  commonModules,
  cut,
  type DetectorIdentity,
  distinct,
  lossyModule,
  namesFrames,
  reference,
  STATEMENT,
} from "./common.ts";
import type { SourceFrame } from "./map.ts";
import { type Attributes, encodeObject, type Making } from "./write.ts";

const SINGLE = "1.2.840.10008.5.1.4.1.1.7";
const MULTI = "1.2.840.10008.5.1.4.1.1.7.4";
/** Page Number Vector, as Frame Increment Pointer wants it. */
const PAGE_NUMBER_VECTOR = 0x00182001;

export interface SecondaryCaptureInput {
  /** 8-bit RGB, all of one size, each with the source frame that it shows. */
  pictures: readonly { raster: Raster; source: SourceFrame }[];
  detector: DetectorIdentity;
  /** Of the colour scale; with it each picture gets a strip below that shows the scale, and that it is for research. */
  maximum?: number;
  /** What the pictures show; "Anomaly map over the image" unless given. */
  description?: string;
  /** Sentences for those who look at it, beside what it is for. */
  remarks?: readonly string[];
}

function pixelsOf(rasters: readonly Raster[]): Uint8Array {
  const { width, height } = rasters[0];
  const size = width * height * 3;
  const pixels = new Uint8Array(2 * Math.ceil((size * rasters.length) / 2));
  rasters.forEach((raster, k) => {
    pixels.set(raster.data, k * size);
  });
  return pixels;
}

function checkPicture(raster: Raster, { width, height }: Raster): void {
  checkRaster(raster);
  if (raster.channels === 3 && raster.maxValue === 255 && raster.width === width && raster.height === height) return;
  throw new HaleError(
    "SHAPE_MISMATCH",
    `A picture of a Secondary Capture is not 8-bit RGB of ${width} × ${height}.`,
    "Give pictures of one size, as `overlayMap` returns them.",
  );
}

/** Spacing as the source calibrates it (10.7), where the pictures are on the source's pixels. */
function spacingOf({ instance, frame }: SourceFrame, raster: Raster): Attributes {
  if (instance.rows !== raster.height || instance.columns !== raster.width) return {};
  const spacing =
    instance.planes[frame - 1]?.spacing.map(String) ?? (instance.image.PixelSpacing as string[] | undefined);
  if (!Array.isArray(spacing) || spacing.length !== 2 || !spacing.every((side) => Number(side) > 0)) return {};
  const type = instance.image.PixelSpacingCalibrationType;
  const described = instance.image.PixelSpacingCalibrationDescription;
  return {
    PixelSpacing: spacing,
    ...(type && described ? { PixelSpacingCalibrationType: type, PixelSpacingCalibrationDescription: described } : {}),
  };
}

/**
 * Bytes of a Secondary Capture. That it is for research stands in its comments and, with `maximum`, below the picture in
 * its pixels, for viewers that show no comments; nothing is written over the picture, and nothing says whose it is.
 * Throws SHAPE_MISMATCH for pictures of other kinds, OPTION_INVALID for none, and for de-identified sources whose pixels
 * are said to hold text.
 */
export function secondaryCapture(input: SecondaryCaptureInput, making: Making = {}): Uint8Array<ArrayBuffer> {
  const { pictures, detector, maximum, description = "Anomaly map over the image", remarks = [] } = input;
  if (pictures.length === 0 || pictures.length > MAX_FRAMES) {
    throw new HaleError(
      "OPTION_INVALID",
      `A Secondary Capture cannot hold ${pictures.length} pictures.`,
      `Give 1 to ${MAX_FRAMES}.`,
    );
  }
  const frames = pictures.map(({ source }) => source);
  const sources = distinct(frames.map(({ instance }) => instance));
  checkSources(sources);
  const text = sources.map((source) => source.textInPixels);
  if (text.includes("yes") && sources[0].deidentified) {
    throw new HaleError(
      "OPTION_INVALID",
      "The source says that text is burned into its pixels, so a picture of it cannot be de-identified.",
      "Leave the picture out, or remove the text first.",
    );
  }
  const drawn = pictures.map(({ raster }) => raster);
  for (const raster of drawn) checkPicture(raster, drawn[0]);
  const rasters = maximum === undefined ? drawn : drawn.map((raster) => withLegend(raster, maximum));
  const several = pictures.length > 1;
  // Absent means that nobody knows (C.7.6.1); pictures of several frames must say one or the other (C.8.6.3).
  const annotation = text.includes("yes")
    ? { BurnedInAnnotation: "YES" }
    : !text.includes("possible")
      ? { BurnedInAnnotation: "NO" }
      : several
        ? { BurnedInAnnotation: "YES" }
        : {};
  const kind = {
    sopClassUid: several ? MULTI : SINGLE,
    modality: "OT",
    seriesDescription: cut(`${description}, ${detector.name}`),
    seriesNumber: 9003,
  };
  return encodeObject(
    {
      ...commonModules(sources[0], kind, detector, making),
      ...lossyModule(sources),
      ConversionType: "WSD",
      ImageType: ["DERIVED", "SECONDARY"],
      PatientOrientation: sources[0].image.PatientOrientation ?? null,
      ImageComments: [`${description}.`, ...remarks, STATEMENT].join(" "),
      DerivationDescription: `${description}: ${detector.name} ${detector.version}. ${STATEMENT}`,
      DerivationCodeSequence: [ANOMALY_MAP],
      SourceImageSequence: sourceImages(frames),
      ...annotation,
      SamplesPerPixel: 3,
      PhotometricInterpretation: "RGB",
      PlanarConfiguration: 0,
      Rows: rasters[0].height,
      Columns: rasters[0].width,
      ...spacingOf(frames[0], drawn[0]),
      BitsAllocated: 8,
      BitsStored: 8,
      HighBit: 7,
      PixelRepresentation: 0,
      ...(several
        ? {
            NumberOfFrames: pictures.length,
            FrameIncrementPointer: PAGE_NUMBER_VECTOR,
            PageNumberVector: pictures.map((_, k) => k + 1),
          }
        : {}),
    },
    { keyword: "PixelData", vr: "OB", bytes: pixelsOf(rasters) },
  );
}

/** Each source once, with all the frames of it that are shown. */
function sourceImages(frames: readonly SourceFrame[]): Attributes[] {
  return distinct(frames.map(({ instance }) => instance)).map((instance) => {
    const shown = frames
      .filter((each) => each.instance.sopInstanceUid === instance.sopInstanceUid)
      .map((each) => each.frame);
    return {
      ...reference(instance),
      ReferencedFrameNumber: namesFrames(instance) ? [...new Set(shown)] : undefined,
      PurposeOfReferenceCodeSequence: [SOURCE_IMAGE],
    };
  });
}
