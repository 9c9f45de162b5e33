/**
 * @file From attributes by keyword to the bytes of a DICOM file, through dcmjs: UTF-8, Explicit VR Little Endian, an
 * empty preamble (PS3.10 7.1). What dcmjs would drop in silence or complain about with the value in the message, a
 * patient's name perhaps, is caught here first.
 */
import { HaleError } from "@hale/core";
import dcmjs from "dcmjs";

const { DicomDict, DicomMetaDictionary } = dcmjs.data;

/** Attributes by keyword (PS3.6). Undefined ones are not written, null ones are written empty. */
export type Attributes = Record<string, unknown>;

/** Who writes: PS3.7 D.3.3.2. A UID of ours (2.25 and a fixed UUID), and a name of at most 16 characters. */
const IMPLEMENTATION_UID = "2.25.213849270046285713097411862904183524617";
const IMPLEMENTATION_NAME = "HALE_0_1";
const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";

/** When and under which names objects are made; fixed in tests, so that the same input gives the same bytes. */
export interface Making {
  /** Now, unless given. */
  now?: Date;
  /** Minutes east of Greenwich for the dates written, where the source does not state its own; this machine's unless given. */
  offsetMinutes?: number;
  /** A fresh UID at each call; 2.25 and a random UUID unless given. */
  newUid?: () => string;
  /** Of the object, if the caller needs to know it; a fresh one unless given. */
  sopInstanceUid?: string;
  /** Of the new series; 9001 to 9004 by kind unless given. */
  seriesNumber?: number;
  /** Puts the object into this series rather than one of its own. */
  seriesUid?: string;
  /** Of the object in its series; 1 unless given. */
  instanceNumber?: number;
}

/** 2.25 and a UUID as a decimal number (PS3.5 B.2). */
export function uidOfUuid(uuid: string): string {
  return `2.25.${BigInt(`0x${uuid.replaceAll("-", "")}`)}`;
}

/** A fresh random UID. */
export function randomUid(): string {
  return uidOfUuid(crypto.randomUUID());
}

/** DA and TM of a moment, in local time `offsetMinutes` east of Greenwich. */
export function dateTime(moment: Date, offsetMinutes: number): { date: string; time: string } {
  const text = new Date(moment.getTime() + offsetMinutes * 60_000).toISOString();
  return { date: text.slice(0, 10).replaceAll("-", ""), time: text.slice(11, 19).replaceAll(":", "") };
}

/** A number as a decimal string of at most 16 characters (VR DS, PS3.5 6.2), as near as they allow. */
export function decimal(value: number): string {
  const exact = String(value);
  if (exact.length <= 16) return exact;
  for (let digits = 16; digits > 1; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= 16 && Number.isFinite(Number(text))) return text;
  }
  return value.toExponential(5);
}

/** Refuses keywords that the dictionary lacks, and lists with holes: slips of ours, not of the user. */
function checkKeywords(attributes: Attributes): void {
  for (const [keyword, value] of Object.entries(attributes)) {
    if (keyword === "_vrMap" || value === undefined) continue;
    const entry = DicomMetaDictionary.nameMap[keyword];
    if (!entry) throw new Error(`The dictionary has no attribute ${keyword}.`);
    if (Array.isArray(value) && value.includes(undefined)) throw new Error(`${keyword} has a hole.`);
    if (entry.vr === "SQ") for (const item of (value ?? []) as Attributes[]) checkKeywords(item);
  }
}

/** Pixels, the last element of a file. */
export interface Bulk {
  keyword: "PixelData" | "FloatPixelData";
  vr: "OB" | "OF";
  /** Of even length, little-endian. */
  bytes: Uint8Array;
}

/**
 * The file with the pixels behind it: 12 bytes of header (PS3.5 7.1.2), then the bytes. dcmjs could write them, but it
 * would cut them into chunks of 256 bytes on the way, with several times the memory: seconds for a volume, too much for a tab.
 */
function withBulk(head: ArrayBuffer, { keyword, vr, bytes }: Bulk): Uint8Array<ArrayBuffer> {
  if (bytes.length > 0xfffffffe) {
    throw new HaleError(
      "IMAGE_TOO_LARGE",
      "The result is too large for a DICOM file.",
      "Write it as NIfTI, or in parts.",
    );
  }
  const file = new Uint8Array(head.byteLength + 12 + bytes.length);
  file.set(new Uint8Array(head));
  const view = new DataView(file.buffer, head.byteLength);
  view.setUint16(0, 0x7fe0, true);
  view.setUint16(2, keyword === "PixelData" ? 0x0010 : 0x0008, true);
  file.set(new TextEncoder().encode(vr), head.byteLength + 4);
  view.setUint32(8, bytes.length, true);
  file.set(bytes, head.byteLength + 12);
  return file;
}

/** Bytes of a DICOM file with these attributes, which must hold SOPClassUID and SOPInstanceUID, and pixels if any. */
export function encodeObject(attributes: Attributes, bulk?: Bulk): Uint8Array<ArrayBuffer> {
  checkKeywords(attributes);
  const meta = DicomMetaDictionary.denaturalizeDataset({
    FileMetaInformationVersion: new Uint8Array([0, 1]).buffer,
    MediaStorageSOPClassUID: attributes.SOPClassUID,
    MediaStorageSOPInstanceUID: attributes.SOPInstanceUID,
    TransferSyntaxUID: EXPLICIT_LITTLE_ENDIAN,
    ImplementationClassUID: IMPLEMENTATION_UID,
    ImplementationVersionName: IMPLEMENTATION_NAME,
  });
  const object = new DicomDict(meta);
  object.dict = DicomMetaDictionary.denaturalizeDataset({ ...attributes, SpecificCharacterSet: "ISO_IR 192" });
  let head: ArrayBuffer;
  try {
    head = object.write();
  } catch {
    // Its message would quote the value, and no cause is handed on for that reason.
    throw new HaleError(
      "OPTION_INVALID",
      "A value is too long for a DICOM file.",
      "Shorten the detector's name and version.",
    );
  }
  return bulk ? withBulk(head, bulk) : new Uint8Array(head);
}
