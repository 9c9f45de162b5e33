/**
 * @file What an object is, without decoding its pixels: enough to sort a collection, and to leave out what is no picture
 * of a patient or shows more than one.
 */
import { type TextInPixels, textInPixels } from "./burned-in.ts";
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
  /** Whether the picture itself shows text that may identify somebody. */
  textInPixels: TextInPixels;
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
    return {
      hasPixels,
      isDirectory,
      instance: hasPixels
        ? readInstance(data, meta, new FrameGroups(data), pixelFormat(data, name, limits), [], name)
        : null,
      textInPixels: textInPixels(data, meta),
    };
  } catch (error) {
    throw refusalOf(name, error);
  }
}
