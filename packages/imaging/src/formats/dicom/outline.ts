/**
 * @file What an object is, without decoding its pixels: enough to sort a collection, and to leave out what is no picture
 * of a patient or shows more than one.
 */
import { readFile } from "./file.ts";
import { FrameGroups } from "./functional.ts";
import { type DicomInstance, readInstance } from "./instance.ts";
import { pixelFormat } from "./pixels.ts";
import { DICOM_LIMITS, type DicomLimits, refusalOf } from "./refuse.ts";
import { DOUBLE_PIXEL_DATA, FLOAT_PIXEL_DATA, PIXEL_DATA } from "./walk.ts";

export interface DicomOutline {
  /** False for reports, plans, waveforms: then `instance` is null. */
  hasPixels: boolean;
  /** A media directory (DICOMDIR), which lists other files. */
  isDirectory: boolean;
  instance: DicomInstance | null;
  /** Burned In Annotation (0028,0301): whether the picture itself shows text that identifies somebody. */
  burnedIn: boolean | null;
  /** Conversion Type (0008,0064), C.8.6.1: the picture was scanned, filmed or drawn, not measured. */
  converted: boolean;
}

const MEDIA_DIRECTORY = "1.2.840.10008.1.3.10";

/** Reads the outline; throws what `readDicom` throws, except for what only decoding would find. */
export function outlineDicom(bytes: Uint8Array, name: string, limits: DicomLimits = DICOM_LIMITS): DicomOutline {
  try {
    const { data, meta } = readFile(bytes, name, limits);
    const isDirectory = meta.string(0x00020002) === MEDIA_DIRECTORY || data.has(0x00041220);
    const hasPixels =
      !isDirectory &&
      (data.has(0x00280010) || [PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA].some((tag) => data.element(tag)));
    const annotation = data.string(0x00280301)?.toUpperCase();
    return {
      hasPixels,
      isDirectory,
      instance: hasPixels
        ? readInstance(data, meta, new FrameGroups(data), pixelFormat(data, name, limits), [], name)
        : null,
      burnedIn: annotation === "YES" ? true : annotation === "NO" ? false : null,
      converted: data.has(0x00080064),
    };
  } catch (error) {
    throw refusalOf(name, error);
  }
}
