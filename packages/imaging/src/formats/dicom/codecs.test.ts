/** @file Compressed frames: each family of codecs, fragments, offset tables, headers that lie, damage. */
import { HaleError } from "@hale/core";
import { describe, expect, test } from "vitest";
import "../../node/dicom.ts";
import { type Encoding, encodeFrame, type FrameSpec } from "../../node/encoder-fixture.ts";
import { compressedFile, dicomFile, el, encapsulated, imageElements, packed } from "./dicom-fixture.ts";
import { readDicom } from "./read.ts";

const UID = "1.2.840.10008.1.2.4";
const GREY8: FrameSpec = { columns: 40, rows: 24, samples: 1, allocated: 8, stored: 8, signed: false };
const GREY12: FrameSpec = { ...GREY8, allocated: 16, stored: 12 };
const SIGNED16: FrameSpec = { ...GREY8, allocated: 16, stored: 16, signed: true };
const RGB: FrameSpec = { ...GREY8, samples: 3 };

/** A smooth picture over the full range, in little-endian bytes. */
function picture(spec: FrameSpec, phase = 0): Uint8Array {
  const count = spec.columns * spec.rows * spec.samples;
  const top = 2 ** spec.stored - 1;
  const values = Array.from({ length: count }, (_, i) => {
    const value = Math.round((top / 2) * (1 + Math.sin(i / 97 + phase + (i % spec.samples))));
    return spec.signed ? value - (top + 1) / 2 : value;
  });
  return packed(values, (spec.allocated / 8) as 1 | 2);
}

function valuesOf(bytes: Uint8Array, spec: FrameSpec): number[] {
  if (spec.allocated === 8) return [...bytes];
  return [...(spec.signed ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer))];
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : 1e9);

const refused = async (bytes: Uint8Array) => {
  const error = await readDicom(bytes, "a.dcm").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HaleError);
  return (error as HaleError).message;
};

const LOSSLESS: [Encoding, string, FrameSpec[]][] = [
  ["Jpeg", `${UID}.70`, [GREY8, GREY12, SIGNED16, RGB]],
  ["Jpeg", `${UID}.57`, [GREY12]],
  ["JpegLs", `${UID}.80`, [GREY8, GREY12, SIGNED16, RGB]],
  ["Jpeg2000", `${UID}.90`, [GREY8, GREY12, SIGNED16, RGB]],
  ["HtJpeg2000", `${UID}.201`, [GREY8, GREY12, SIGNED16, RGB]],
  ["HtJpeg2000", `${UID}.202`, [SIGNED16]],
];
const LOSSY: [Encoding, string, FrameSpec, number][] = [
  ["Jpeg", `${UID}.50`, GREY8, 6],
  ["Jpeg", `${UID}.51`, GREY8, 6],
  ["JpegLs", `${UID}.81`, GREY12, 3],
  ["Jpeg2000", `${UID}.91`, GREY8, 60],
  ["HtJpeg2000", `${UID}.203`, GREY12, 40],
];

describe("round trips", () => {
  for (const [encoding, uid, specs] of LOSSLESS) {
    test(`${uid}: every sample as it was`, async () => {
      for (const spec of specs) {
        const bytes = picture(spec);
        const frame = await encodeFrame(encoding, bytes, spec);
        const object = await readDicom(compressedFile(uid, [frame], spec), "a.dcm");
        expect([...object.scan.stored]).toEqual(valuesOf(bytes, spec));
        expect(object.transferSyntax).toBe(uid);
      }
    });
  }
  for (const [encoding, uid, spec, tolerance] of LOSSY) {
    test(`${uid}: within ${tolerance}`, async () => {
      const bytes = picture(spec);
      const frame = await encodeFrame(encoding, bytes, spec, true);
      const { scan } = await readDicom(compressedFile(uid, [frame], spec), "a.dcm");
      expect(worst(scan.stored, valuesOf(bytes, spec))).toBeLessThanOrEqual(tolerance);
    });
  }

  test("lossy JPEG colour comes out as RGB, whether the data set says YBR or RGB", async () => {
    const bytes = picture(RGB);
    const frame = await encodeFrame("Jpeg", bytes, RGB, true);
    const as = async (photometric: string) =>
      (await readDicom(compressedFile(`${UID}.50`, [frame], { ...RGB, photometric }), "a.dcm")).scan.stored;
    // The encoder's own markers tell how it coded; both declarations lead to the same pixels then.
    expect(await as("RGB")).toEqual(await as("YBR_FULL_422"));
  });

  test("HTJ2K colours without a colour transform, as OpenJPH's own encoder writes them", async () => {
    const hex =
      "ff4fff51002f4000000000080000000400000000000000000000000800000004000000000000000000030701010701010701" +
      "01ff500008000200000002ff52000c00020001000504044001ff5c00132048505050505050505050505050484848ff640017" +
      "00014f70656e4a50482056657220302e32362e332eff90000a0000000000780001ff93c025f500877400c025f700877400c0" +
      "25f701077400000000000000c01280100187740000c01280f800477400c012808600413400a009c00c19fe00623400c01240" +
      "1200fe053300fa063300c025005a80027400a0150076dbb600e4a75500c0248048fc81e300f0381300ffd9";
    const frame = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    const { scan } = await readDicom(
      compressedFile(`${UID}.201`, [frame], { rows: 4, columns: 8, samples: 3, allocated: 8 }),
      "a.dcm",
    );
    const expected = Array.from({ length: 32 }, (_, i) => [
      (i % 8) * 30,
      Math.floor(i / 8) * 60,
      (i % 8) + Math.floor(i / 8),
    ]);
    expect([...scan.stored]).toEqual(expected.flat());
  });

  test("samples that the code stream has in fewer bits than are allocated", async () => {
    const frame = await encodeFrame("JpegLs", picture(GREY8), GREY8);
    const { scan } = await readDicom(
      compressedFile(`${UID}.80`, [frame], { ...GREY8, allocated: 16, stored: 8 }),
      "a.dcm",
    );
    expect(scan.stored).toBeInstanceOf(Uint16Array);
    expect([...scan.stored]).toEqual([...picture(GREY8)]);
  });
});

describe("fragments", () => {
  const frames = () => Promise.all([0, 1, 2].map((phase) => encodeFrame("JpegLs", picture(GREY8, phase), GREY8)));
  const three = { ...GREY8, frames: 3 };
  const expected = [0, 1, 2].flatMap((phase) => [...picture(GREY8, phase)]);
  /** Each frame in two fragments of even length. */
  const halves = (all: Uint8Array[]) =>
    all.flatMap((frame) => {
      const half = 2 * Math.floor(frame.length / 4);
      return [frame.slice(0, half), frame.slice(half)];
    });
  const offsetsOf = (fragments: Uint8Array[], every: number) => {
    let at = 0;
    return fragments.flatMap((fragment, i) => {
      const offset = at;
      at += 8 + fragment.length + (fragment.length % 2);
      return i % every === 0 ? [offset] : [];
    });
  };
  const storedOf = async (bytes: Uint8Array) => [...(await readDicom(bytes, "a.dcm")).scan.stored];

  test("one a frame, with and without a basic offset table", async () => {
    const all = await frames();
    expect(await storedOf(compressedFile(`${UID}.80`, all, three))).toEqual(expected);
    expect(await storedOf(compressedFile(`${UID}.80`, all, three, offsetsOf(all, 1)))).toEqual(expected);
  });

  test("several a frame: by the basic table, the extended table, or the markers of frames", async () => {
    const parts = halves(await frames());
    const offsets = offsetsOf(parts, 2);
    expect(await storedOf(compressedFile(`${UID}.80`, parts, three, offsets))).toEqual(expected);
    expect(await storedOf(compressedFile(`${UID}.80`, parts, three))).toEqual(expected);
    const extended = dicomFile([...imageElements(three), el(0x7fe00001, "OV", offsets)], {
      syntax: `${UID}.80`,
      tail: encapsulated(parts),
    });
    expect(await storedOf(extended)).toEqual(expected);
  });

  test("a table that points nowhere is not believed", async () => {
    const all = await frames();
    for (const offsets of [[0, 1, 2], [0, 0, 0], [8, 16, 24], [0xffffffff, 0, 4], [0]]) {
      expect(await storedOf(compressedFile(`${UID}.80`, all, three, offsets))).toEqual(expected);
    }
  });

  test("one frame in many fragments; a missing delimiter at the end", async () => {
    const [frame] = await frames();
    const parts = Array.from({ length: Math.ceil(frame.length / 50) }, (_, i) => frame.slice(50 * i, 50 * i + 50));
    expect(await storedOf(compressedFile(`${UID}.80`, parts, GREY8))).toEqual([...picture(GREY8)]);
    const open = dicomFile(imageElements(GREY8), { syntax: `${UID}.80`, tail: encapsulated([frame], [], false) });
    expect(await storedOf(open)).toEqual([...picture(GREY8)]);
  });

  test("too few fragments, none, empty ones, and fragments that cannot be told apart are refused", async () => {
    const all = await frames();
    expect(await refused(compressedFile(`${UID}.80`, all.slice(1), three))).toContain("2 fragments for 3 frames");
    expect(await refused(compressedFile(`${UID}.80`, [], GREY8))).toContain("no fragments");
    await refused(compressedFile(`${UID}.80`, [new Uint8Array(0)], GREY8));
    const parts = [...halves(all).slice(0, 4), new Uint8Array(8)];
    expect(await refused(compressedFile(`${UID}.80`, parts, three))).toContain("does not tell");
  });
});

describe("headers are held to the data set before anything is decoded", () => {
  const kinds: [Encoding, string][] = [
    ["Jpeg", `${UID}.70`],
    ["JpegLs", `${UID}.80`],
    ["Jpeg2000", `${UID}.90`],
    ["HtJpeg2000", `${UID}.201`],
  ];
  for (const [encoding, uid] of kinds) {
    test(encoding, async () => {
      const frame = await encodeFrame(encoding, picture(GREY8), GREY8);
      for (const other of [{ rows: 65535 }, { columns: 39 }, { rows: 23, columns: 40 }]) {
        expect(await refused(compressedFile(uid, [frame], { ...GREY8, ...other }))).toContain("40 × 24 pixels");
      }
      expect(await refused(compressedFile(uid, [frame], { ...GREY8, samples: 3 }))).toContain("1 components");
      const wide = await encodeFrame(encoding, picture(GREY12), GREY12);
      expect(await refused(compressedFile(uid, [wide], GREY8))).toMatch(/bits a sample for 8 allocated/);
      const other = encoding === "JpegLs" ? `${UID}.70` : `${UID}.80`;
      expect(await refused(compressedFile(other, [frame], GREY8))).toContain("transfer syntax");
    });
  }

  test("a frame of 65535 × 65535 is refused by its header", async () => {
    const frame = await encodeFrame("Jpeg", picture(GREY8), GREY8);
    const at = frame.findIndex((byte, i) => byte === 0xff && frame[i + 1] === 0xc3);
    frame.set([0xff, 0xff, 0xff, 0xff], at + 5);
    expect(await refused(compressedFile(`${UID}.70`, [frame], GREY8))).toContain("65535 × 65535");
  });

  test("a JPEG 2000 frame with a tile for every pixel is refused", async () => {
    const frame = await encodeFrame("Jpeg2000", picture({ ...GREY8, columns: 400, rows: 240 }), {
      ...GREY8,
      columns: 400,
      rows: 240,
    });
    new DataView(frame.buffer).setUint32(24, 1);
    new DataView(frame.buffer).setUint32(28, 1);
    expect(await refused(compressedFile(`${UID}.90`, [frame], { ...GREY8, columns: 400, rows: 240 }))).toContain(
      "tiles",
    );
  });
});

describe("damage", () => {
  for (const [encoding, uid, [spec]] of LOSSLESS.filter(([, uid]) => !/57|202/.test(uid))) {
    test(`${uid}: cut and overwritten frames are refused or read, and the codec works afterwards`, async () => {
      const frame = await encodeFrame(encoding, picture(spec), spec);
      const whole = compressedFile(uid, [frame], spec);
      let refusals = 0;
      const attempt = async (bytes: Uint8Array) => {
        try {
          const { scan } = await readDicom(compressedFile(uid, [bytes], spec), "a.dcm");
          expect(scan.stored).toHaveLength(spec.columns * spec.rows * spec.samples);
        } catch (error) {
          expect(error).toBeInstanceOf(HaleError);
          refusals++;
        }
      };
      for (let i = 1; i < 12; i++) await attempt(frame.slice(0, Math.floor((frame.length * i) / 12)));
      let state = 7;
      for (let i = 0; i < 24; i++) {
        const bent = frame.slice();
        for (let j = 0; j < 3; j++) {
          state = (state * 1103515245 + 12345) % 2147483648;
          bent[state % bent.length] = (state >> 8) & 255;
        }
        await attempt(bent);
      }
      expect(refusals).toBeGreaterThan(3);
      expect([...(await readDicom(whole, "a.dcm")).scan.stored]).toEqual(valuesOf(picture(spec), spec));
    });
  }

  test("a lossy JPEG that ends early is refused, not filled with grey", async () => {
    const frame = await encodeFrame("Jpeg", picture(GREY8), GREY8, true);
    expect(await refused(compressedFile(`${UID}.50`, [frame.slice(0, frame.length - 30)], GREY8))).toContain(
      "JPEG data break off",
    );
  });
});
