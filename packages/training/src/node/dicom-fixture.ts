/** @file For tests: the slices of a scan as DICOM files (MR, explicit little endian), as few elements as readers need. */
import type { Scan } from "@hale/imaging";

function element(tag: number, vr: string, value: Uint8Array | string | number): Uint8Array {
  let bytes: Uint8Array;
  if (typeof value === "number") bytes = new Uint8Array(Uint16Array.of(value).buffer);
  else bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  if (bytes.length % 2 === 1) bytes = Uint8Array.from([...bytes, vr === "UI" ? 0 : 32]);
  const long = vr === "OW" || vr === "OB";
  const head = new DataView(new ArrayBuffer(long ? 12 : 8));
  head.setUint16(0, tag >>> 16, true);
  head.setUint16(2, tag & 0xffff, true);
  head.setUint8(4, vr.charCodeAt(0));
  head.setUint8(5, vr.charCodeAt(1));
  if (long) head.setUint32(8, bytes.length, true);
  else head.setUint16(6, bytes.length, true);
  return new Uint8Array([...new Uint8Array(head.buffer), ...bytes]);
}

/** One file a slice of a grey int16 scan that has an affine at right angles. */
export function dicomSlices({ stored, size, affine, spacing }: Scan): Uint8Array[] {
  const [columns, rows, slices] = size;
  const direction = (column: number) => [0, 1, 2].map((axis) => affine![4 * axis + column] / spacing[column]!);
  return Array.from({ length: slices }, (_, k) => {
    const pixels = Int16Array.from(stored.subarray(k * columns * rows, (k + 1) * columns * rows));
    const position = [0, 1, 2].map((axis) => affine![4 * axis + 3] + k * affine![4 * axis + 2]);
    const parts = [
      element(0x00020010, "UI", "1.2.840.10008.1.2.1"),
      element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.4"),
      element(0x00080018, "UI", `1.2.3.${k + 1}`),
      element(0x00080060, "CS", "MR"),
      element(0x0020000d, "UI", "1.2"),
      element(0x0020000e, "UI", "1.2.1"),
      element(0x00200032, "DS", position.join("\\")),
      element(0x00200037, "DS", [...direction(0), ...direction(1)].join("\\")),
      element(0x00280002, "US", 1),
      element(0x00280004, "CS", "MONOCHROME2"),
      element(0x00280010, "US", rows),
      element(0x00280011, "US", columns),
      element(0x00280030, "DS", `${spacing[1]}\\${spacing[0]}`),
      element(0x00280100, "US", 16),
      element(0x00280101, "US", 16),
      element(0x00280102, "US", 15),
      element(0x00280103, "US", 1),
      element(0x7fe00010, "OW", new Uint8Array(pixels.buffer)),
    ];
    const magic = new TextEncoder().encode("DICM");
    return new Uint8Array([...new Uint8Array(128), ...magic, ...parts.flatMap((part) => [...part])]);
  });
}
