import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "fflate";
import { describe, expect, test, vi } from "vitest";
import { decodeText } from "../charset.ts";
import { el, imageFile } from "../dicom-fixture.ts";
import { DICOM_LIMITS } from "../refuse.ts";
import { cleanValue } from "./elements.ts";
import { segmentation } from "./segmentation.ts";
import { sourceInstance } from "./source.ts";
import {
  ctBytes,
  DETECTOR,
  type Found,
  FRAME_UID,
  fixedMaking,
  multiFrameBytes,
  PLANTED,
  radiographBytes,
  readBack,
  SERIES_UID,
} from "./source-fixture.ts";
import { dateTime, decimal, encodeObject, uidOfUuid } from "./write.ts";

const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

const LOSSY = [
  ...[0x00080016, 0x00080018, 0x0020000d, 0x0020000e].map((tag, i) => el(tag, "UI", `1.2.${i}`)),
  el(0x00282110, "CS", "00"),
];

/** A segmentation of a blank map of the source, read back: the way by which names travel. */
function written(bytes: Uint8Array<ArrayBuffer>) {
  const instance = sourceInstance(bytes, "a.dcm");
  const { columns, rows } = instance;
  const map = {
    size: [columns, rows, 1] as const,
    values: new Float32Array(columns * rows),
    affine: null,
    sourceOf: () => ({ instance, frame: 1 }),
  };
  return segmentation({ map, detector: DETECTOR, threshold: 1 }, fixedMaking());
}

const carried = (bytes: Uint8Array<ArrayBuffer>) => readBack(written(bytes));

/** The file with other bytes of the same length in place of some; character sets that dcmjs does not write come so. */
function patched(bytes: Uint8Array<ArrayBuffer>, old: Uint8Array, fresh: Uint8Array): Uint8Array<ArrayBuffer> {
  expect(fresh.length).toBe(old.length);
  const copy = bytes.slice();
  const at = copy.findIndex((_, i) => old.every((byte, k) => copy[i + k] === byte));
  expect(at).toBeGreaterThan(0);
  copy.set(fresh, at);
  return copy;
}

/** The same data set in Deflated Explicit VR Little Endian. */
function deflated(bytes: Uint8Array<ArrayBuffer>, fill = 0): Uint8Array<ArrayBuffer> {
  const plain = latin("1.2.840.10008.1.2.1\0");
  const at = bytes.findIndex((_, i) => plain.every((byte, k) => bytes[i + k] === byte));
  const head = new Uint8Array(bytes.subarray(0, at));
  const view = new DataView(bytes.buffer);
  const metaEnd = 144 + view.getUint32(140, true);
  const syntax = latin("1.2.840.10008.1.2.1.99");
  const rest = bytes.subarray(at + plain.length, metaEnd);
  const body = deflateSync(Uint8Array.from([...bytes.subarray(metaEnd), ...new Uint8Array(fill)]));
  const out = Uint8Array.from([...head, ...syntax, ...rest, ...body]);
  const outView = new DataView(out.buffer);
  outView.setUint32(140, view.getUint32(140, true) + syntax.length - plain.length, true);
  outView.setUint16(at - 2, syntax.length, true);
  return out;
}

describe("a source", () => {
  test("tells whom it shows, how it is referred to and where it lies", () => {
    const source = sourceInstance(ctBytes(2), "a.dcm");
    expect(source).toMatchObject({
      sopInstanceUid: `${SERIES_UID}.3`,
      seriesUid: SERIES_UID,
      studyUid: PLANTED.StudyInstanceUID,
      frameOfReferenceUid: FRAME_UID,
      modality: "CT",
      rows: 3,
      columns: 5,
      frames: 1,
      modules: { PatientName: PLANTED.PatientName, PatientAge: "068Y", AccessionNumber: PLANTED.AccessionNumber },
      image: { BodyPartExamined: "HEAD" },
    });
    expect(source.planes).toEqual([
      { position: [-10, 1, 24], orientation: [1, 0, 0, 0, 0.8, 0.6], spacing: [0.7, 0.6], thickness: 2.5 },
    ]);
  });

  test("of many frames places each, with shared and own groups", () => {
    const { planes } = sourceInstance(multiFrameBytes(3), "mf.dcm");
    expect(planes.map((plane) => plane?.position[2])).toEqual([0, 2, 4]);
    expect(planes[2]).toMatchObject({ spacing: [1.5, 1.25], thickness: 2 });
  });

  test("in a syntax that always loses something is lossy, whatever it says", () => {
    for (const process of [50, 51, 53, 55]) {
      const file = imageFile([1, 2, 3, 4, 5, 6], { more: LOSSY }, { syntax: `1.2.840.10008.1.2.4.${process}` });
      expect(sourceInstance(file, "a.dcm").image, `${process}`).toMatchObject({
        LossyImageCompression: "01",
        LossyImageCompressionMethod: "ISO_10918_1",
        LossyImageCompressionRatio: "1",
      });
    }
  });

  test("without a place has none", () => {
    expect(sourceInstance(radiographBytes(), "cr.dcm")).toMatchObject({ frameOfReferenceUid: null, planes: [null] });
  });

  test("is the same from a deflated file, which may not inflate beyond the budget", () => {
    const [plain, packed] = [ctBytes(), deflated(ctBytes())];
    expect(sourceInstance(packed, "a.dcm")).toEqual(sourceInstance(plain, "a.dcm"));
    const bomb = deflated(ctBytes(), 5_000_000);
    expect(bomb.length).toBeLessThan(20_000);
    expect(() => sourceInstance(bomb, "a.dcm", { ...DICOM_LIMITS, inflatedBytes: 1_000_000 })).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
  });

  test.each([
    ["nothing", new Uint8Array(0), "IMAGE_CORRUPT"],
    ["text", latin("hello ".repeat(100)), "IMAGE_UNSUPPORTED"],
    ["half a file", ctBytes().slice(0, 400), "IMAGE_CORRUPT"],
    ["no image", ctBytes(0, 5, 3, { Rows: undefined }), "IMAGE_UNSUPPORTED"],
    ["no study", ctBytes(0, 5, 3, { StudyInstanceUID: undefined }), "IMAGE_UNSUPPORTED"],
    ["an identifier that is none", ctBytes(0, 5, 3, { SeriesInstanceUID: "none" }), "IMAGE_UNSUPPORTED"],
    ["10 001 frames", ctBytes(0, 5, 3, { NumberOfFrames: 10_001 }), "IMAGE_TOO_LARGE"],
  ])("is refused: %s", (_, bytes, code) => {
    expect(() => sourceInstance(bytes as Uint8Array, "scan.dcm")).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    [63, null],
    [64, null],
    [65, "IMAGE_TOO_LARGE"],
    [500, "IMAGE_TOO_LARGE"],
  ])("with sequences %i deep: %s", (depth, code) => {
    let nested: Found = { ReferencedSOPClassUID: "1.2" };
    for (let k = 1; k < depth; k++) nested = { ReferencedStudySequence: [nested] };
    const read = () => sourceInstance(ctBytes(0, 5, 3, { ReferencedStudySequence: [nested] }), "a.dcm");
    if (code) expect(read).toThrow(expect.objectContaining({ code }));
    else expect(read().modules.ReferencedStudySequence).toHaveLength(1);
  });

  test("of 10 000 frames is not", () => {
    expect(sourceInstance(ctBytes(0, 5, 3, { NumberOfFrames: 10_000 }), "a.dcm").frames).toBe(10_000);
  });
});

describe("what is carried on", () => {
  test.each(["Müller^Jürgen", "Yamada^Tarou=山田^太郎=やまだ^たろう", "<script>alert(1)</script>^X", "Иванов^Иван"])(
    "the name %s survives",
    (name) => {
      expect(String(carried(ctBytes(0, 5, 3, { PatientName: name })).PatientName)).toBe(name);
    },
  );

  test("text inside sequences is read by the file's character set", () => {
    // By our own reader: dcmjs takes it for Latin-1.
    const [other] = sourceInstance(written(ctBytes()), "seg.dcm").modules.OtherPatientIDsSequence as Found[];
    expect(other).toEqual({ PatientID: "ALT-99", IssuerOfPatientID: "Klinik Süd", TypeOfPatientID: "TEXT" });
  });

  test("Latin-1 becomes UTF-8", () => {
    const bytes = ctBytes(0, 5, 3, { PatientName: "Mxller^Jxrgen" });
    const named = patched(bytes, latin("Mxller^Jxrgen"), latin("M\xfcller^J\xfcrgen"));
    expect(String(carried(patched(named, latin("ISO_IR 192"), latin("ISO_IR 100"))).PatientName)).toBe("Müller^Jürgen");
  });

  test("the object is of the source's patient and study, and of a series of its own", () => {
    const object = carried(ctBytes());
    expect(object).toMatchObject({
      PatientID: PLANTED.PatientID,
      StudyInstanceUID: PLANTED.StudyInstanceUID,
      StudyDate: "20210304",
    });
    expect(object).toMatchObject({
      Manufacturer: "hale",
      SoftwareVersions: "0.3.1",
      ContentDate: "20260102",
      ContentTime: "040405",
    });
    expect(object.SeriesInstanceUID).not.toBe(SERIES_UID);
  });

  test("dates are of the source's time zone where it states one", () => {
    expect(carried(ctBytes(0, 5, 3, { TimezoneOffsetFromUTC: "-0500" }))).toMatchObject({
      TimezoneOffsetFromUTC: "-0500",
      ContentDate: "20260101",
      ContentTime: "220405",
    });
  });

  test("malformed values are mended or emptied, and nothing is printed", () => {
    const spies = (["warn", "error", "log", "info"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => {}),
    );
    const bytes = ctBytes(0, 5, 3, {
      PatientBirthDate: "2003",
      PatientSex: "X",
      StudyDescription: "ÄÖÜß".repeat(30),
    });
    const object = carried(bytes);
    expect(object.PatientBirthDate).toBeFalsy();
    expect(object.StudyDescription).toBe("ÄÖÜß".repeat(16));
    expect(object.PatientSex).toBeFalsy();
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });

  test("a trial without its required parts is left out", () => {
    const trial = { ClinicalTrialSponsorName: "S", ClinicalTrialProtocolID: "P" };
    expect(carried(ctBytes(0, 5, 3, trial)).ClinicalTrialSponsorName).toBeUndefined();
    const whole = carried(ctBytes(0, 5, 3, { ...trial, ClinicalTrialSubjectID: "7" }));
    expect(whole).toMatchObject({ ClinicalTrialSponsorName: "S", ClinicalTrialSubjectID: "7" });
  });
});

// Bytes of PS3.5 annexes H, I and K.
test.each([
  [
    "ISO 2022 IR 87",
    ["", "ISO 2022 IR 87"],
    "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
  ],
  [
    "ISO 2022 IR 13 and 87",
    ["ISO 2022 IR 13", "ISO 2022 IR 87"],
    "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
    "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
  ],
  [
    "ISO 2022 IR 149",
    ["", "ISO 2022 IR 149"],
    "Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    "Hong^Gildong=洪^吉洞=홍^길동",
  ],
  [
    "ISO 2022 IR 58",
    ["", "ISO 2022 IR 58"],
    "Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
    "Zhang^XiaoDong=张^小东=",
  ],
  ["GB18030", ["GB18030"], "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"],
  ["ISO_IR 144", ["ISO_IR 144"], "\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3", "Люксембург"],
  ["Latin-1 without a term", [], "Buc^J\xe9r\xf4me", "Buc^Jérôme"],
  ["an unknown term", ["UNKNOWN"], "Buc^J\xe9r\xf4me", "Buc^Jérôme"],
  [
    "Latin-1, then Greek by escape",
    ["ISO 2022 IR 100", "ISO 2022 IR 126"],
    "J\xe9r\xf4me \x1b-F\xc4\xe9^J\xe9",
    "Jérôme Δι^Jé",
  ],
])("text in %s", (_, terms, bytes, text) => {
  expect(decodeText(latin(bytes), terms)).toBe(text);
});

test("values take the form of their representation, or none", () => {
  expect(cleanValue("DA", "2004.01.19")).toBe("20040119");
  expect(cleanValue("DA", "19 Jan")).toBeNull();
  expect(cleanValue("TM", "10:11:12")).toBe("101112");
  expect(cleanValue("CS", "head ")).toBeNull();
  expect(cleanValue("LO", "x".repeat(70))).toBe("x".repeat(64));
  expect(cleanValue("PN", `${"x".repeat(70)}^y=${"山".repeat(70)}`)).toBe(`${"x".repeat(64)}=${"山".repeat(64)}`);
  expect(cleanValue("UI", "1.2.3\0")).toBe("1.2.3");
  expect(cleanValue("UI", "1.02.3")).toBeNull();
  expect(cleanValue("DS", "0.33333333333333333333")).toBe("0.333333333");
  expect(cleanValue("SH", "a\u0007b")).toBe("ab");
});

test("numbers fit 16 characters, as near as these allow", () => {
  for (const value of [0, -0.1, 1 / 3, -1 / 3, 1e-7 / 3, -1.2345678901234e-101, 123456789.12345679, -1e21, 5e-324]) {
    const text = decimal(value);
    expect(text.length).toBeLessThanOrEqual(16);
    expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(1e-8 * Math.abs(value));
  }
});

test("the largest number stays one", () => {
  expect(decimal(Number.MAX_VALUE)).toBe("1.79769313e+308");
});

test("a value that is too long is refused without being quoted", () => {
  const name = "Geheim".repeat(20);
  expect(() => encodeObject({ SOPClassUID: "1.2", SOPInstanceUID: "1.3", PatientName: name })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", message: expect.not.stringContaining("Geheim") }),
  );
});

test("UIDs are UUIDs as decimal numbers, and dates are local", () => {
  expect(uidOfUuid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")).toBe("2.25.329800735698586629295641978511506172918");
  expect(dateTime(new Date("2026-01-01T23:30:00Z"), 60)).toEqual({ date: "20260102", time: "003000" });
});

test("a keyword that the dictionary lacks is not dropped in silence", () => {
  expect(() => encodeObject({ SOPClassUID: "1.2", SOPInstanceUID: "1.3", PatientsName: "x" })).toThrow("PatientsName");
  expect(() => encodeObject({ SOPClassUID: "1.2", SOPInstanceUID: "1.3", SegmentSequence: [{ Unknown: 1 }] })).toThrow(
    "Unknown",
  );
});

test("the preamble is empty", () => {
  expect(ctBytes().subarray(0, 132)).toEqual(Uint8Array.from([...new Uint8Array(128), ...latin("DICM")]));
});

const samples = process.env.HALE_DATA && join(process.env.HALE_DATA, "dicom-samples");
describe.skipIf(!samples)("sample files", () => {
  const index = samples
    ? (JSON.parse(readFileSync(join(samples, "index.json"), "utf8")) as {
        file: string;
        kind: string;
        rows: number;
        columns: number;
        frames: number;
      }[])
    : [];

  // Bare pictures of codec tests, without identifiers of series or study.
  const lacking = /(JPEGLSNearLossless_(08|16)|JLSL_16_15_1_1F|HTJ2K_08_RGB)\.dcm$/;

  test("valid ones are sources of the size that the index tells, or lack identifiers", () => {
    for (const { file, kind, rows, columns, frames } of index) {
      if (kind !== "valid" || !rows) continue;
      const read = () => sourceInstance(readFileSync(join(samples!, file)), file);
      if (lacking.test(file)) expect(read, file).toThrow(expect.objectContaining({ code: "IMAGE_UNSUPPORTED" }));
      else expect(read(), file).toMatchObject({ rows, columns, frames: frames ?? 1 });
    }
  });

  test("a lossy one says so, by which method and ratio", () => {
    const { image } = sourceInstance(readFileSync(join(samples!, "valid/JPEG-lossy.dcm")), "JPEG-lossy.dcm");
    expect(image).toMatchObject({ LossyImageCompression: "01", LossyImageCompressionMethod: "ISO_10918_1" });
    expect(Number(image.LossyImageCompressionRatio)).toBeGreaterThan(1);
  });

  test("all others are sources or are refused, never worse", () => {
    for (const { file, kind } of index) {
      if (kind === "valid") continue;
      try {
        sourceInstance(readFileSync(join(samples!, file)), file);
      } catch (error) {
        expect(error, file).toMatchObject({ name: "HaleError", code: expect.stringMatching(/^IMAGE_/) });
      }
    }
  });
});
