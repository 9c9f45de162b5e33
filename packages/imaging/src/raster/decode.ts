/**
 * @file One door for plain pictures: the format is told by the first bytes, never by the file name. Each decoder is the
 * same code in Node and browsers, so that scores are the same too.
 */
import { decodeJpeg } from "./jpeg-decode.ts";
import { corrupt, MAX_INPUT_BYTES, tooLarge, unsupported } from "./limits.ts";
import { PNG_SIGNATURE } from "./png-chunks.ts";
import { decodePng } from "./png-decode.ts";
import type { Raster } from "./raster.ts";
import { decodeTiff } from "./tiff-decode.ts";

const startsWith = (bytes: Uint8Array, ...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);

/** Bytes from a file's beginning that `pictureKind` needs. */
export const PICTURE_HEAD = 132;

/** Where a DICOM file has its "DICM": the 128 bytes before may be made to look like any other file (CVE-2019-11687). */
export const hasDicomMark = (bytes: Uint8Array) => startsWith(bytes.subarray(128), 0x44, 0x49, 0x43, 0x4d);

/** What plain picture the bytes begin like; null for everything else, DICOM that looks like TIFF among it. */
export function pictureKind(bytes: Uint8Array): "png" | "jpeg" | "tiff" | null {
  if (hasDicomMark(bytes)) return null;
  if (startsWith(bytes, ...PNG_SIGNATURE)) return "png";
  if (startsWith(bytes, 0xff, 0xd8, 0xff)) return "jpeg";
  if (startsWith(bytes, 0x49, 0x49, 42, 0) || startsWith(bytes, 0x4d, 0x4d, 0, 42)) return "tiff";
  return null;
}

/**
 * Decodes a PNG, JPEG or TIFF (first page) of at most 512 MB and 2^28 pixels. `name` is used in errors only.
 * Throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE, and nothing else, for whatever bytes it is given.
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<Raster> {
  if (bytes.length === 0) throw corrupt(name, "it is empty");
  if (bytes.length > MAX_INPUT_BYTES) throw tooLarge(name, "it has more than 512 MB");
  switch (pictureKind(bytes)) {
    case "png":
      return decodePng(bytes, name);
    case "jpeg":
      return decodeJpeg(bytes, name);
    case "tiff":
      return decodeTiff(bytes, name);
    default:
      throw unsupported(name, "it is neither PNG, JPEG nor TIFF");
  }
}
