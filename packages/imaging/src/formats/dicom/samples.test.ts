/**
 * @file Real files, where HALE_DATA has them: every one against its entry in index.json. Stored values must be the
 * same to the bit, also those of lossy syntaxes, but for the files in DIFFERENT, whose reasons stand there.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { describe, expect, test } from "vitest";
import "../../node/dicom.ts";
import type { Samples } from "../../volumes/scan.ts";
import { readDicom } from "./read.ts";

interface Sample {
  file: string;
  kind: string;
  transferSyntax: string | null;
  photometric?: string | null;
  damage?: string;
  decoded?: {
    shape: number[];
    dtype: string;
    min: number;
    max: number;
    mean: number;
    sha256LittleEndian: string;
  } | null;
}

/** Where we differ from the reference decoders, and why ours is right. */
const DIFFERENT: Record<string, { min: number; max: number; why: string }> = {
  "valid/SC_rgb_small_odd_big_endian.dcm": {
    min: 52,
    max: 176,
    why: "big-endian words of 8-bit samples swap (PS3.5, 7.3)",
  },
  "valid/mlut_18.dcm": { min: -2048, max: 2047, why: "12 signed bits in 16, the reference does not extend their sign" },
  "valid/JLSL_16_15_1_1F.dcm": { min: -16384, max: 16383, why: "15 signed bits in 16, the same" },
};
/** Refused although a reference decoder gives pixels. */
const REFUSED: Record<string, string> = {
  "malformed/JPEG2000-embedded-sequence-delimiter.dcm":
    "its code stream declares another size: its header was overwritten",
};
/** Read although the reference decoders have no answer. */
const READ = [
  "valid/HTJ2K_08_RGB.dcm",
  "valid/CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
  "valid/CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
];

const data = process.env.HALE_DATA;
const root = join(data ?? "", "dicom-samples");
const samples: Sample[] = data ? JSON.parse(readFileSync(join(root, "index.json"), "utf8")) : [];
const open = (file: string) => readDicom(new Uint8Array(readFileSync(join(root, file))), file);

function statisticsOf(values: Samples) {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const sha256 = createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");
  return { min, max, mean: sum / values.length, sha256 };
}

describe.skipIf(!data)("dicom-samples", () => {
  for (const sample of samples.filter(({ decoded, file }) => decoded && !REFUSED[file])) {
    test(sample.file, async () => {
      const object = await open(sample.file);
      const decoded = sample.decoded as NonNullable<Sample["decoded"]>;
      const { min, max, mean, sha256 } = statisticsOf(object.coded);
      expect(object.shape).toEqual(decoded.shape);
      expect(object.photometric).toBe(sample.photometric);
      expect(object.transferSyntax).toBe(sample.transferSyntax);
      expect(object.coded.constructor.name.toLowerCase()).toContain(
        decoded.dtype.replace(/^>i2$/, "int16").replace(/^>u2$/, "uint16"),
      );
      const other = DIFFERENT[sample.file];
      if (other)
        expect({ min, max, sha256 }).toMatchObject({
          min: other.min,
          max: other.max,
          sha256: expect.not.stringMatching(decoded.sha256LittleEndian),
        });
      else {
        expect({ min, max, sha256 }).toEqual({
          min: decoded.min,
          max: decoded.max,
          sha256: decoded.sha256LittleEndian,
        });
        expect(mean).toBeCloseTo(decoded.mean, 5);
      }
    });
  }

  for (const { file } of samples.filter((sample) => !sample.decoded || REFUSED[sample.file])) {
    test(`${file}: read or refused, within two seconds`, async () => {
      const start = performance.now();
      const error = await open(file).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(performance.now() - start).toBeLessThan(READ.includes(file) ? 20_000 : 2000);
      if (error !== null) {
        expect(error).toBeInstanceOf(HaleError);
        expect((error as HaleError).code).toMatch(/^IMAGE_/);
      }
      if (READ.includes(file)) expect(error).toBeNull();
      if (file.startsWith("no-pixels/")) expect((error as HaleError).message).toContain("holds no image");
      if (REFUSED[file]) expect((error as HaleError).message).toContain("a compressed frame has");
    });
  }

  test("one CT picture: every lossless syntax gives the same pixels, lossy ones are near", async () => {
    const picture = (await open("valid/CTImage.dcm")).scan.stored;
    for (const { file } of samples.filter((sample) => /^valid\/CTImage\.dcm_/.test(sample.file))) {
      const { scan } = await open(file);
      if (/JPEGProcess(1T|2|6|10)/.test(file)) continue; // Its values were shifted and scaled before it was encoded.
      const worst = Array.from(scan.stored).reduce((most, value, i) => Math.max(most, Math.abs(value - picture[i])), 0);
      expect(worst, file).toBeLessThanOrEqual(/JPEGLSLossy/.test(file) ? 2 : /JPEG2000Transfer/.test(file) ? 200 : 0);
    }
  });
});
