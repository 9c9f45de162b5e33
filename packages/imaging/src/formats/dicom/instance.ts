/**
 * @file What sorting and references need of an object, and, in the one field `identity`, who the patient is. Nothing
 * else here, and nothing in a scan, holds a name, a birth date or an id; who writes logs, reports or data sets leaves
 * that field alone.
 */
import { decodeText } from "./charset.ts";
import type { DataSet } from "./dataset.ts";
import { type FrameGroups, MACRO } from "./functional.ts";
import { normalOf, type Orientation, orientationOf, positionOf, type Vector } from "./geometry.ts";
import type { PixelFormat } from "./pixels.ts";

/** Patient and study modules (PS3.3, C.7.1.1, C.7.2.1, C.7.2.2), as text; null where the file says nothing. */
export interface PatientIdentity {
  patientName: string | null;
  patientId: string | null;
  issuerOfPatientId: string | null;
  birthDate: string | null;
  sex: string | null;
  age: string | null;
  size: string | null;
  weight: string | null;
  studyDate: string | null;
  studyTime: string | null;
  studyId: string | null;
  studyDescription: string | null;
  accessionNumber: string | null;
  referringPhysician: string | null;
}

/** One frame of an object, from 0. */
export interface DicomFrame {
  position: Vector | null;
  orientation: Orientation | null;
  /** Millimetres between columns and between rows; null where unknown. */
  spacing: readonly [number | null, number | null];
  /** What may tell frames at one place apart: echo, time, stack, diffusion, segment, kind of image. */
  labels: readonly string[];
  /** Of an object with functional groups. */
  enhanced: boolean;
  /** Its place by the file's own order, where it says one. */
  number: number | null;
}

export interface DicomInstance {
  /** The file's name, as it was given to the reader. */
  name: string;
  sopClassUid: string | null;
  sopInstanceUid: string | null;
  seriesUid: string | null;
  studyUid: string | null;
  frameOfReferenceUid: string | null;
  modality: string | null;
  seriesNumber: number | null;
  instanceNumber: number | null;
  /** Values of Image Type: ORIGINAL, PRIMARY, AXIAL … LOCALIZER. */
  imageType: readonly string[];
  rows: number;
  columns: number;
  frames: readonly DicomFrame[];
  /** Of the first frame: LPS millimetres of its first pixel's centre, and direction cosines. */
  position: Vector | null;
  orientation: Orientation | null;
  /** Millimetres; null where unknown. */
  sliceThickness: number | null;
  bodyPart: string | null;
  laterality: string | null;
  view: string | null;
  /** Height by width of a pixel, where only their ratio is known (Pixel Aspect Ratio). */
  pixelAspect: readonly [number, number] | null;
  /** Who it is. Never to be logged, reported or used as a name. */
  identity: PatientIdentity;
}

/** How far the first z coordinate of an RT Dose's planes may be from its position's. */
const Z_TOLERANCE_MM = 0.02;
const UID = /^[0-9.]{1,64}$/;
/** Of a text about the patient; what is longer is cut. */
const MAX_TEXT_BYTES = 1024;

/** `notes` gets a sentence where the spacing is not that in the patient. */
export function readInstance(
  data: DataSet,
  meta: DataSet,
  groups: FrameGroups,
  format: PixelFormat,
  notes: string[],
  name: string,
): DicomInstance {
  const uid = (tag: number, metaTag?: number): string | null => {
    const text = data.string(tag) ?? (metaTag === undefined ? null : meta.string(metaTag));
    return text !== null && UID.test(text) ? text : null;
  };
  const code = (tag: number): string | null => data.string(tag)?.slice(0, 64) ?? null;
  const whole = (tag: number): number | null => {
    const value = data.number(tag);
    return Number.isSafeInteger(value) ? value : null;
  };
  const frames = readFrames(data, groups, format, notes);
  const aspect = data.numbers(0x00280034);
  const hasAspect = aspect?.length === 2 && aspect.every((value) => value > 0 && value < 1e6);
  const thickness = groups.macroOrTop(MACRO.pixelMeasures, 0).number(0x00180050);
  return {
    name,
    sopClassUid: uid(0x00080016, 0x00020002),
    sopInstanceUid: uid(0x00080018, 0x00020003),
    seriesUid: uid(0x0020000e),
    studyUid: uid(0x0020000d),
    frameOfReferenceUid: uid(0x00200052),
    modality: code(0x00080060),
    seriesNumber: whole(0x00200011),
    instanceNumber: whole(0x00200013),
    imageType: data.strings(0x00080008).slice(0, 8),
    rows: format.rows,
    columns: format.columns,
    frames,
    position: frames[0].position,
    orientation: frames[0].orientation,
    sliceThickness: thickness !== null && thickness > 0 && thickness < 1e6 ? thickness : null,
    bodyPart: code(0x00180015),
    laterality: code(0x00200062) ?? code(0x00200060),
    view: code(0x00185101),
    pixelAspect: hasAspect ? [aspect[0], aspect[1]] : null,
    identity: readIdentity(data),
  };
}

function readFrames(data: DataSet, groups: FrameGroups, format: PixelFormat, notes: string[]): DicomFrame[] {
  // RT doses give their planes as distances along the normal (C.8.8.3.2).
  const offsets = data.numbers(0x3004000c);
  return Array.from({ length: format.frames }, (_, frame) => {
    const orientation = orientationOf(groups.macroOrTop(MACRO.planeOrientation, frame).numbers(0x00200037));
    const at = positionOf(groups.macroOrTop(MACRO.planePosition, frame).numbers(0x00200032));
    const position = format.frames === 1 || groups.enhanced ? at : byOffset(at, orientation, offsets, frame);
    const content = groups.macro(MACRO.frameContent, frame);
    return {
      position,
      orientation,
      spacing: pixelSpacing(data, groups, frame, notes),
      labels: labelsOf(data, groups, frame),
      enhanced: groups.enhanced,
      number: content?.uint32s(0x00209057)?.[0] ?? null,
    };
  });
}

/**
 * The place of an RT Dose's frame (C.8.8.3.2). Offsets whose first is 0 are distances along the normal; others are the
 * patient's z coordinates themselves, which only axial planes have, and the first must be that of the position.
 */
function byOffset(
  at: Vector | null,
  orientation: Orientation | null,
  offsets: number[] | null,
  frame: number,
): Vector | null {
  if (!at || !orientation || !offsets || !Number.isFinite(offsets[frame])) return null;
  const normal = normalOf(orientation);
  if (offsets[0] !== 0) {
    const isAxial = Math.abs(normal[2]) > 0.9999;
    return isAxial && Math.abs(offsets[0] - at[2]) <= Z_TOLERANCE_MM ? [at[0], at[1], offsets[frame]] : null;
  }
  const by = offsets[frame];
  return [at[0] + normal[0] * by, at[1] + normal[1] * by, at[2] + normal[2] * by];
}

/** Of a frame, in millimetres (PS3.3, 10.7.1.3: Pixel Spacing holds rows first). */
function pixelSpacing(
  data: DataSet,
  groups: FrameGroups,
  frame: number,
  notes: string[],
): [number | null, number | null] {
  const of = (values: number[] | null): [number, number] | null =>
    values?.length === 2 && values.every((value) => value > 1e-6 && value < 1e6) ? [values[1], values[0]] : null;
  const own = of(groups.macroOrTop(MACRO.pixelMeasures, frame).numbers(0x00280030));
  if (own) return own;
  const note = (text: string) => notes.includes(text) || notes.push(text);
  const imager = of(data.numbers(0x00181164));
  if (imager) {
    note("its spacing is that at the detector, not in the patient");
    return imager;
  }
  const nominal = of(data.numbers(0x00182010));
  if (nominal) note("its spacing is that of a scanned film");
  return nominal ?? [null, null];
}

/** How far spacings may be apart, as a share: files hold them rounded, and scanners measure them. */
const SPACING_TOLERANCE = 1e-3;

/** Whether frames have one spacing, as far as a measure can tell. Unknown ones are equal among themselves. */
export function isNearSpacing(a: DicomFrame["spacing"], b: DicomFrame["spacing"]): boolean {
  return a.every((value, i) => {
    const other = b[i];
    if (value === null || other === null) return value === other;
    return Math.abs(value - other) <= SPACING_TOLERANCE * Math.max(value, other);
  });
}

/** What the labels of frames are, in their order: those that mean most first. */
export const LABELS = {
  enhanced: ["stack", "temporal position", "echo time", "b-value", "segment", "frame type"],
  classic: [
    "echo number",
    "echo time",
    "temporal position",
    "b-value",
    "trigger time",
    "acquisition number",
    "image type",
  ],
} as const;

/** Attributes that may tell images at one position apart, as `LABELS` names them. */
function labelsOf(data: DataSet, groups: FrameGroups, frame: number): string[] {
  const content = groups.macro(MACRO.frameContent, frame);
  const parts: (string | number | null | undefined)[] = groups.enhanced
    ? [
        content?.string(0x00209056),
        content?.uint32s(0x00209128)?.[0],
        groups.macro(MACRO.mrEcho, frame)?.doubles(0x00189082)?.[0],
        groups.macro(MACRO.mrDiffusion, frame)?.doubles(0x00189087)?.[0],
        groups.macro(MACRO.segment, frame)?.uint16(0x0062000b),
        (groups.macro(MACRO.mrFrameType, frame) ?? groups.macro(MACRO.ctFrameType, frame))?.string(0x00089007),
      ]
    : [
        data.string(0x00180086),
        data.string(0x00180081),
        data.string(0x00200100),
        data.doubles(0x00189087)?.[0],
        data.string(0x00181060),
        data.string(0x00200012),
        data.string(0x00080008),
      ];
  return parts.map((part) => String(part ?? ""));
}

function readIdentity(data: DataSet): PatientIdentity {
  const charset = data.strings(0x00080005);
  const text = (tag: number) => {
    const bytes = data.bytes(tag)?.subarray(0, MAX_TEXT_BYTES);
    return (bytes && decodeText(bytes, charset).replaceAll("\0", " ").trim()) || null;
  };
  return {
    patientName: text(0x00100010),
    patientId: text(0x00100020),
    issuerOfPatientId: text(0x00100021),
    birthDate: text(0x00100030),
    sex: text(0x00100040),
    age: text(0x00101010),
    size: text(0x00101020),
    weight: text(0x00101030),
    studyDate: text(0x00080020),
    studyTime: text(0x00080030),
    studyId: text(0x00200010),
    studyDescription: text(0x00081030),
    accessionNumber: text(0x00080050),
    referringPhysician: text(0x00080090),
  };
}
