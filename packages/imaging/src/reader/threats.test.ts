/**
 * @file Files that brought real systems down, read as all files are. Each reader's own tests hold its
 * budgets at limit - 1, limit and limit + 1; SECURITY.md lists where. Here are the rows that belong to no single reader,
 * and those worth trying again from outside.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HaleError } from "@hale/core";
import { gzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import "../node/dicom.ts";
import { compressedFile, dicomFile, el, imageElements, imageFile } from "../formats/dicom/dicom-fixture.ts";
import { GREY_JPEG } from "../formats/jpeg/jpeg-fixture.ts";
import { niftiBytes } from "../formats/nifti/nifti-fixture.ts";
import { assemble, chunk, header, makePng } from "../formats/png/png-fixture.ts";
import { makeTiff } from "../formats/tiff/tiff-fixture.ts";
import { MAX_INPUT_BYTES, MAX_NESTING, MAX_PIXELS } from "../raster/limits.ts";
import { readImageFile } from "./read.ts";
import { isPicture } from "./registry.ts";

/** "ok" or the code of the refusal; anything else that is thrown fails the test. */
async function outcome(bytes: Uint8Array, name = "f"): Promise<string> {
  try {
    await readImageFile(bytes, name);
    return "ok";
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    expect(error.message).toContain(name);
    return error.code;
  }
}

const image = imageFile([1, 2, 3, 4, 5, 6]);

describe("sequences in sequences (CVE-2026-10528)", () => {
  /** A private sequence so many deep, put before the pixels of `image`. */
  function nested(depth: number, known: boolean): Uint8Array {
    const levels: number[][] = [];
    const tails: number[][] = [];
    let length = 0;
    for (let i = 0; i < depth; i++) {
      const [inner, outer] = known ? [length, length + 8] : [0xffffffff, 0xffffffff];
      const word = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
      levels.push([0x29, 0, 0x10, 0x10, 0x53, 0x51, 0, 0, ...word(outer), 0xfe, 0xff, 0x00, 0xe0, ...word(inner)]);
      tails.push(known ? [] : [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
      length += 20;
    }
    const at = Buffer.from(image).indexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]));
    return Buffer.concat([
      image.subarray(0, at),
      ...[...levels.reverse(), ...tails].map((part) => Buffer.from(part)),
      image.subarray(at),
    ]);
  }

  test.each([true, false])("lengths known: %s", async (known) => {
    for (const depth of [1, 10, 50, MAX_NESTING - 1, MAX_NESTING])
      expect(await outcome(nested(depth, known)), `${depth}`).toBe("ok");
    for (const depth of [MAX_NESTING + 1, 100, 500, 100_000])
      expect(await outcome(nested(depth, known)), `${depth}`).toMatch(/^IMAGE_(TOO_LARGE|CORRUPT)$/);
  });
});

describe("sizes that lie (CVE-2026-5442, -5438, -5439)", () => {
  test("a file of 512 MB is looked at, one byte more is not", async () => {
    expect(await outcome(new Uint8Array(MAX_INPUT_BYTES - 1))).toBe("IMAGE_UNSUPPORTED");
    expect(await outcome(new Uint8Array(MAX_INPUT_BYTES))).toBe("IMAGE_UNSUPPORTED");
    expect(await outcome(new Uint8Array(MAX_INPUT_BYTES + 1))).toBe("IMAGE_TOO_LARGE");
  });

  /** Without pixels: a size within the budget goes on to find them missing. */
  const kinds: [string, (width: number, height: number) => Uint8Array][] = [
    [
      "PNG",
      (width, height) =>
        assemble([
          header({ width, height, depth: 8, colour: 0 }),
          chunk("IDAT", [120, 156, 3, 0, 0, 0, 0, 1]),
          chunk("IEND", []),
        ]),
    ],
    [
      "TIFF",
      (width, height) =>
        makeTiff(
          [
            [256, 4, width],
            [257, 4, height],
            [258, 3, 8],
            [262, 3, 1],
          ],
          [1, 2],
        ),
    ],
    ["NIfTI", (width, height) => niftiBytes({ version: 2, dim: [2, width, height, 1, 1, 1, 1, 1] })],
    ["DICOM", (width, height) => imageFile([1, 2], { columns: width, rows: height, allocated: 8 })],
  ];
  test.each(kinds)("%s: 2^28 pixels and one row more or less", async (kind, make) => {
    const side = Math.sqrt(MAX_PIXELS);
    expect(await outcome(make(side, side - 1))).toBe("IMAGE_CORRUPT");
    expect(await outcome(make(side, side))).toBe("IMAGE_CORRUPT");
    expect(await outcome(make(side, side + 1))).toBe("IMAGE_TOO_LARGE");
    expect(await outcome(make(46341, 46341))).toBe("IMAGE_TOO_LARGE");
    expect(await outcome(make(65535, 65535))).toBe("IMAGE_TOO_LARGE");
    if (kind !== "DICOM") expect(await outcome(make(2 ** 31 - 1, 2 ** 31 - 1))).toBe("IMAGE_TOO_LARGE");
  });

  test("zero rows, columns and voxels are damage", async () => {
    for (const [, make] of kinds)
      for (const [width, height] of [
        [0, 5],
        [5, 0],
        [0, 0],
      ])
        expect(await outcome(make(width, height))).toMatch(/^IMAGE_(CORRUPT|UNSUPPORTED)$/);
  });

  test("a gzip that unfolds a thousand times is stopped, and gzip in gzip is refused", async () => {
    const bomb = gzipSync(new Uint8Array(64 * 2 ** 20));
    expect(bomb.length).toBeLessThan(70_000);
    expect(await outcome(bomb)).toBe("IMAGE_UNSUPPORTED");
    expect(await outcome(gzipSync(gzipSync(niftiBytes())))).toBe("IMAGE_UNSUPPORTED");
  });
});

describe("files that look like others (CVE-2019-11687)", () => {
  const preambles: [string, number[]][] = [
    ["a program for Windows", [0x4d, 0x5a]],
    ["a program for Linux", [0x7f, 0x45, 0x4c, 0x46]],
    ["a page", [...Buffer.from("<html><script>alert(1)</script>")]],
    ["a TIFF", [0x49, 0x49, 42, 0, 8, 0, 0, 0]],
    ["a PNG", [137, 80, 78, 71, 13, 10, 26, 10]],
    ["a JPEG", [...GREY_JPEG.subarray(0, 64)]],
    ["gzip", [0x1f, 0x8b, 8, 0]],
    ["NRRD", [...Buffer.from("NRRD0005\n")]],
    ["MetaImage", [...Buffer.from("NDims = 3\n")]],
  ];
  test.each(preambles)("a DICOM file whose preamble begins like %s is DICOM, and no picture", async (_, preamble) => {
    const bytes = image.slice();
    bytes.set(preamble);
    expect(await readImageFile(bytes, "f")).toMatchObject({ kind: "dicom", shape: [2, 3] });
    expect(isPicture(bytes)).toBe(false);
  });

  test("names decide nothing", async () => {
    for (const name of ["a.dcm", "a.nii.gz", "a.jpg", "a.nrrd", "a"])
      expect((await readImageFile(makePng({ width: 1, height: 1, depth: 8, colour: 0 }, [7]), name)).kind).toBe("png");
  });

  test("what is none of the kinds is refused: a pickle, a NumPy array, a zip, a page, noise", async () => {
    const others = [
      "\x80\x04\x95",
      "\x93NUMPY\x01\x00",
      "PK\x03\x04\x14\x00",
      "<svg onload='x'>",
      "%PDF-1.7",
      "GIF89a",
      "BM",
      "\0".repeat(400),
    ];
    for (const text of others) expect(await outcome(Buffer.from(text, "latin1"))).toBe("IMAGE_UNSUPPORTED");
  });
});

describe("loops without progress (DCMTK's JPEG segment loop)", () => {
  const marker = (bytes: number[]) => Uint8Array.from([0xff, 0xd8].concat(bytes));
  const streams: [string, Uint8Array][] = [
    ["a segment of length 0", marker([0xff, 0xe0, 0, 0, 0xff, 0xe0, 0, 0])],
    ["a segment of length 1", marker([0xff, 0xe0, 0, 1])],
    ["fill bytes without end", marker(Array(100_000).fill(0xff))],
    ["empty comments without end", marker(Array.from({ length: 50_000 }, () => [0xff, 0xfe, 0, 2]).flat())],
    [
      "scans without end",
      Uint8Array.from([
        ...GREY_JPEG.subarray(0, -2),
        ...Array.from({ length: 600 }, () => [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]).flat(),
        0xff,
        0xd9,
      ]),
    ],
  ];
  test.each(streams)("%s ends soon, as a picture and in DICOM", async (_, stream) => {
    const started = performance.now();
    expect(await outcome(stream)).toMatch(/^IMAGE_(CORRUPT|UNSUPPORTED)$/);
    const options = { rows: 16, columns: 16, allocated: 8 };
    for (const uid of ["50", "57", "70", "80"])
      expect(await outcome(compressedFile(`1.2.840.10008.1.2.4.${uid}`, [stream], options))).toMatch(/^IMAGE_|^ok$/);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

test("10 000 files with odd VRs in their meta header leave no memory behind (CVE-2026-3650)", async () => {
  const odd = dicomFile([...imageElements(), el(0x7fe00010, "OW", [1, 2, 3, 4, 5, 6])]);
  // (0002,0010): the VR of the transfer syntax.
  const at = Buffer.from(odd).indexOf(Buffer.from([2, 0, 0x10, 0]));
  expect(at).toBeGreaterThan(0);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const round = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const bytes = odd.slice();
      bytes[at + 4] = 65 + (i % 26);
      bytes[at + 5] = i % 256;
      await outcome(bytes);
    }
    for (let i = 0; i < 3; i++) collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = await round(2000);
  const after = await round(10_000);
  // 100 bytes lost with each file would be more than that.
  expect(after - before).toBeLessThan(2 ** 20);
});

test("no refusal repeats what the file says of a patient", async () => {
  const names = [
    el(0x00100010, "PN", "Muster^Maria"),
    el(0x00100020, "LO", "PID-4711"),
    el(0x00100030, "DA", "19700131"),
  ];
  const whole = imageFile([1, 2, 3, 4, 5, 6], { more: names });
  for (let length = 132; length < whole.length; length += 3) {
    const error = await readImageFile(whole.subarray(0, length), "f").catch((thrown: HaleError) => thrown);
    if (error instanceof HaleError) expect(`${error.message} ${error.cause}`).not.toMatch(/Muster|4711|19700131/);
  }
});
