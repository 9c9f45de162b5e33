/** @file What the fuzzer found, each as a file made here, so that it stays found. */
import { expect, test } from "vitest";
import "../node/dicom.ts";
import { compressedFile, dicomFile, el, imageElements, imageFile } from "../formats/dicom/dicom-fixture.ts";
import { encodeFrame } from "../node/encoder-fixture.ts";
import { readImageFile } from "./read.ts";

test("signed colours lie within the range that is told of them", async () => {
  const options = { rows: 1, columns: 2, samples: 3, allocated: 8, signed: true };
  const { scans } = await readImageFile(imageFile([0, 1, 127, 128, 254, 255], options), "f");
  expect([...scans[0].stored]).toEqual([0, 1, 127, -128, -2, -1]);
  expect(scans[0].range).toEqual([-128, 127]);
});

test("infinities in float pixels do not become the range, or are refused", async () => {
  const values = new Uint8Array(Float32Array.of(-1, 2, Number.POSITIVE_INFINITY, Number.NaN, 5, 0).buffer);
  const elements = [...imageElements({ allocated: 32 }), el(0x7fe00008, "OF", values)];
  const file = await readImageFile(dicomFile(elements), "f").catch(({ code }) => code);
  if (typeof file === "string") expect(file).toBe("IMAGE_CORRUPT");
  else expect(file.scans[0].range).toEqual([-1, 5]);
});

test("a code stream of 300 bytes that claims 2^28 pixels is refused at once, not made up", async () => {
  const pixels = Uint8Array.from({ length: 512 }, (_, i) => i);
  const spec = { columns: 16, rows: 16, samples: 1, allocated: 16, stored: 16, signed: false } as const;
  const side = 16384;
  for (const [encoding, uid] of [
    ["HtJpeg2000", "1.2.840.10008.1.2.4.201"],
    ["Jpeg2000", "1.2.840.10008.1.2.4.90"],
  ] as const) {
    const stream = await encodeFrame(encoding, pixels, spec);
    const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
    const size = Buffer.from(stream).indexOf(Buffer.from([0xff, 0x51]));
    // Xsiz, Ysiz, XTsiz, YTsiz (ISO/IEC 15444-1, A.5.1).
    for (const at of [6, 10, 22, 26]) view.setUint32(size + at, side);
    const file = compressedFile(uid, [stream], { rows: side, columns: side });
    const started = performance.now();
    await expect(readImageFile(file, "f")).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
    expect(performance.now() - started).toBeLessThan(1000);
  }
});
