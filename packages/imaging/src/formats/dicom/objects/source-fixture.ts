/** @file Source images made by dcmjs, for tests of what we write about them. Bytes depend on the arguments alone. */
import dcmjs from "dcmjs";
import { type SourceInstance, sourceInstance } from "./source.ts";
import { type Attributes, encodeObject, type Making } from "./write.ts";

const { DicomMessage, DicomMetaDictionary } = dcmjs.data;

/** What must never appear in de-identified objects. */
export const PLANTED = {
  PatientName: "Müller^Jürgen",
  PatientID: "ID-4711-GEHEIM",
  PatientBirthDate: "19530217",
  StudyInstanceUID: "1.2.826.0.1.3680043.8.498.4711",
  StudyDate: "20210304",
  AccessionNumber: "ACC-0815",
  ReferringPhysicianName: "Überweiser^Ute",
  StudyDescription: "Schädel nativ",
  PatientComments: "Herr Müller kam allein",
  OtherPatientIDsSequence: [{ PatientID: "ALT-99", IssuerOfPatientID: "Klinik Süd" }],
};
export const SERIES_UID = "1.2.826.0.1.3680043.8.498.4712";
export const FRAME_UID = "1.2.826.0.1.3680043.8.498.4713";

function image(columns: number, rows: number, extra: Attributes): Attributes {
  return {
    ...PLANTED,
    PatientSex: "F",
    PatientAge: "068Y",
    StudyTime: "101112",
    StudyID: "S1",
    SeriesInstanceUID: SERIES_UID,
    SeriesNumber: 3,
    InstanceNumber: 1,
    Rows: rows,
    Columns: columns,
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: new Uint8Array(2 * Math.ceil((columns * rows) / 2)).buffer,
    _vrMap: { PixelData: "OB" },
    ...extra,
  };
}

/** CT slice k of a stack, tilted about x, spacing 0.7 (rows) by 0.6 mm, 2.5 mm apart. */
export function ctBytes(k = 0, columns = 5, rows = 3, extra: Attributes = {}): Uint8Array<ArrayBuffer> {
  return encodeObject(
    image(columns, rows, {
      SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
      SOPInstanceUID: `${SERIES_UID}.${k + 1}`,
      Modality: "CT",
      BodyPartExamined: "HEAD",
      FrameOfReferenceUID: FRAME_UID,
      PositionReferenceIndicator: null,
      ImagePositionPatient: ["-10", String(4 - 1.5 * k), String(20 + 2 * k)],
      ImageOrientationPatient: ["1", "0", "0", "0", "0.8", "0.6"],
      PixelSpacing: ["0.7", "0.6"],
      SliceThickness: "2.5",
      ...extra,
    }),
  );
}

/** A radiograph: no frame of reference, no place. */
export function radiographBytes(columns = 5, rows = 3, extra: Attributes = {}): Uint8Array<ArrayBuffer> {
  return encodeObject(
    image(columns, rows, {
      SOPClassUID: "1.2.840.10008.5.1.4.1.1.1",
      SOPInstanceUID: `${SERIES_UID}.77`,
      Modality: "CR",
      BodyPartExamined: "CHEST",
      PatientOrientation: ["L", "F"],
      ...extra,
    }),
  );
}

/** An enhanced MR image of `frames` frames, 2 mm apart along z, some functional groups shared. */
export function multiFrameBytes(frames = 3, columns = 5, rows = 3, extra: Attributes = {}): Uint8Array<ArrayBuffer> {
  return encodeObject(
    image(columns, rows, {
      SOPClassUID: "1.2.840.10008.5.1.4.1.1.4.1",
      SOPInstanceUID: `${SERIES_UID}.88`,
      Modality: "MR",
      FrameOfReferenceUID: FRAME_UID,
      NumberOfFrames: frames,
      SharedFunctionalGroupsSequence: [
        {
          PixelMeasuresSequence: [{ PixelSpacing: ["1.5", "1.25"], SliceThickness: "2" }],
          PlaneOrientationSequence: [{ ImageOrientationPatient: ["1", "0", "0", "0", "1", "0"] }],
        },
      ],
      PerFrameFunctionalGroupsSequence: Array.from({ length: frames }, (_, k) => ({
        PlanePositionSequence: [{ ImagePositionPatient: ["-3", "7", String(2 * k)] }],
      })),
      PixelData: new Uint8Array(2 * Math.ceil((columns * rows * frames) / 2)).buffer,
      ...extra,
    }),
  );
}

export function ctStack(slices: number, columns = 5, rows = 3): SourceInstance[] {
  return Array.from({ length: slices }, (_, k) => sourceInstance(ctBytes(k, columns, rows), `${k}.dcm`));
}

export const DETECTOR = { name: "sagan-head", version: "0.3.1", sha256: "0123456789abcdef".repeat(4) };

/** A fixed moment, and UIDs that count. */
export function fixedMaking(): Making {
  let count = 0;
  return { now: new Date("2026-01-02T03:04:05Z"), offsetMinutes: 60, newUid: () => `2.25.${1000 + count++}` };
}

/** What a file holds, nested as it is. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever is there.
export type Found = any;

/** A file read back by dcmjs, by keyword. */
export function readBack(bytes: Uint8Array<ArrayBuffer>): Found {
  return DicomMetaDictionary.naturalizeDataset(DicomMessage.readFile(bytes.buffer).dict);
}
