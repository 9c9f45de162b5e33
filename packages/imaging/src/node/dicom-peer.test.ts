/**
 * @file Pixel by pixel against pydicom and imagecodecs, where HALE_DATA has the files and HALE_DICOM_PYTHON names a
 * Python with pydicom, numpy, pillow and imagecodecs. Samples are compared as they are coded, before colour is
 * converted. Prints the figures.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readDicom } from "../formats/dicom/read.ts";
import "./dicom.ts";
import { ARRAYS } from "../volumes/samples.ts";

/** Most that a sample of a lossy syntax may differ by, for rounding in other builds of the same algorithms. */
const LOSSY_TOLERANCE = 2;

const python = process.env.HALE_DICOM_PYTHON;
const data = process.env.HALE_DATA;

interface Answer {
  file: string;
  by?: string;
  shape?: number[];
  dtype?: string;
  bin?: string;
  error?: string;
}

test.skipIf(!python || !data)("pydicom and imagecodecs see the same pixels", async () => {
  const root = join(data as string, "dicom-samples");
  const out = mkdtempSync(join(tmpdir(), "hale-peer-"));
  const script = fileURLToPath(new URL("../../../../bench/peers/dicom_pixels.py", import.meta.url));
  const equal: string[] = [];
  const near: string[] = [];
  const alone: string[] = [];
  const different: string[] = [];
  try {
    const lines = execFileSync(python as string, [script, root, out], { encoding: "utf8", maxBuffer: 2 ** 26 });
    for (const answer of lines
      .trim()
      .split("\n")
      .map((line): Answer => JSON.parse(line))) {
      if (answer.file.startsWith("damaged/")) continue;
      const ours = await readDicom(new Uint8Array(readFileSync(join(root, answer.file))), answer.file).catch(
        () => null,
      );
      if (!ours || !answer.bin) {
        if (ours || answer.bin)
          alone.push(`${answer.file}: ${ours ? `ours only (${answer.error})` : `${answer.by} only`}`);
        continue;
      }
      const bytes = readFileSync(join(out, answer.bin));
      const theirs = new ARRAYS[answer.dtype as keyof typeof ARRAYS](
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      );
      const label = `${answer.file} (${answer.by})`;
      if (theirs.length !== ours.coded.length || theirs.constructor !== ours.coded.constructor) {
        different.push(`${label}: ${answer.dtype} ${answer.shape} and ${ours.coded.constructor.name} ${ours.shape}`);
        continue;
      }
      let worst = 0;
      for (let i = 0; i < theirs.length; i++) worst = Math.max(worst, Math.abs(theirs[i] - ours.coded[i]));
      if (worst === 0) equal.push(label);
      else if (worst <= LOSSY_TOLERANCE && /\.(50|51|53|55|81|91|203)$/.test(ours.transferSyntax))
        near.push(`${label}: ${worst}`);
      else different.push(`${label}: ${worst}`);
    }
  } finally {
    rmSync(out, { recursive: true });
  }
  console.info(`${equal.length} equal, ${near.length} within ${LOSSY_TOLERANCE}, ${alone.length} read by one only`);
  console.info([...near, ...alone, ...different.map((line) => `DIFFERENT ${line}`)].join("\n"));
  expect(equal.length).toBeGreaterThan(40);
  expect(different).toEqual([]);
});
