/**
 * @file What an object that we write needs to know of the image it was made from: whom it shows, how it is referred to,
 * where its frames lie. Read from the file's own elements, up to the pixels.
 */
import { HaleError } from "@hale/core";
import { type TextInPixels, textInPixels } from "../burned-in.ts";
import { DataSet } from "../dataset.ts";
import { type DicomFile, readFile } from "../file.ts";
import { DICOM_LIMITS, type DicomLimits, damaged, noImage, refusalOf, tooBig } from "../refuse.ts";
import { PIXEL_DATA } from "../walk.ts";
import { attributesOf, charsetOf, elementValue, entryOf } from "./elements.ts";
import { CARRIED, EMPTY_IF_UNKNOWN, TRIAL_KEYWORDS } from "./modules.ts";
import { type Attributes, decimal } from "./write.ts";

/** Where a frame lies (PS3.3 C.7.6.2.1.1): millimetres in the patient's axes (LPS). */
export interface Plane {
  /** Centre of the first sample. */
  position: readonly [number, number, number];
  /** Direction of rising columns, then of rising rows; unit vectors. */
  orientation: readonly [number, number, number, number, number, number];
  /** Between rows, then between columns. */
  spacing: readonly [number, number];
  thickness: number | null;
}

/** One image file (one SOP instance) of a scan. */
export interface SourceInstance {
  sopClassUid: string;
  sopInstanceUid: string;
  seriesUid: string;
  studyUid: string;
  frameOfReferenceUid: string | null;
  /** "CT"; "OT" where the file does not say. */
  modality: string;
  rows: number;
  columns: number;
  frames: number;
  /** One a frame; null where the file does not place it. */
  planes: readonly (Plane | null)[];
  /** Of the patient and the study, to be carried on: attributes by keyword. */
  modules: Attributes;
  /** Of the body, the frame of reference and the picture: BodyPartExamined, Laterality, PatientOrientation and such. */
  image: Attributes;
  /** Whether its picture shows text that may identify somebody. */
  textInPixels: TextInPixels;
  /** Identity was replaced by `deidentifySources`; dates are left out of what is written. */
  deidentified: boolean;
}

const IMAGE = `BodyPartExamined Laterality ImageLaterality PatientOrientation PixelSpacing PixelSpacingCalibrationType
PixelSpacingCalibrationDescription PositionReferenceIndicator LossyImageCompression LossyImageCompressionRatio
LossyImageCompressionMethod BurnedInAnnotation RecognizableVisualFeatures TimezoneOffsetFromUTC Modality FrameOfReferenceUID`.split(
  /\s+/,
);

function unusable(name: string, what: string): HaleError {
  return new HaleError(
    "IMAGE_UNSUPPORTED",
    `DICOM objects cannot refer to ${name}: ${what}.`,
    "Use the file as the scanner or archive exported it, or write the result as NIfTI or PNG.",
  );
}

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value : value == null ? [] : [value]).map(Number);

/** The first item of a sequence; an empty one where there is none. */
function item(attributes: Attributes | undefined, keyword: string): Attributes {
  return ((attributes?.[keyword] as Attributes[] | undefined)?.[0] ?? {}) as Attributes;
}

/** Transfer syntaxes that always lose something, and the method's term (C.7.6.1.1.5.1). JPEG 2000 may or may not. */
const LOSSY: Record<string, string> = {
  "1.2.840.10008.1.2.4.50": "ISO_10918_1",
  "1.2.840.10008.1.2.4.51": "ISO_10918_1",
  "1.2.840.10008.1.2.4.53": "ISO_10918_1",
  "1.2.840.10008.1.2.4.55": "ISO_10918_1",
  "1.2.840.10008.1.2.4.81": "ISO_14495_1",
  "1.2.840.10008.1.2.4.90": "ISO_15444_1",
  "1.2.840.10008.1.2.4.91": "ISO_15444_1",
  "1.2.840.10008.1.2.4.203": "ISO_15444_15",
};
const ALWAYS_LOSSY = /^1\.2\.840\.10008\.1\.2\.4\.(50|51|53|55|81)$/;

/** Adds what a lossy source must say of it and does not: that it is, by which method, by what ratio about. */
function completeLossy(image: Attributes, syntax: string, plainBytes: number, fileBytes: number): void {
  if (ALWAYS_LOSSY.test(syntax)) image.LossyImageCompression = "01";
  if (image.LossyImageCompression !== "01") return;
  image.LossyImageCompressionMethod ??= LOSSY[syntax] ?? "ISO_10918_1";
  image.LossyImageCompressionRatio ??= decimal(Math.max(1, Math.round((10 * plainBytes) / fileBytes) / 10));
}

/** From the attributes of one frame, or of a single-frame file (C.7.6.2), or null. */
function planeOf(position: unknown, orientation: unknown, measures: Attributes): Plane | null {
  const p = numbers(position);
  const o = numbers(orientation);
  const s = numbers(measures.PixelSpacing);
  const finite = [...p, ...o, ...s].every(Number.isFinite);
  if (p.length !== 3 || o.length !== 6 || s.length !== 2 || !finite || s[0] <= 0 || s[1] <= 0) return null;
  const thickness = numbers(measures.SliceThickness)[0];
  return {
    position: p as [number, number, number],
    orientation: o as [number, number, number, number, number, number],
    spacing: s as [number, number],
    thickness: thickness > 0 ? thickness : null,
  };
}

/** Planes of all frames: from functional groups where there are some (C.7.6.16), else from the file's own attributes. */
function planesOf(all: Attributes, frames: number): (Plane | null)[] {
  const shared = item(all, "SharedFunctionalGroupsSequence");
  const each = (all.PerFrameFunctionalGroupsSequence ?? []) as Attributes[];
  if (each.length === 0)
    return Array(frames).fill(
      frames === 1 ? planeOf(all.ImagePositionPatient, all.ImageOrientationPatient, all) : null,
    );
  return Array.from({ length: frames }, (_, k) => {
    const group = (sequence: string) => ({ ...item(shared, sequence), ...item(each[k], sequence) });
    return planeOf(
      group("PlanePositionSequence").ImagePositionPatient,
      group("PlaneOrientationSequence").ImageOrientationPatient,
      group("PixelMeasuresSequence"),
    );
  });
}

/** What of the patient and study is carried on, complete and consistent by the modules' own conditions. */
function modulesOf(found: Attributes): Attributes {
  const modules: Attributes = Object.fromEntries(EMPTY_IF_UNKNOWN.map((keyword) => [keyword, null]));
  for (const keyword of CARRIED) if (found[keyword] != null) modules[keyword] = found[keyword];
  if (!["M", "F", "O", null].includes(modules.PatientSex as string | null)) modules.PatientSex = null;
  const subject = modules.ClinicalTrialSubjectID ?? modules.ClinicalTrialSubjectReadingID;
  if (!modules.ClinicalTrialSponsorName || !modules.ClinicalTrialProtocolID || !subject) {
    for (const keyword of TRIAL_KEYWORDS) delete modules[keyword];
  } else {
    for (const keyword of ["ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName"])
      modules[keyword] ??= null;
    if (modules.ClinicalTrialTimePointDescription) modules.ClinicalTrialTimePointID ??= null;
  }
  // TEXT is what an identifier is that came before types were asked for (C.7.1.1).
  const others = modules.OtherPatientIDsSequence as Attributes[] | undefined;
  const identified = others?.filter((other) => other.PatientID).map((other) => ({ TypeOfPatientID: "TEXT", ...other }));
  if (identified?.length) modules.OtherPatientIDsSequence = identified;
  else delete modules.OtherPatientIDsSequence;
  // Of type 1C, together or not at all (C.7.1.1).
  if (!modules.ResponsiblePerson) delete modules.ResponsiblePersonRole;
  else if (!modules.ResponsiblePersonRole) delete modules.ResponsiblePerson;
  if (!modules.PatientAlternativeCalendar) {
    delete modules.PatientBirthDateInAlternativeCalendar;
    delete modules.PatientDeathDateInAlternativeCalendar;
  }
  const method = modules.DeidentificationMethod ?? modules.DeidentificationMethodCodeSequence;
  if (modules.PatientIdentityRemoved === "YES" && !method) modules.DeidentificationMethod = "Not stated by the source";
  return modules;
}

/** As `sourceInstance`, of a file that is parsed already; `fileBytes` long. */
export function sourceOfFile(
  { data, meta, syntax }: DicomFile,
  fileBytes: number,
  name: string,
  limits: DicomLimits = DICOM_LIMITS,
): SourceInstance {
  for (const { tag, declared, length } of data.elements.values()) {
    if (declared > length && tag < PIXEL_DATA - 8) throw damaged(name, "it breaks off before its pixels");
  }
  const wanted = new Set([...CARRIED, ...IMAGE]);
  const charset = charsetOf(data);
  const found: Attributes = {};
  for (const element of data.elements.values()) {
    const keyword = entryOf(element.tag)?.name;
    if (keyword && wanted.has(keyword)) found[keyword] = elementValue(data, element, charset);
  }
  const uid = (tag: number) => {
    const text = data.string(tag);
    if (!text || !/^[\d.]{3,64}$/.test(text))
      throw unusable(name, "it lacks the identifiers of class, instance, series or study");
    return text;
  };
  const [sopClassUid, sopInstanceUid, studyUid, seriesUid] = [0x00080016, 0x00080018, 0x0020000d, 0x0020000e].map(uid);
  const rows = data.uint16(0x00280010) ?? 0;
  const columns = data.uint16(0x00280011) ?? 0;
  if (rows < 1 || columns < 1) throw noImage(name, "it has no rows or columns");
  const declared = data.number(0x00280008) ?? 1;
  const frames = Number.isSafeInteger(declared) ? Math.max(1, declared) : 1;
  if (frames > limits.frames) throw tooBig(name, `it declares ${frames} frames, and at most ${limits.frames} are read`);
  // Only here are all attributes turned over: the geometry, whose sequences may be long.
  const geometry = attributesOf(geometryOf(data), charset);
  const image = Object.fromEntries(
    IMAGE.flatMap((keyword) => (found[keyword] == null ? [] : [[keyword, found[keyword]]])),
  );
  const bytesPerPixel = ((data.uint16(0x00280002) ?? 1) * (data.uint16(0x00280100) ?? 8)) / 8;
  completeLossy(image, syntax.uid, rows * columns * frames * bytesPerPixel, fileBytes);
  return {
    sopClassUid,
    sopInstanceUid,
    seriesUid,
    studyUid,
    frameOfReferenceUid: (found.FrameOfReferenceUID as string | null | undefined) ?? null,
    modality: (found.Modality as string | null | undefined) ?? "OT",
    rows,
    columns,
    frames,
    planes: planesOf(geometry, frames),
    modules: modulesOf({ ...found, StudyInstanceUID: studyUid }),
    image,
    textInPixels: textInPixels(data, meta),
    deidentified: false,
  };
}

/** Position, orientation, spacing, thickness and functional groups. */
function geometryOf(data: DataSet): DataSet {
  const tags = [0x00200032, 0x00200037, 0x00280030, 0x00180050, 0x52009229, 0x52009230];
  return new DataSet(data.source, new Map([...data.elements].filter(([tag]) => tags.includes(tag))));
}

/**
 * What written objects need to know of the DICOM file `bytes`, called `name` in errors; its pixels are not looked at.
 * Throws what the reader throws for files that it cannot parse (IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE), and
 * IMAGE_UNSUPPORTED where a file holds no image or lacks the identifiers that references need.
 */
export function sourceInstance(bytes: Uint8Array, name: string, limits: DicomLimits = DICOM_LIMITS): SourceInstance {
  try {
    return sourceOfFile(readFile(bytes, name, limits), bytes.length, name, limits);
  } catch (error) {
    throw refusalOf(name, error);
  }
}
