/** @file Seeds of what holds DICOM files: zips, packed and plain, and a DICOMDIR. */
import { zipSync } from "fflate";
import { zipFields } from "./detector.ts";
import { dicomFile, EXPLICIT, IMPLICIT } from "./dicom.ts";
import { ramp, type Seed } from "./seed.ts";

export function containerSeeds(): Seed[] {
  const small = { columns: 4, rows: 4, allocated: 8, pixels: ramp(16, 256) } as const;
  const files = {
    "a.dcm": dicomFile(EXPLICIT, small).bytes,
    "b/c.dcm": dicomFile(IMPLICIT, small).bytes,
    "b/notes.txt": Uint8Array.of(1, 2),
  };
  const zip = (name: string, level: 0 | 6): Seed => {
    const bytes = zipSync(files, { level, mtime: new Date(1980, 0, 1, 12) });
    return { kind: "zip", name, bytes, codec: false, fields: zipFields(bytes) };
  };
  const record = (type: string, file: string) =>
    [
      [0x00041400, "UL", [0]],
      [0x00041410, "US", [0xffff]],
      [0x00041430, "CS", type],
      [0x00041500, "CS", file],
    ] as [number, string, string | number[]][];
  const directory = dicomFile(EXPLICIT, {
    ...small,
    more: [[0x00041220, "SQ", [record("IMAGE", "A\\B"), record("IMAGE", "C"), record("SERIES", "")]]],
  });
  return [zip("plain", 0), zip("packed", 6), { kind: "dicomdir", name: "three records", codec: false, ...directory }];
}
