/** @file Bytes that fill a compressed frame up, before or behind its end marker, change nothing. */
import { describe, expect, test } from "vitest";
import "../../node/dicom.ts";
import { type Encoding, encodeFrame, type FrameSpec } from "../../node/encoder-fixture.ts";
import { decodeJpeg } from "../jpeg/decode.ts";
import { GREY_JPEG } from "../jpeg/jpeg-fixture.ts";
import { bytesOf, compressedFile, packed } from "./dicom-fixture.ts";
import { readDicom } from "./read.ts";

const UID = "1.2.840.10008.1.2.4";
const SPECS: FrameSpec[] = [
  { columns: 40, rows: 24, samples: 1, allocated: 8, stored: 8, signed: false },
  { columns: 40, rows: 24, samples: 1, allocated: 16, stored: 12, signed: false },
  { columns: 40, rows: 24, samples: 3, allocated: 8, stored: 8, signed: false },
];
const CODINGS: [Encoding, string][] = [
  ["Jpeg", `${UID}.70`],
  ["JpegLs", `${UID}.80`],
  ["Jpeg2000", `${UID}.90`],
  ["HtJpeg2000", `${UID}.201`],
];
/** What stands before the end marker, and what behind it. */
const FILLED: [string, number[], number[]][] = [
  ["nothing", [], []],
  ["a zero before", [0], []],
  ["two zeros before", [0, 0], []],
  ["eight zeros before", [0, 0, 0, 0, 0, 0, 0, 0], []],
  ["a zero behind", [], [0]],
  ["zeros behind", [], [0, 0, 0, 0, 0, 0]],
  ["a zero on either hand", [0], [0]],
  ["fill bytes before", [0xff, 0xff], []],
];

function pixels({ columns, rows, samples, stored, allocated }: FrameSpec): Uint8Array {
  const top = 2 ** stored - 1;
  const values = Array.from({ length: columns * rows * samples }, (_, i) =>
    Math.round((top / 2) * (1 + Math.sin(i / 9))),
  );
  return packed(values, (allocated / 8) as 1 | 2);
}

/** The stream with its end marker (two bytes) between fillings. */
function filled(stream: Uint8Array, before: number[], behind: number[]): Uint8Array {
  let end = stream.length;
  while (!(stream[end - 2] === 0xff && stream[end - 1] === 0xd9)) end--;
  return bytesOf(stream.subarray(0, end - 2), before, [0xff, 0xd9], behind);
}

describe.each(FILLED)("%s", (_, before, behind) => {
  test.each(CODINGS)("%s", async (encoding, uid) => {
    for (const spec of SPECS) {
      const { rows, columns, samples, allocated, stored, signed } = spec;
      const options = { rows, columns, samples, allocated, stored, signed };
      const frame = await encodeFrame(encoding, pixels(spec), spec);
      const sound = await readDicom(compressedFile(uid, [frame], options), "a.dcm");
      const padded = await readDicom(compressedFile(uid, [filled(frame, before, behind)], options), "a.dcm");
      expect(padded.coded).toEqual(sound.coded);
    }
  });

  test("a JPEG picture", async () => {
    const { data } = await decodeJpeg(GREY_JPEG, "a.jpg");
    expect((await decodeJpeg(filled(GREY_JPEG, before, behind), "a.jpg")).data).toEqual(data);
  });
});
