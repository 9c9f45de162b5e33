/**
 * @file How a DICOM file begins: with a preamble and "DICM" (PS3.10, 7.1), or, as old systems wrote it, with the first element of
 * a data set.
 */
import { ascii, holds } from "../../raster/bytes.ts";
import type { Coding } from "./walk.ts";

export const EXPLICIT: Coding = { explicit: true, littleEndian: true };

const PREFIX = ascii("DICM");
const PREAMBLE_BYTES = 128;

/** Bytes that `hasPrefix` and `isDicom` look at. */
export const DICOM_HEAD_BYTES = PREAMBLE_BYTES + PREFIX.length;

/** "DICM" behind the preamble, which may be made to look like any other file (CVE-2019-11687). */
export const hasPrefix = (bytes: Uint8Array) => holds(bytes, PREFIX, PREAMBLE_BYTES);

/** True when the bytes are DICOM: by their prefix, or by a first element that only a data set begins with. */
export function isDicom(bytes: Uint8Array): boolean {
  return findStart(bytes) !== null;
}

/** Where the meta header or data set begins; null when this is not DICOM. */
export function findStart(bytes: Uint8Array): number | null {
  if (hasPrefix(bytes)) return DICOM_HEAD_BYTES;
  if (bytes.length >= 8 && holds(bytes, PREFIX)) return PREFIX.length;
  return sniff(bytes, 0) ? 0 : null;
}

/** How the element at `at` is coded, if it can be the first of a meta header (group 2) or a data set (group 8). */
export function sniff(bytes: Uint8Array, at: number): Coding | null {
  if (bytes.length - at < 8) return null;
  const group = bytes[at] + 256 * bytes[at + 1];
  const isVr = bytes[at + 4] >= 65 && bytes[at + 4] <= 90 && bytes[at + 5] >= 65 && bytes[at + 5] <= 90;
  if (group === 0x0002 || group === 0x0008) {
    if (isVr) return EXPLICIT;
    const length = new DataView(bytes.buffer, bytes.byteOffset + at + 4, 4).getUint32(0, true);
    // The elements that a data set begins with are short.
    return length <= 1024 ? { explicit: false, littleEndian: true } : null;
  }
  return group === 0x0800 && isVr ? { explicit: true, littleEndian: false } : null;
}
