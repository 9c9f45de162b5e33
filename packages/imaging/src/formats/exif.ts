/**
 * @file The one thing that matters of EXIF (CIPA DC-008): how a picture is to be turned. The block is a small TIFF; all
 * else in it (places, times, people) is not looked at.
 */
import { holds } from "../raster/bytes.ts";

const ORIENTATION = 274;
const SHORT = 3;
/** Entries of a directory that are looked at. */
const MOST_ENTRIES = 1000;

/** The orientation, 1 to 8, of a block that begins with its TIFF header; 1 where it says nothing, or is damaged. */
export function exifOrientation(block: Uint8Array): number {
  const little = holds(block, [0x49, 0x49, 42, 0]);
  if (!little && !holds(block, [0x4d, 0x4d, 0, 42])) return 1;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < 8) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return 1;
  const entries = Math.min(view.getUint16(directory, little), MOST_ENTRIES);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > block.length) return 1;
    if (view.getUint16(at, little) !== ORIENTATION || view.getUint16(at + 2, little) !== SHORT) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
