import { beforeAll, describe, expect, test } from "vitest";
import { emptyRaster } from "../../../raster/raster.ts";
import { deidentifySources } from "./deidentify.ts";
import { parametricMap } from "./parametric-map.ts";
import { secondaryCapture } from "./secondary-capture.ts";
import { segmentation } from "./segmentation.ts";
import { type SourceInstance, sourceInstance } from "./source.ts";
import { ctBytes, ctStack, DETECTOR, FRAME_UID, fixedMaking, PLANTED, readBack, SERIES_UID } from "./source-fixture.ts";
import { structuredReport } from "./structured-report.ts";

const KEY = new Uint8Array(32).fill(42);

/** Every string planted in the sources, and what tells when and where. */
const SECRETS = [
  "Müller",
  "Jürgen",
  PLANTED.PatientID,
  PLANTED.PatientBirthDate,
  PLANTED.StudyInstanceUID,
  SERIES_UID,
  FRAME_UID,
  PLANTED.StudyDate,
  PLANTED.AccessionNumber,
  "Überweiser",
  "Schädel",
  "ALT-99",
  "Klinik",
  "068Y",
  "101112",
  "2026",
  "SPONSOR-X",
];

const TRIAL = {
  ClinicalTrialSponsorName: "SPONSOR-X",
  ClinicalTrialProtocolID: "P1",
  ClinicalTrialSubjectID: "SPONSOR-X-7",
};

function objectsOf(sources: SourceInstance[]): Record<string, Uint8Array<ArrayBuffer>> {
  const map = {
    size: [5, 3, sources.length] as const,
    values: new Float32Array(15 * sources.length).fill(0.25),
    affine: null,
    sourceOf: (slice: number) => ({ instance: sources[slice], frame: 1 }),
  };
  const pictures = sources.map((instance) => ({ raster: emptyRaster(5, 3, 3), source: { instance, frame: 1 } }));
  return {
    map: parametricMap({ map, detector: DETECTOR, maximum: 1 }, fixedMaking()),
    segmentation: segmentation({ map, detector: DETECTOR, threshold: 0.2 }, fixedMaking()),
    picture: secondaryCapture({ pictures, detector: DETECTOR }, fixedMaking()),
    report: structuredReport(
      { sources, score: 1, threshold: 0.5, decision: "above", falseAlarmRate: 0.1, detector: DETECTOR },
      fixedMaking(),
    ),
  };
}

/** Whether the UTF-8 of `text` is anywhere in the bytes. */
function holds(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).includes(Buffer.from(text, "utf8"));
}

describe("de-identified objects", () => {
  const stack = () => Array.from({ length: 3 }, (_, k) => sourceInstance(ctBytes(k, 5, 3, TRIAL), "a.dcm"));
  let plain: Record<string, Uint8Array<ArrayBuffer>>;
  let objects: Record<string, Uint8Array<ArrayBuffer>>;
  beforeAll(async () => {
    plain = objectsOf(stack());
    objects = objectsOf(await deidentifySources(stack(), { key: KEY, pseudonym: "Subject-001" }));
  });

  test("hold none of the planted names, numbers, dates and UIDs, which the others do", () => {
    for (const [kind, bytes] of Object.entries(objects)) {
      for (const secret of SECRETS) {
        expect(holds(bytes, secret), `${kind} holds ${secret}`).toBe(false);
        expect(
          Object.values(plain).some((other) => holds(other, secret)),
          `no plain object holds ${secret}`,
        ).toBe(true);
      }
    }
  });

  test("say that identity was removed, and how", () => {
    for (const bytes of Object.values(objects)) {
      const object = readBack(bytes);
      expect(object).toMatchObject({
        PatientID: "Subject-001",
        PatientIdentityRemoved: "YES",
        ContentDate: "19000101",
      });
      expect(object).toMatchObject({ LongitudinalTemporalInformationModified: "REMOVED" });
      expect(object.DeidentificationMethodCodeSequence[0]).toMatchObject({
        CodeValue: "113100",
        CodingSchemeDesignator: "DCM",
      });
      expect(object.StudyDate).toBeFalsy();
      expect(object.PatientSex).toBeFalsy();
    }
  });

  test("agree on the new study and frame of reference", () => {
    const [map, seg, picture, report] = Object.values(objects).map(readBack);
    expect(new Set([map, seg, picture, report].map((object) => object.StudyInstanceUID)).size).toBe(1);
    expect(map.FrameOfReferenceUID).toBe(seg.FrameOfReferenceUID);
    expect(map.FrameOfReferenceUID).toMatch(/^2\.25\.\d+$/);
    const uids = map.ReferencedSeriesSequence[0].ReferencedInstanceSequence.map(
      (item: { ReferencedSOPInstanceUID: string }) => item.ReferencedSOPInstanceUID,
    );
    expect(new Set(uids).size).toBe(3);
  });
});

test("the same UID and key give the same new UID; another key another", async () => {
  const [a, b, c] = await Promise.all(
    [KEY, KEY, new Uint8Array(32)].map(async (key) =>
      (await deidentifySources(ctStack(2), { key })).map((source) => source.sopInstanceUid),
    ),
  );
  expect(a).toEqual(b);
  expect(a).not.toEqual(c);
});

test("HMAC-SHA-256 of the old UID gives the new one", async () => {
  const { createHmac } = await import("node:crypto");
  const [source] = await deidentifySources(ctStack(1), { key: KEY });
  const mac = createHmac("sha256", KEY).update(`${SERIES_UID}.1`).digest("hex").slice(0, 32);
  expect(source.sopInstanceUid).toBe(`2.25.${BigInt(`0x${mac}`)}`);
});

test("without a pseudonym, name and id are empty", async () => {
  const [source] = await deidentifySources(ctStack(1), { key: KEY });
  expect(source.modules).toMatchObject({ PatientName: null, PatientID: null, PatientBirthDate: null });
});

test.each([
  ["a short key", { key: new Uint8Array(15) }],
  ["a pseudonym with a backslash", { key: KEY, pseudonym: "a\\b" }],
  ["a pseudonym of 65 letters", { key: KEY, pseudonym: "x".repeat(65) }],
  ["an empty pseudonym", { key: KEY, pseudonym: " " }],
])("%s is refused", async (_, how) => {
  await expect(deidentifySources(ctStack(1), how)).rejects.toMatchObject({ code: "OPTION_INVALID" });
});

test("a picture of pixels with text in them is refused", async () => {
  const marked = [sourceInstance(ctBytes(0, 5, 3, { BurnedInAnnotation: "YES" }), "a.dcm")];
  const [instance] = await deidentifySources(marked, { key: KEY });
  const pictures = [{ raster: emptyRaster(5, 3, 3), source: { instance, frame: 1 } }];
  expect(() => secondaryCapture({ pictures, detector: DETECTOR })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
});
