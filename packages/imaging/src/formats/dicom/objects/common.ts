/**
 * @file What all our objects share: the source's patient and study, our equipment, a new series, the references to the
 * source (PS3.3 C.7.1 to C.7.5, C.12.1, C.12.2).
 */
import { HaleError } from "@hale/core";
import { CODING_SCHEMES } from "./codes.ts";
import type { SourceInstance } from "./source.ts";
import { type Attributes, dateTime, type Making, randomUid } from "./write.ts";

export const STATEMENT = "Research use only. Not for diagnosis.";
const MANUFACTURER = "hale";

/** Which detector made the result. Texts are cut to 64 characters. */
export interface DetectorIdentity {
  name: string;
  version: string;
  /** Of its file: 64 hex digits. */
  sha256: string;
}

export interface ObjectKind {
  sopClassUid: string;
  modality: string;
  seriesDescription: string;
  /** Unless the caller gives one. */
  seriesNumber: number;
}

export const cut = (text: string, length = 64) => [...text].slice(0, length).join("");

function refuse(fault: string, remedy: string): HaleError {
  return new HaleError("OPTION_INVALID", fault, remedy);
}

/** Refuses no sources, and sources of several patients, studies or states of de-identification. */
export function checkSources(sources: readonly SourceInstance[]): void {
  if (sources.length === 0)
    throw refuse("A DICOM object needs the image that it was made from.", "Give at least one source.");
  const [first] = sources;
  for (const source of sources) {
    const same =
      source.studyUid === first.studyUid &&
      source.modules.PatientID === first.modules.PatientID &&
      source.deidentified === first.deidentified;
    if (!same)
      throw refuse("The source images are of several patients or studies.", "Write one object for each study.");
  }
}

function checkDetector(detector: DetectorIdentity): void {
  if (!/^[0-9a-f]{64}$/.test(detector.sha256) || !detector.name || !detector.version) {
    throw refuse(
      "The detector's identity is not complete.",
      "Give its name, its version, and its SHA-256 as 64 hex digits.",
    );
  }
}

/** Minutes of "+0130"; undefined for what is no offset. */
function offsetOf(text: unknown): number | undefined {
  const match = /^([+-])(\d\d)(\d\d)$/.exec(String(text));
  return match ? (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) : undefined;
}

/** Date and time of making; a fixed day for de-identified objects, which give no dates away but must have one. */
export function momentOf(source: SourceInstance, making: Making): { date: string; time: string } {
  if (source.deidentified) return { date: "19000101", time: "000000" };
  const now = making.now ?? new Date();
  const offset = offsetOf(source.image.TimezoneOffsetFromUTC) ?? making.offsetMinutes ?? -now.getTimezoneOffset();
  return dateTime(now, offset);
}

/** Body parts of which there are two, among the terms of PS3.16 annex L. */
const PAIRED = new Set(
  `ADRENAL ANKLE ARM AXILLA BREAST CALCANEUS CALF CHEEK CLAVICLE EAR ELBOW EXTREMITY EYE EYELID FEMUR FINGER FOOT FOREARM
HAND HIP HUMERUS IAC KIDNEY KNEE LEG LOWERLEG LUNG ORBIT OVARY PARATHYROID PAROTID PATELLA RADIUS RIB SCAPULA SCJOINT SHOULDER
SIJOINT TESTIS THIGH THUMB TIBIA TMJ TOE ULNA UPPERARM WRIST ZYGOMA`.split(/\s+/),
);

/** Absent where the body part is not one of a pair, empty where the side is not known (C.7.3.1, type 2C). */
function laterality({ image }: SourceInstance): unknown {
  const part = image.BodyPartExamined as string | undefined;
  if (part && !PAIRED.has(part)) return undefined;
  const side = image.Laterality ?? image.ImageLaterality;
  return side === "L" || side === "R" ? side : null;
}

/** Patient, study, series, equipment, SOP common: everything but what the object is about. */
export function commonModules(
  source: SourceInstance,
  kind: ObjectKind,
  detector: DetectorIdentity,
  making: Making,
): Attributes {
  checkDetector(detector);
  const newUid = making.newUid ?? randomUid;
  const { date, time } = momentOf(source, making);
  const dated = source.deidentified
    ? {}
    : { SeriesDate: date, SeriesTime: time, InstanceCreationDate: date, InstanceCreationTime: time };
  return {
    ...source.modules,
    StudyInstanceUID: source.studyUid,
    SOPClassUID: kind.sopClassUid,
    SOPInstanceUID: making.sopInstanceUid ?? newUid(),
    ...dated,
    TimezoneOffsetFromUTC: source.image.TimezoneOffsetFromUTC,
    CodingSchemeIdentificationSequence: CODING_SCHEMES,
    Modality: kind.modality,
    SeriesInstanceUID: making.seriesUid ?? newUid(),
    SeriesNumber: making.seriesNumber ?? kind.seriesNumber,
    SeriesDescription: kind.seriesDescription,
    BodyPartExamined: source.image.BodyPartExamined,
    Laterality: laterality(source),
    InstanceNumber: making.instanceNumber ?? 1,
    ContentDate: date,
    ContentTime: time,
    // Enhanced General Equipment, C.7.5.2.
    Manufacturer: MANUFACTURER,
    ManufacturerModelName: cut(detector.name),
    DeviceSerialNumber: detector.sha256,
    SoftwareVersions: cut(detector.version),
  };
}

/** Once made lossy, for ever lossy (C.7.6.1.1.5). */
export function lossyModule(sources: readonly SourceInstance[]): Attributes {
  const lossy = sources.find((source) => source.image.LossyImageCompression === "01");
  if (!lossy) return { LossyImageCompression: "00" };
  return {
    LossyImageCompression: "01",
    LossyImageCompressionRatio: lossy.image.LossyImageCompressionRatio,
    LossyImageCompressionMethod: lossy.image.LossyImageCompressionMethod,
  };
}

/** Classes of one frame: CR, CT, MR, Secondary Capture, PET. Some files of theirs hold several all the same. */
const SINGLE_FRAME = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(1|2|4|7|128)$/;

/** Whether references to the source name frames: only where its class allows several (PS3.3 table 10-3). */
export function namesFrames({ frames, sopClassUid }: SourceInstance): boolean {
  return frames > 1 && !SINGLE_FRAME.test(sopClassUid);
}

/** SOP class and instance, and the frame where the source has several. Frames count from 1. */
export function reference(source: SourceInstance, frame?: number): Attributes {
  return {
    ReferencedSOPClassUID: source.sopClassUid,
    ReferencedSOPInstanceUID: source.sopInstanceUid,
    ReferencedFrameNumber: frame !== undefined && namesFrames(source) ? frame : undefined,
  };
}

/** Each instance once, in order of first appearance. */
export function distinct(sources: Iterable<SourceInstance>): SourceInstance[] {
  const seen = new Map<string, SourceInstance>();
  for (const source of sources) if (!seen.has(source.sopInstanceUid)) seen.set(source.sopInstanceUid, source);
  return [...seen.values()];
}

/** By series: the items of Referenced Series Sequence (C.12.2), of instances under the given keyword. */
export function bySeries(sources: Iterable<SourceInstance>, keyword: string): Attributes[] {
  const series = new Map<string, Attributes[]>();
  for (const source of distinct(sources)) {
    const instances = series.get(source.seriesUid) ?? [];
    instances.push(reference(source));
    series.set(source.seriesUid, instances);
  }
  return [...series].map(([uid, instances]) => ({ SeriesInstanceUID: uid, [keyword]: instances }));
}
