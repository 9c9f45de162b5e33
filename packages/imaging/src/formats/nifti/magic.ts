/** @file How NIfTI-1 and NIfTI-2 begin, single files and headers of pairs, in either byte order. */
import { ascii, holds } from "../../raster/bytes.ts";

/** Magic words of NIfTI-1 (at 344) and NIfTI-2 (at 4), single file and pair. */
const NIFTI_1 = [ascii("n+1\0"), ascii("ni1\0")];
const NIFTI_2 = [ascii("n+2\0"), ascii("ni2\0")];

/** Header size of either version in either byte order, or a magic word: one of them may be damaged. */
export function beginsLikeNifti(bytes: Uint8Array): boolean {
  if (bytes.length < 12) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const little of [true, false]) {
    const size = view.getInt32(0, little);
    if (size === 540 && NIFTI_2.some((magic) => holds(bytes, magic, 4))) return true;
    // Without a magic word 348 is ANALYZE 7.5's, which the reader tells apart; dim[0] rules out other files.
    if (size === 348 && bytes.length >= 42 && mayCountDimensions(view.getInt16(40, little))) return true;
  }
  return NIFTI_1.some((magic) => holds(bytes, magic, 344)) || NIFTI_2.some((magic) => holds(bytes, magic, 4));
}

/** A damaged count is still one; anything beyond a byte is another kind of file. */
const mayCountDimensions = (count: number) => count > -128 && count < 128;
