/**
 * @file The registry of formats: a format that is made up here is read like the others, and what people are told of formats is
 * true. `HALE_WRITE_DOCS=1 npx vitest run` of this file writes docs/formats.md anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { imageFile } from "../formats/dicom/dicom-fixture.ts";
import { GREY_JPEG } from "../formats/jpeg/jpeg-fixture.ts";
import { niftiBytes } from "../formats/nifti/nifti-fixture.ts";
import { pictureReader } from "../formats/picture-reader.ts";
import { makePng } from "../formats/png/png-fixture.ts";
import type { Reader } from "../formats/reader.ts";
import { LZW_TIFF } from "../formats/tiff/tiff-fixture.ts";
import { holds } from "../raster/bytes.ts";
import { checkSize, corrupt } from "../raster/limits.ts";
import type { Raster } from "../raster/raster.ts";
import { defaultNormalisation } from "../volumes/normalise.ts";
import { type ScanInput, type SliceSelection, sliceScan } from "../volumes/slices.ts";
import { guard } from "./guard/guard.ts";
import { openGiven, serve } from "./guard/serve.ts";
import { readerNamed, withoutExtension } from "./names.ts";
import { decodeImage, readImageFile } from "./read.ts";
import { HEAD_BYTES, headBytesOf, isPicture, kindOf, READERS, readerOf, titlesOf } from "./registry.ts";

/** Netpbm's grey pictures of 8 bits: all that a format takes. */
function decodePgm(bytes: Uint8Array, name: string): Raster {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 64));
  const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(text);
  if (!header) throw corrupt(name, "its header is malformed");
  const [width, height] = [Number(header[1]), Number(header[2])];
  checkSize(name, width, height);
  const data = bytes.slice(header[0].length, header[0].length + width * height);
  if (data.length < width * height) throw corrupt(name, "it breaks off");
  return { width, height, channels: 1, maxValue: 255, data };
}

const pgm = pictureReader(
  { kind: "pgm", title: "PGM", extensions: ["pgm"], headBytes: 2, recognises: (head) => holds(head, [0x50, 0x35]) },
  async () => decodePgm,
);
const WITH_PGM: readonly Reader[] = [...READERS, pgm];
const FILE = new Uint8Array([...new TextEncoder().encode("P5\n3 2\n255\n"), 1, 2, 3, 4, 5, 250]);

test("a format of one reader is told, read, decoded and sliced as the others are", async () => {
  expect(kindOf(FILE)).toBeNull();
  expect(kindOf(FILE.subarray(0, 2), WITH_PGM)).toBe("pgm");
  expect(isPicture(FILE, WITH_PGM)).toBe(true);
  const file = await readImageFile(FILE, "a.pgm", undefined, WITH_PGM);
  expect(file).toMatchObject({ kind: "pgm", shape: [2, 3], stored: Uint8Array.of(1, 2, 3, 4, 5, 250) });
  expect(await decodeImage(FILE, "a.pgm", WITH_PGM)).toMatchObject({ width: 3, height: 2, maxValue: 255 });
  const [scan] = file.scans;
  const normalisation = defaultNormalisation(scan);
  expect(normalisation).toEqual({ kind: "full-scale" });
  const slices: SliceSelection = { axis: "stored", unit: "index", from: 0, to: 0 };
  const input: ScanInput = { normalisation, slices, leastForeground: 0, crop: null, square: false };
  const { raster } = sliceScan(scan, input, "a.pgm").picture(0);
  expect(raster.data[5]).toBeCloseTo(250 / 255, 6);
});

test("its names and title are known wherever those of all formats are", async () => {
  expect(readerNamed("scans/A.PGM", WITH_PGM)).toBe(pgm);
  expect(withoutExtension("scans/a.b.PGM", WITH_PGM)).toBe("scans/a.b");
  const refusal = readImageFile(new Uint8Array(500), "b", undefined, WITH_PGM);
  await expect(refusal).rejects.toThrow(/none of DICOM, PNG, JPEG, TIFF, NRRD, NIfTI, MetaImage and PGM/);
  await expect(decodeImage(new Uint8Array(500), "b", WITH_PGM)).rejects.toThrow(/neither PNG, JPEG, TIFF nor PGM/);
});

test("the guard's worker serves it: by the same messages, with the same refusals", async () => {
  const reader = guard(({ answered }) => {
    queueMicrotask(() => answered({ kind: "ready" }));
    return {
      async post(message, handOver) {
        const request = structuredClone(message, { transfer: handOver });
        const [answer, back] = await serve(request, openGiven, async () => "hash", WITH_PGM);
        answered(structuredClone(answer, { transfer: back }));
      },
      end() {},
      busy() {},
    };
  });
  const here = await readImageFile(FILE, "a.pgm", undefined, WITH_PGM);
  expect(await reader.read({ bytes: FILE }, "a.pgm")).toEqual(here);
  expect(await reader.picture({ bytes: FILE }, "a.pgm")).toMatchObject({ width: 3, height: 2 });
  expect(await reader.summarise({ bytes: FILE }, "a.pgm")).toMatchObject({ kind: "pgm", max: 250, sha256: "hash" });
  const cut = reader.read({ bytes: FILE.subarray(0, 14) }, "a.pgm");
  await expect(cut).rejects.toMatchObject({ code: "IMAGE_CORRUPT", fault: expect.stringContaining("breaks off") });
  reader.close();
});

test("kinds and extensions are one reader's each, and heads are as long as the longest look", () => {
  const kinds = READERS.map(({ kind }) => kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  const extensions = READERS.flatMap((reader) => reader.extensions);
  expect(new Set(extensions).size).toBe(extensions.length);
  for (const extension of extensions) expect(extension).toMatch(/^[a-z0-9]+(\.gz)?$/);
  expect(HEAD_BYTES).toBe(headBytesOf(READERS));
});

test("the head of a file is enough to tell its format, of each reader the bytes that it says", () => {
  const text = (lines: string) => new Uint8Array([...new TextEncoder().encode(lines), ...new Uint8Array(600)]);
  const files: Record<string, Uint8Array> = {
    dicom: imageFile([1, 2, 3, 4, 5, 6]),
    png: makePng({ width: 2, height: 2, depth: 8, colour: 0 }, [1, 2, 3, 4]),
    jpeg: GREY_JPEG,
    tiff: LZW_TIFF,
    nrrd: text("NRRD0004\ntype: uchar\ndimension: 2\nsizes: 2 2\nencoding: raw\n\n"),
    nifti: niftiBytes(),
    metaimage: text("NDims = 2\nDimSize = 2 2\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"),
  };
  for (const reader of READERS) {
    const file = files[reader.kind];
    expect(kindOf(file), reader.kind).toBe(reader.kind);
    expect(kindOf(file.subarray(0, HEAD_BYTES)), reader.kind).toBe(reader.kind);
    expect(reader.recognises(file.subarray(0, reader.headBytes)), reader.kind).toBe(true);
    for (const other of READERS) if (other !== reader) expect(other.recognises(file), other.kind).toBe(false);
  }
});

test("of names the longest extension counts, in any case, in either notation of folders", () => {
  expect(withoutExtension("a/p07.nii.gz")).toBe("a/p07");
  expect(withoutExtension("C:\\a.png\\p07.NII")).toBe("C:\\a.png\\p07");
  expect(withoutExtension("a.png/p07")).toBe("a.png/p07");
  expect(readerNamed("p07.gz")).toBeNull();
  expect(readerNamed("p07.HDR")?.kind).toBe("nifti");
  expect(readerOf(new Uint8Array(0))).toBeNull();
});

test("docs/formats.md is made of the registry", () => {
  const path = fileURLToPath(new URL("../../../../docs/formats.md", import.meta.url));
  const rows = READERS.map(
    ({ kind, title, extensions, decode }) =>
      `| ${title} | \`${kind}\` | ${extensions.map((one) => `\`.${one}\``).join(", ")} | ${decode ? "picture" : "scan"} |`,
  );
  const text = `# Formats

Made by \`packages/imaging/src/reader/registry.test.ts\` of the readers themselves; do not edit. A file's format is told by its content;
its name decides only whether it is looked at in a folder. DICOM comes in the [transfer syntaxes of this table](transfer-syntaxes.md).

| format | kind in results | names in folders | holds |
|---|---|---|---|
${rows.join("\n")}

${titlesOf(READERS.filter((reader) => reader.decode))} are pictures: all of their range is meant to be seen. Scans have a meaning and a place too.
`;
  if (process.env.HALE_WRITE_DOCS) writeFileSync(path, text);
  expect(readFileSync(path, "utf8")).toBe(text);
});
