/** @file `hale probe` on files made here, one of each kind and each fault, and on the sample files where there are some. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { VERSION } from "@hale/core";
import { gzipSync, zlibSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import { el, imageFile } from "../../../../packages/imaging/src/formats/dicom/dicom-fixture.ts";
import { GREY_JPEG } from "../../../../packages/imaging/src/formats/jpeg/jpeg-fixture.ts";
import { niftiBytes } from "../../../../packages/imaging/src/formats/nifti/nifti-fixture.ts";
import { assemble, chunk, header, makePng } from "../../../../packages/imaging/src/formats/png/png-fixture.ts";
import { LZW_TIFF } from "../../../../packages/imaging/src/formats/tiff/tiff-fixture.ts";
import { type Result, runHale } from "../cli-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "hale-probe-"));
afterAll(() => rmSync(folder, { recursive: true }));

const probe = (...args: string[]) => runHale(folder, ["probe", ...args]);

type Row = Record<string, unknown> & { file: string; status: string; code: string | null; reason: string | null };
const rowsOf = ({ out }: Result): Row[] =>
  out
    .trim()
    .split("\n")
    .map((line) => {
      const { schema, hale, ...row } = JSON.parse(line);
      expect([schema, hale]).toEqual(["hale/probe@1", VERSION]);
      return row;
    });

function write(name: string, content: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

const KEYS =
  "file status code reason kind shape spacing orientation photometric transferSyntax modality series min max mean sha256 scaled".split(
    " ",
  );
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const PATIENT = "Muster^Maria";

describe("hale probe", async () => {
  const nifti = niftiBytes({ slope: 2, intercept: 10 });
  const half = niftiBytes({ magic: "ni1\0", headerOnly: true, voxOffset: 0 });
  const pixels = Uint8Array.from({ length: 12 }, (_, i) => i);
  const place = [
    el(0x00100010, "PN", PATIENT),
    el(0x00200032, "DS", "1\\2\\3"),
    el(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
    el(0x00280030, "DS", "0.5\\0.75"),
    el(0x00281052, "DS", "-1000"),
    el(0x00281053, "DS", "1"),
  ];
  write("a/ct.dcm", imageFile([0, 1, 2, 3, 4, 4095], { stored: 12, more: place }));
  write("a/cut.dcm", imageFile([0, 1, 2, 3, 4, 4095], { stored: 12, more: place }).subarray(0, -4));
  write("a/grey.png", makePng({ width: 3, height: 2, depth: 16, colour: 0 }, [0, 1, 2, 3, 4, 65535]));
  write("a/photo.jpg", GREY_JPEG);
  write("a/page.tif", LZW_TIFF);
  write("b/head.nii", nifti);
  write("b/head.nii.gz", gzipSync(nifti));
  write("b/lies.nii", niftiBytes({ dim: [3, 32767, 32767, 32767] }));
  write("b/pair.hdr", half);
  write("b/pair.img", pixels);
  write("b/raw.nhdr", "NRRD0005\ntype: uint8\ndimension: 2\nsizes: 3 2\nencoding: raw\ndata file: raw.raw\n\n");
  write("b/raw.raw", pixels.subarray(0, 6));
  write("b/out.nhdr", "NRRD0005\ntype: uint8\ndimension: 2\nsizes: 3 2\nencoding: raw\ndata file: ../a/grey.png\n\n");
  write("b/lost.mhd", "NDims = 2\nDimSize = 3 2\nElementType = MET_UCHAR\nElementDataFile = lost.raw\n");
  write("b/wrong-name.png", nifti);
  write("c/empty.dcm", "");
  write("c/text.txt", "hello");
  write("c/two\nlines\u001b[31m\u202e.png", "x");
  symlinkSync(join(folder, "a"), join(folder, "c", "round"));
  symlinkSync(join(folder, "a", "grey.png"), join(folder, "c", "link.png"));
  try {
    execFileSync("mkfifo", [join(folder, "c", "pipe")]);
  } catch {
    write("c/pipe", "no pipes here");
  }
  const result = await probe("a", "b", "c", "nowhere", "--json");
  const rows = rowsOf(result);
  const row = (file: string) => rows.find((one) => one.file === file)!;

  test("looks at every file, in order, each once, and says by its exit code that some are refused", () => {
    expect(result.code).toBe(1);
    expect(result.err).toBe("");
    expect(rows.map(({ file }) => file)).toEqual([
      ...["a/ct.dcm", "a/cut.dcm", "a/grey.png", "a/page.tif", "a/photo.jpg"],
      ...["b/head.nii", "b/head.nii.gz", "b/lies.nii", "b/lost.mhd", "b/out.nhdr", "b/pair.hdr", "b/pair.img"],
      ...["b/raw.nhdr", "b/raw.raw", "b/wrong-name.png"],
      ...["c/empty.dcm", "c/link.png", "c/pipe", "c/text.txt", "c/two\nlines\u001b[31m\u202e.png", "nowhere"],
    ]);
    for (const one of rows) expect(Object.keys(one)).toEqual(KEYS);
  });

  test("tells what a DICOM file is", () => {
    expect(row("a/ct.dcm")).toEqual({
      file: "a/ct.dcm",
      status: "ok",
      code: null,
      reason: null,
      kind: "dicom",
      shape: [2, 3],
      spacing: [0.75, 0.5, null],
      orientation: "LPS",
      photometric: "MONOCHROME2",
      transferSyntax: "1.2.840.10008.1.2.1",
      modality: expect.any(String),
      series: null,
      min: 0,
      max: 4095,
      mean: 4105 / 6,
      sha256: sha256(new Uint8Array(Uint16Array.of(0, 1, 2, 3, 4, 4095).buffer)),
      scaled: { min: -1000, max: 3095, mean: expect.closeTo(4105 / 6 - 1000, 9) },
    });
  });

  test("tells what a volume is, alone, compressed, in halves and with its data apart", () => {
    const volume = {
      status: "ok",
      kind: "nifti",
      shape: [3, 2, 2],
      min: 0,
      max: 11,
      mean: 5.5,
      sha256: sha256(pixels),
    };
    for (const name of ["head.nii", "head.nii.gz", "wrong-name.png", "pair.hdr", "pair.img"])
      expect(row(`b/${name}`)).toMatchObject({ ...volume, orientation: "RAS", spacing: [1, 1, 1] });
    expect(row("b/head.nii").scaled).toEqual({ min: 10, max: 32, mean: 21 });
    expect(row("b/pair.hdr").scaled).toBeNull();
    expect(row("b/raw.nhdr")).toMatchObject({ status: "ok", kind: "nrrd", shape: [3, 2], max: 5 });
  });

  test("tells what pictures are", () => {
    const grey = { status: "ok", kind: "png", shape: [2, 3], min: 0, max: 65535, mean: 65545 / 6 };
    expect(row("a/grey.png")).toMatchObject(grey);
    expect(row("c/link.png")).toMatchObject(grey);
    expect(row("a/photo.jpg")).toMatchObject({ status: "ok", kind: "jpeg", shape: [16, 16] });
    expect(row("a/page.tif")).toMatchObject({ status: "ok", kind: "tiff", shape: [4, 4], min: 0, max: 72 });
  });

  test.each([
    ["a/cut.dcm", "IMAGE_CORRUPT"],
    ["b/lies.nii", "IMAGE_TOO_LARGE"],
    ["b/lost.mhd", "FILE_NOT_FOUND"],
    ["b/out.nhdr", "IMAGE_UNSUPPORTED"],
    ["b/raw.raw", "IMAGE_UNSUPPORTED"],
    ["c/empty.dcm", "IMAGE_CORRUPT"],
    ["c/text.txt", "IMAGE_UNSUPPORTED"],
    ["nowhere", "FILE_NOT_FOUND"],
  ])("%s is refused with %s and a reason that names it", (file, code) => {
    const one = row(file);
    expect(one).toMatchObject({ status: "refused", code, kind: null, sha256: null });
    expect(one.reason).toContain(file);
  });

  test("a pipe is not waited for", () => {
    expect(row("c/pipe").status).toBe("refused");
  });

  test("no patient, no stack trace, and one line a file", () => {
    expect(result.out).not.toContain("Muster");
    expect(result.out).not.toMatch(/node:internal|\.ts:\d/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    expect(result.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(result.out.trim().split("\n")).toHaveLength(rows.length);
  });

  test("without --json a table for people, with names on one line", async () => {
    const table = await probe("a", "c");
    expect(table.code).toBe(1);
    expect(table.out.trim().split("\n")).toHaveLength(1 + 5 + 5);
    expect(table.out).toMatch(/ok\s+png\s+2 x 3\s+0 to 65535, mean 10924\s+a\/grey\.png/);
    expect(table.out).toContain("two\\u{a}lines\\u{1b}[31m\\u{202e}.png");
  });

  test("the exit code is 0 where all can be read, 1 where one is missing", async () => {
    expect((await probe("a/grey.png", "b/head.nii")).code).toBe(0);
    expect((await probe("a/grey.png", "nowhere.png")).code).toBe(1);
  });

  test("a file that takes longer than --timeout is refused", async () => {
    const side = 3000;
    const rows = zlibSync(new Uint8Array(side * (side + 1)), { level: 1 });
    const size = header8(side);
    write("slow.png", assemble([size, chunk("IDAT", rows), chunk("IEND", [])]));
    const hasty = await probe("slow.png", "--json", "--timeout", "1");
    expect(hasty.code).toBe(1);
    expect(rowsOf(hasty)[0]).toMatchObject({ status: "refused", code: "IMAGE_TOO_SLOW" });
    const { code, err } = await probe("a/grey.png", "--timeout", "0");
    expect(code).toBe(2);
    expect(err).toContain("whole number from 1");
  });
});

const header8 = (side: number) => header({ width: side, height: side, depth: 8, colour: 0 });

const data = process.env.HALE_DATA ?? "";

describe.skipIf(!data)("the sample files", async () => {
  const index = <T>(set: string): T[] => (data ? JSON.parse(readFileSync(join(data, set, "index.json"), "utf8")) : []);
  const rows = data ? rowsOf(await probe(join(data, "dicom-samples"), join(data, "nifti-samples"), "--json")) : [];
  const row = (set: string, file: string) => rows.find((one) => one.file === join(data, set, file));

  interface Dicom {
    file: string;
    decoded?: { shape: number[]; min: number; max: number; mean: number; sha256LittleEndian: string } | null;
    photometric?: string;
    transferSyntax?: string;
  }

  /** Readers differ there on purpose; packages/imaging/src/formats/dicom/samples.test.ts says why. */
  const OTHER = /SC_rgb_small_odd_big_endian|mlut_18|JLSL_16_15_1_1F|embedded-sequence-delimiter/;

  test("DICOM: shape, values and hash are those of the index", () => {
    let compared = 0;
    for (const { file, decoded, photometric, transferSyntax } of index<Dicom>("dicom-samples")) {
      const one = row("dicom-samples", file);
      expect(one, file).toBeDefined();
      if (!decoded || OTHER.test(file)) continue;
      compared++;
      expect(one, file).toMatchObject({
        status: "ok",
        shape: decoded.shape,
        min: decoded.min,
        max: decoded.max,
        mean: expect.closeTo(decoded.mean, 5),
        sha256: decoded.sha256LittleEndian,
        photometric,
        transferSyntax,
      });
    }
    expect(compared).toBeGreaterThanOrEqual(55);
  });

  interface Nifti {
    file: string;
    damage?: string;
    shape?: number[];
    axes?: string;
    scaled?: { min: number; max: number; mean: number };
  }

  test("NIfTI: shape, axes and scaled values are those of the index", () => {
    const files = index<Nifti>("nifti-samples").filter(({ shape }) => shape);
    for (const { file, shape, axes, scaled } of files) {
      const one = row("nifti-samples", file)!;
      expect(one, file).toMatchObject({ status: "ok", shape, orientation: axes });
      const found = (one.scaled ?? one) as { min: number; max: number; mean: number };
      for (const key of ["min", "max", "mean"] as const)
        expect(Math.abs(found[key] - scaled![key]), `${file} ${key}`).toBeLessThan(1e-6 * Math.max(1, scaled!.max));
    }
    expect(files.length).toBeGreaterThanOrEqual(15);
  });

  test("every file has its answer", () => {
    for (const one of rows) {
      expect(["ok", "refused"]).toContain(one.status);
      if (one.status === "refused") expect(one.code, one.file).toMatch(/^(IMAGE_|FILE_)/);
    }
    expect(rows.filter(({ file }) => /no-pixels\//.test(file)).map(({ code }) => code)).toEqual(
      Array(5).fill("IMAGE_UNSUPPORTED"),
    );
  });
});
