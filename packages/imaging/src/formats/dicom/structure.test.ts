/** @file The structure of files: codings, limits, lies. */
import { HaleError } from "@hale/core";
import { zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import "../../node/dicom.ts";
import {
  BIG_ENDIAN,
  bytesOf,
  DEFLATED,
  dicomFile,
  EXPLICIT,
  el,
  encode,
  IMPLICIT,
  imageElements,
  imageFile,
  type Spec,
} from "./dicom-fixture.ts";
import { readFile } from "./file.ts";
import { readDicom } from "./read.ts";
import { DICOM_LIMITS } from "./refuse.ts";
import { isDicom } from "./start.ts";

const PIXELS = [1, 2, 3, 40000, 5, 65535];

async function refusal(bytes: Uint8Array, limits = DICOM_LIMITS): Promise<HaleError> {
  const error = await readDicom(bytes, "a.dcm", limits).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HaleError);
  expect((error as HaleError).message).toContain("a.dcm");
  return error as HaleError;
}

const storedOf = async (bytes: Uint8Array) => [...(await readDicom(bytes, "a.dcm")).scan.stored];

describe("codings", () => {
  test.each([EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])("%s gives the same pixels", async (syntax) => {
    const object = await readDicom(imageFile(PIXELS, {}, { syntax }), "a.dcm");
    expect([...object.scan.stored]).toEqual(PIXELS);
    expect(object).toMatchObject({ shape: [2, 3], transferSyntax: syntax, photometric: "MONOCHROME2" });
  });

  test("sequences of known and unknown length, in explicit and implicit files", async () => {
    for (const syntax of [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]) {
      for (const undefinedLength of [true, false]) {
        const lut = el(0x00283000, "SQ", [
          [el(0x00283002, "US", [3, 2, 16]), el(0x00283006, "US", [100, 200, 300])],
        ] as Spec[][]);
        const { scan } = await readDicom(imageFile(PIXELS, { more: [lut] }, { syntax, undefinedLength }), "a.dcm");
        expect(scan.modality).toEqual([{ kind: "table", first: 2, table: Uint16Array.of(100, 200, 300) }]);
      }
    }
  });

  test("without preamble, and without meta header", async () => {
    expect(await storedOf(imageFile(PIXELS, {}, { preamble: false }))).toEqual(PIXELS);
    for (const [explicit, littleEndian] of [
      [true, true],
      [false, true],
      [true, false],
    ]) {
      const bytes = imageFile(PIXELS, {}, { preamble: false, meta: false, explicit, littleEndian });
      expect(isDicom(bytes)).toBe(true);
      expect(await storedOf(bytes)).toEqual(PIXELS);
    }
  });

  test("a meta header without a transfer syntax, and one that names the wrong one", async () => {
    expect(await storedOf(imageFile(PIXELS, {}, { syntax: null, explicit: false }))).toEqual(PIXELS);
    expect(await storedOf(imageFile(PIXELS, {}, { syntax: EXPLICIT, explicit: false }))).toEqual(PIXELS);
    expect(await storedOf(imageFile(PIXELS, {}, { syntax: IMPLICIT, explicit: true }))).toEqual(PIXELS);
  });

  test("the preamble means nothing", async () => {
    const bytes = imageFile(PIXELS);
    bytes.set(new TextEncoder().encode("MZ<html><script>"), 0);
    expect(await storedOf(bytes)).toEqual(PIXELS);
  });

  test("a sequence of VR UN and unknown length is implicit inside", async () => {
    const item = encode([el(0x00283002, "US", [3, 2, 16]), el(0x00283006, "US", [7, 8, 9])], { explicit: false });
    const body = bytesOf(encode([el(0xfffee000, "", item)], { explicit: false }), [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    const file = imageFile(PIXELS, { more: [el(0x00283000, "UN", body, 0xffffffff)] });
    expect((await readDicom(file, "a.dcm")).scan.modality[0]).toMatchObject({ kind: "table", first: 2 });
  });

  test("padding behind the pixels is not looked at", async () => {
    expect(await storedOf(bytesOf(imageFile(PIXELS), new Uint8Array(77)))).toEqual(PIXELS);
    expect(await storedOf(bytesOf(imageFile(PIXELS), [1, 2, 3, 4, 5, 6, 7, 8, 9, 200]))).toEqual(PIXELS);
  });

  test("other files are refused", async () => {
    expect((await refusal(new Uint8Array(0))).message).toContain("empty");
    expect((await refusal(new TextEncoder().encode("not an image, but long enough to look at"))).code).toBe(
      "IMAGE_UNSUPPORTED",
    );
    const unknown = await refusal(imageFile(PIXELS, {}, { syntax: "1.2.3.4<b>" }));
    expect(unknown.message).toContain("1.2.3.4??? is unknown");
  });
});

/** A file with sequences nested to a depth, written from the inside out without calling itself. */
function nested(depth: number, undefinedLength: boolean, explicit: boolean): Uint8Array {
  const open: number[] = [];
  const close: number[] = [];
  const long = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
  const size = explicit ? 20 : 16;
  for (let i = 0; i < depth; i++) {
    const rest = (depth - i - 1) * size;
    const lengths = undefinedLength ? [0xffffffff, 0xffffffff] : [rest + 8, rest];
    open.push(0x40, 0, 0x75, 2, ...(explicit ? [0x53, 0x51, 0, 0] : []), ...long(lengths[0]));
    open.push(0xfe, 0xff, 0x00, 0xe0, ...long(lengths[1]));
    if (undefinedLength) close.push(0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0);
  }
  const data = bytesOf(
    encode(imageElements(), { explicit }),
    Uint8Array.from(open),
    Uint8Array.from(close),
    encode([el(0x7fe00010, "OW", Uint8Array.from({ length: 12 }))], { explicit }),
  );
  return bytesOf(dicomFile([], { syntax: explicit ? EXPLICIT : IMPLICIT }), data);
}

describe("limits", () => {
  for (const explicit of [true, false]) {
    for (const undefinedLength of [true, false]) {
      test(`nesting, ${explicit ? "explicit" : "implicit"}, ${undefinedLength ? "un" : ""}known lengths`, async () => {
        for (const depth of [1, 10, 50, 63, 64]) {
          expect(await storedOf(nested(depth, undefinedLength, explicit))).toHaveLength(6);
        }
        for (const depth of [65, 100, 500, 100_000]) {
          const error = await refusal(nested(depth, undefinedLength, explicit));
          expect(error.code).toBe("IMAGE_TOO_LARGE");
          expect(error.message).toContain("nested more than 64 deep");
        }
      });
    }
  }

  test("data elements: limit - 1, limit, limit + 1", async () => {
    const file = imageFile(PIXELS);
    const count = readFile(file, "a.dcm", DICOM_LIMITS).data.elements.size;
    for (const elements of [count + 1, count]) {
      expect((await readDicom(file, "a.dcm", { ...DICOM_LIMITS, elements })).shape).toEqual([2, 3]);
    }
    const error = await refusal(file, { ...DICOM_LIMITS, elements: count - 1 });
    expect(error.message).toContain(`more than ${count - 1} data elements`);
  });

  test("a million and one empty elements are refused", async () => {
    const one = encode([el(0x00091001, "LO", "")]);
    const many = new Uint8Array(one.length * 1_000_001);
    for (let at = 0; at < many.length; at += one.length) many.set(one, at);
    const error = await refusal(bytesOf(dicomFile(imageElements()), many));
    expect(error.message).toContain("more than 1000000 data elements");
  });

  test("input bytes: limit - 1, limit, limit + 1", async () => {
    const file = imageFile(PIXELS);
    for (const inputBytes of [file.length + 1, file.length]) {
      expect((await readDicom(file, "a.dcm", { ...DICOM_LIMITS, inputBytes })).shape).toEqual([2, 3]);
    }
    expect((await refusal(file, { ...DICOM_LIMITS, inputBytes: file.length - 1 })).code).toBe("IMAGE_TOO_LARGE");
  });

  test("frames: 10000 are read, 10001 are refused", async () => {
    const of = (frames: number) => imageFile(new Uint8Array(frames), { rows: 1, columns: 1, frames, allocated: 8 });
    expect((await readDicom(of(9999), "a.dcm")).shape).toEqual([9999, 1, 1]);
    expect((await readDicom(of(10_000), "a.dcm")).shape).toEqual([10_000, 1, 1]);
    expect((await refusal(of(10_001))).message).toContain("10001 frames");
  });

  test("pixels: limit - 1, limit, limit + 1, and products beyond 2^31 and 2^32", async () => {
    const file = imageFile(PIXELS);
    for (const pixels of [7, 6]) expect(await readDicom(file, "a.dcm", { ...DICOM_LIMITS, pixels })).toBeDefined();
    expect((await refusal(file, { ...DICOM_LIMITS, pixels: 5 })).code).toBe("IMAGE_TOO_LARGE");
    for (const [rows, columns, frames] of [
      [46341, 46341, 1],
      [65535, 65535, 1],
      [65535, 65535, 9999],
      [16385, 16384, 1],
    ]) {
      expect((await refusal(imageFile(PIXELS, { rows, columns, frames }))).code).toBe("IMAGE_TOO_LARGE");
    }
    // 2^28 pixels exactly pass the budget, and then are not there.
    expect((await refusal(imageFile(PIXELS, { rows: 16384, columns: 16384 }))).message).toContain("cut off");
  });

  test("deflated data that unfold beyond the budget, or 200 times, are refused before they are held", async () => {
    const file = imageFile(
      new Uint8Array(20_000).map((_, i) => (i * 7919) >> 3),
      { rows: 100, columns: 200, allocated: 8 },
      {
        syntax: DEFLATED,
      },
    );
    const { data } = readFile(file, "a.dcm", DICOM_LIMITS);
    const size = data.source.length;
    for (const inflatedBytes of [size + 1, size]) {
      expect(await readDicom(file, "a.dcm", { ...DICOM_LIMITS, inflatedBytes })).toBeDefined();
    }
    expect((await refusal(file, { ...DICOM_LIMITS, inflatedBytes: size - 1 })).code).toBe("IMAGE_TOO_LARGE");
    const bomb = imageFile(
      new Uint8Array(3_000_000),
      { rows: 1000, columns: 3000, allocated: 8 },
      { syntax: DEFLATED },
    );
    expect(bomb.length).toBeLessThan(5000);
    expect((await refusal(bomb)).code).toBe("IMAGE_TOO_LARGE");
  });
});

describe("lies", () => {
  const at = (file: Uint8Array, tag: number) => {
    const element = readFile(file, "a.dcm", DICOM_LIMITS).data.element(tag);
    return element?.offset ?? -1;
  };

  test("pixel data whose length is 0xFFFFFFF0, 0 or one byte short", async () => {
    for (const length of [0xfffffff0, 0, 11]) {
      const bytes = dicomFile([...imageElements(), el(0x7fe00010, "OW", new Uint8Array(12), length)]);
      expect((await refusal(bytes)).message).toMatch(/cut off/);
    }
  });

  test("a file that is cut at every byte is refused or read, and nothing else happens", async () => {
    const lut = el(0x00283010, "SQ", [
      [el(0x00283002, "US", [2, 0, 16]), el(0x00283006, "US", [0, 65535])],
    ] as Spec[][]);
    for (const undefinedLength of [true, false]) {
      for (const syntax of [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]) {
        const file = imageFile(PIXELS, { more: [lut] }, { syntax, undefinedLength });
        for (let length = 0; length < file.length; length++) await refusal(file.slice(0, length));
      }
    }
  });

  test("an element before the pixels that is longer than the file", async () => {
    const bytes = dicomFile([...imageElements({ more: [el(0x00091001, "OB", new Uint8Array(4), 0x7fffffff)] })]);
    await refusal(bytesOf(bytes, new Uint8Array(100)));
  });

  test("a sequence of known length with other data inside is skipped; one of unknown length is refused", async () => {
    const junk = Uint8Array.from({ length: 40 }, (_, i) => (i * 37) & 255);
    const known = imageFile(PIXELS, { more: [el(0x00081140, "SQ", junk)] });
    expect(await storedOf(known)).toEqual(PIXELS);
    await refusal(imageFile(PIXELS, { more: [el(0x00081140, "SQ", junk, 0xffffffff)] }));
  });

  test("private bytes that begin like an item are no sequence in implicit files", async () => {
    const junk = bytesOf([0xfe, 0xff, 0, 0xe0, 255, 255, 255, 127], new Uint8Array(20));
    expect(await storedOf(imageFile(PIXELS, { more: [el(0x00091001, "OB", junk)] }, { syntax: IMPLICIT }))).toEqual(
      PIXELS,
    );
  });

  test("a meta header of endless small elements, and of odd VRs", async () => {
    const one = encode([el(0x00020016, "AE", "")]);
    const many = new Uint8Array(one.length * 5000);
    for (let i = 0; i < many.length; i += one.length) many.set(one, i);
    await refusal(bytesOf(new Uint8Array(128), [0x44, 0x49, 0x43, 0x4d], many));
    await refusal(bytesOf(new Uint8Array(128), [0x44, 0x49, 0x43, 0x4d, 2, 0, 0x10, 0, 7, 200, 0, 0, 9, 9, 9, 9]));
  });

  test("objects without pixels, and rows without pixels, are told apart", async () => {
    expect((await refusal(dicomFile([el(0x00080060, "CS", "SR")]))).message).toContain("holds no image");
    expect((await refusal(dicomFile(imageElements()))).message).toContain("pixel data are missing");
  });

  test("a patient's name never gets into a message", async () => {
    const identity = [
      el(0x00100010, "PN", "SECRET^NAME"),
      el(0x00100020, "LO", "SECRET"),
      el(0x00100030, "DA", "19010101"),
    ];
    for (const options of [{ allocated: 7 }, { rows: 0 }, { photometric: "SECRET" }, { samples: 2 }]) {
      const bytes = imageFile(PIXELS, { ...options, more: identity });
      expect((await refusal(bytes)).message).not.toMatch(/SECRET|1901/);
    }
    const { instance } = await readDicom(imageFile(PIXELS, { more: identity }), "a.dcm");
    expect(instance.identity).toMatchObject({ patientName: "SECRET^NAME", patientId: "SECRET", birthDate: "19010101" });
    expect(JSON.stringify({ ...instance, identity: null })).not.toMatch(/SECRET|1901/);
  });

  test("zlib-wrapped data where raw deflate is due are refused", async () => {
    const file = imageFile(PIXELS, {}, { syntax: DEFLATED });
    const plain = readFile(file, "a.dcm", DICOM_LIMITS).data.source;
    const head = dicomFile([], { syntax: DEFLATED });
    await refusal(bytesOf(head.subarray(0, head.length - 2), zlibSync(plain)));
    expect(at(file, 0x7fe00010)).toBeGreaterThan(0);
  });
});
