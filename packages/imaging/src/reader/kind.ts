/**
 * @file What a file is, told by its content and never by its name: a name is a claim. Only beginnings are looked at here;
 * a file that begins like one kind and goes on like none is for that kind's reader to refuse, with a reason.
 */

import { isDicom } from "../dicom/file.ts";
import { hasDicomMark, pictureKind } from "../raster/decode.ts";
import { looksLikeMetaImage } from "../volumes/metaimage/read.ts";
import { looksLikeNrrd } from "../volumes/nrrd/header.ts";
import type { ScanFormat } from "../volumes/scan.ts";

export type FileKind = ScanFormat;

const startsWith = (bytes: Uint8Array, magic: readonly number[], at = 0) =>
  magic.every((byte, i) => bytes[at + i] === byte);
const ascii = (text: string) => Array.from(text, (char) => char.charCodeAt(0));

/** Magic words of NIfTI-1 (at 344) and NIfTI-2 (at 4), single file and pair. */
const NIFTI_1 = [ascii("n+1\0"), ascii("ni1\0")];
const NIFTI_2 = [ascii("n+2\0"), ascii("ni2\0")];

/**
 * The kind of a file, or null for none that is read. DICOM goes first: its 128 bytes of preamble may be made to look like
 * any other file (CVE-2019-11687). Gzip is NIfTI's: no other kind is compressed as a whole.
 */
export function kindOf(bytes: Uint8Array): FileKind | null {
  if (hasDicomMark(bytes)) return "dicom";
  const picture = pictureKind(bytes);
  if (picture) return picture;
  if (looksLikeNrrd(bytes)) return "nrrd";
  if (startsWith(bytes, [0x1f, 0x8b]) || isNifti(bytes)) return "nifti";
  if (looksLikeMetaImage(bytes)) return "metaimage";
  // Without preamble, as old systems wrote it.
  if (isDicom(bytes)) return "dicom";
  return null;
}

/** Header size of either version in either byte order, or a magic word: one of them may be damaged. */
function isNifti(bytes: Uint8Array): boolean {
  if (bytes.length < 12) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const little of [true, false]) {
    const size = view.getInt32(0, little);
    if (size === 540 && NIFTI_2.some((magic) => startsWith(bytes, magic, 4))) return true;
    // Without a magic word 348 is ANALYZE 7.5's, which the reader tells apart; dim[0] keeps chance away.
    if (size === 348 && bytes.length >= 42 && looksLikeDimensions(view.getInt16(40, little))) return true;
  }
  return NIFTI_1.some((magic) => startsWith(bytes, magic, 344)) || NIFTI_2.some((magic) => startsWith(bytes, magic, 4));
}

/** A damaged count is still one; anything beyond a byte is another kind of file. */
const looksLikeDimensions = (count: number) => count > -128 && count < 128;
