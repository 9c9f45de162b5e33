/** @file Small TIFF files for tests: two made once with Pillow 9.4, and a writer of single strips. */
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** LZW, grey, 4 × 4: 16x + 8y. */
export const LZW_TIFF = fromBase64(
  "SUkqABoAAACAAAICAYAgMCgcQMYECDjgkQEJAAABAwABAAAABAAAAAEBAwABAAAABAAAAAIBAwABAAAACAAAAAMBAwABAAAABQAAAAYBAwABAAAAAQAAABEBBAABAAAACAAAABYBAwABAAAABAAAABcBBAABAAAAEgAAABwBAwABAAAAAQAAAAAAAAA=",
);
/** Deflate, RGB, 2 × 4: two rows of 200, 30, 40 and two of 20, 60, 220. */
export const DEFLATE_TIFF = fromBase64(
  "SUkqABoAAAB4nDshp3EChkRs7sARAGv8COkKAAABAwABAAAAAgAAAAEBAwABAAAABAAAAAIBAwADAAAAmAAAAAMBAwABAAAACAAAAAYBAwABAAAAAgAAABEBBAABAAAACAAAABUBAwABAAAAAwAAABYBAwABAAAABAAAABcBBAABAAAAEgAAABwBAwABAAAAAQAAAAAAAAAIAAgACAA=",
);

/** A little-endian TIFF of one strip with the given tags [tag, type, value] and pixel bytes. */
export function makeTiff(tags: [number, 3 | 4, number][], pixels: number[]): Uint8Array {
  const all = [...tags, [273, 4, 8], [279, 4, pixels.length]].sort((a, b) => a[0] - b[0]);
  const directory = 8 + pixels.length + (pixels.length % 2);
  const out = new Uint8Array(directory + 6 + all.length * 12);
  const view = new DataView(out.buffer);
  out.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, directory, true);
  out.set(pixels, 8);
  view.setUint16(directory, all.length, true);
  all.forEach(([tag, type, value], i) => {
    const at = directory + 2 + i * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, value, true);
  });
  return out;
}
