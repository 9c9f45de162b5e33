/** @file Pixels that are not compressed, and RLE: bits, bytes, signs, planes, palettes, YBR. */
import { HaleError } from "@hale/core";
import { describe, expect, test } from "vitest";
import { encodeRle } from "../../node/encoder-fixture.ts";
import { ybrFullToRgb, ybrPartialToRgb } from "./colour.ts";
import {
  BIG_ENDIAN,
  bytesOf,
  compressedFile,
  dicomFile,
  el,
  type ImageOptions,
  imageElements,
  imageFile,
  packed,
  type Spec,
} from "./dicom-fixture.ts";
import { readDicom } from "./read.ts";

const RLE = "1.2.840.10008.1.2.5";
const stored = async (bytes: Uint8Array) => (await readDicom(bytes, "a.dcm")).scan.stored;
const refused = async (bytes: Uint8Array) => {
  const error = await readDicom(bytes, "a.dcm").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HaleError);
  return (error as HaleError).message;
};

describe("bits", () => {
  test("types and ranges follow bits allocated, bits stored and sign", async () => {
    const cases: [ImageOptions, number[], string, [number, number]][] = [
      [{ allocated: 8 }, [0, 255, 1, 2, 3, 4], "Uint8Array", [0, 255]],
      [{ allocated: 8, signed: true }, [0, -128, 127, -1, 3, 4], "Int8Array", [-128, 127]],
      [{ allocated: 16, stored: 12 }, [0, 4095, 1, 2, 3, 4], "Uint16Array", [0, 4095]],
      [{ allocated: 16, stored: 12, signed: true }, [0, -2048, 2047, -1, 3, 4], "Int16Array", [-2048, 2047]],
      [{ allocated: 32 }, [0, 4294967295, 1, 2, 3, 4], "Uint32Array", [0, 4294967295]],
      [{ allocated: 32, signed: true }, [0, -2147483648, 1, -2, 3, 4], "Int32Array", [-2147483648, 2147483647]],
    ];
    for (const [options, values, type, range] of cases) {
      for (const syntax of ["1.2.840.10008.1.2.1", BIG_ENDIAN]) {
        const { scan } = await readDicom(imageFile(values, options, { syntax }), "a.dcm");
        expect(scan.stored.constructor.name).toBe(type);
        expect([...scan.stored]).toEqual(values);
        expect(scan.range).toEqual(range);
      }
    }
  });

  test("bits above the high bit and below the stored ones are masked: overlays", async () => {
    const values = [0xf123, 0x0fff, 0x8000, 0x1000, 0x0001, 0xffff];
    expect([...(await stored(imageFile(values, { stored: 12 })))]).toEqual([0x123, 0xfff, 0, 0, 1, 0xfff]);
    expect([...(await stored(imageFile(values, { stored: 12, signed: true })))]).toEqual([0x123, -1, 0, 0, 1, -1]);
    const high = { stored: 12, highBit: 15 };
    expect([...(await stored(imageFile(values, high)))]).toEqual([0xf12, 0xff, 0x800, 0x100, 0, 0xfff]);
    expect([...(await stored(imageFile(values, { ...high, signed: true })))]).toEqual([-238, 255, -2048, 256, 0, -1]);
  });

  test("one bit a sample, across frames that do not end on a byte", async () => {
    const bits = Uint8Array.of(0b10110001, 0b00000101);
    const object = await readDicom(imageFile(bits, { rows: 1, columns: 5, frames: 2, allocated: 1 }), "a.dcm");
    expect([...object.scan.stored]).toEqual([1, 0, 0, 0, 1, 1, 0, 1, 1, 0]);
    expect(object.shape).toEqual([2, 1, 5]);
  });

  test("floats and doubles, with the range of the data", async () => {
    const elements = imageElements({ allocated: 32 }).filter((spec) => spec.tag < 0x00280101 || spec.tag > 0x00280103);
    const floats = packed([0.5, -1.5, 3, 4, 5, 6], 4, true, true);
    const float = await readDicom(dicomFile([...elements, el(0x7fe00008, "OF", floats)]), "a.dcm");
    expect(float.scan.stored).toEqual(Float32Array.of(0.5, -1.5, 3, 4, 5, 6));
    expect(float.scan.range).toEqual([-1.5, 6]);
    const doubles = elements.map((spec) => (spec.tag === 0x00280100 ? el(0x00280100, "US", [64]) : spec));
    const bytes = packed([0.1, -1.5, 3, 4, 5, 6], 8, true, true);
    const double = await readDicom(dicomFile([...doubles, el(0x7fe00009, "OD", bytes)]), "a.dcm");
    expect(double.scan.stored).toEqual(Float64Array.of(0.1, -1.5, 3, 4, 5, 6));
  });

  test("odd lengths are padded, and big-endian words of 8-bit samples are swapped", async () => {
    const odd = { rows: 1, columns: 3, allocated: 8 };
    expect([...(await stored(imageFile([1, 2, 3], odd)))]).toEqual([1, 2, 3]);
    const words = dicomFile([...imageElements(odd), el(0x7fe00010, "OW", Uint8Array.of(2, 1, 0, 3))], {
      syntax: BIG_ENDIAN,
    });
    expect([...(await stored(words))]).toEqual([1, 2, 3]);
    const bytes = dicomFile([...imageElements(odd), el(0x7fe00010, "OB", Uint8Array.of(1, 2, 3, 0))], {
      syntax: BIG_ENDIAN,
    });
    expect([...(await stored(bytes))]).toEqual([1, 2, 3]);
  });

  test("what contradicts itself is refused", async () => {
    const six = [1, 2, 3, 4, 5, 6];
    for (const options of [
      { stored: 17 },
      { stored: 0 },
      { stored: 12, highBit: 10 },
      { stored: 12, highBit: 16 },
      { allocated: 7, stored: 7 },
      { allocated: 64, stored: 64 },
      { rows: 0 },
      { columns: 0 },
      { samples: 3, photometric: "MONOCHROME2" },
      { samples: 1, photometric: "RGB" },
      { samples: 2 },
      { photometric: "YBR_RCT", samples: 3, rows: 1, columns: 1 },
      { more: [el(0x00280103, "US", [2])] },
      { more: [el(0x00280008, "IS", "-1")] },
      { more: [el(0x00280008, "IS", "two")] },
      { more: [el(0x00280008, "IS", "1.5")] },
    ]) {
      await refused(imageFile(six, options));
    }
    expect(await refused(imageFile([1, 2, 3, 4, 5]))).toContain("cut off: 10 of 12 bytes");
  });

  test("absent, empty and zero numbers of frames mean one", async () => {
    for (const text of ["", "0", "1"]) {
      const file = imageFile([1, 2, 3, 4, 5, 6], { more: [el(0x00280008, "IS", text)] });
      expect((await readDicom(file, "a.dcm")).shape).toEqual([2, 3]);
    }
  });
});

describe("RLE", () => {
  const options = { rows: 2, columns: 3 };
  const bytes = (values: number[], shift: number) => Uint8Array.from(values, (value) => (value >> shift) & 255);

  test("16 bits: high bytes first, runs and literals", async () => {
    const values = [1, 2, 3, 40000, 5, 65535];
    const frame = encodeRle([bytes(values, 8), bytes(values, 0)]);
    expect([...(await stored(compressedFile(RLE, [frame], options)))]).toEqual(values);
    const flat = encodeRle([Uint8Array.from({ length: 6 }, () => 9), bytes(values, 0)]);
    expect([...(await stored(compressedFile(RLE, [flat], options)))]).toEqual(values.map((v) => 9 * 256 + (v & 255)));
  });

  test("colour, by plane, is interleaved; frames by their fragments", async () => {
    const planes = [1, 2, 3].map((channel) => Uint8Array.from({ length: 6 }, (_, i) => 10 * channel + i));
    const colour = { ...options, samples: 3, allocated: 8, planar: 1 };
    const frame = encodeRle(planes);
    expect([...(await stored(compressedFile(RLE, [frame], colour)))].slice(0, 6)).toEqual([10, 20, 30, 11, 21, 31]);
    const other = encodeRle(planes.map((plane) => plane.map((value) => value + 100)));
    const two = await stored(compressedFile(RLE, [frame, other], { ...colour, frames: 2 }));
    expect([...two].slice(18, 21)).toEqual([110, 120, 130]);
  });

  test("offsets outside, wrong counts, runs that go too far and segments that end early are refused", async () => {
    const good = encodeRle([bytes([1, 2, 3, 4, 5, 6], 8), bytes([1, 2, 3, 4, 5, 6], 0)]);
    const bent = (change: (view: DataView) => void) => {
      const frame = good.slice();
      change(new DataView(frame.buffer));
      return compressedFile(RLE, [frame], options);
    };
    expect(await refused(bent((view) => view.setUint32(0, 3, true)))).toContain("3 segments");
    expect(await refused(bent((view) => view.setUint32(0, 0xffffffff, true)))).toContain("segments");
    for (const offset of [0, 63, 0x7fffffff, 0xffffffff]) {
      expect(await refused(bent((view) => view.setUint32(8, offset, true)))).toContain("lies outside");
    }
    expect(await refused(bent((view) => view.setUint8(64, 100)))).toContain("past the end");
    expect(await refused(bent((view) => view.setInt8(64, -100)))).toContain("past the end");
    expect(await refused(bent((view) => view.setUint8(64, 128)))).toContain("RLE");
    for (let length = 0; length < good.length - 2; length += 2) {
      await refused(compressedFile(RLE, [good.slice(0, length)], options));
    }
  });
});

describe("colour", () => {
  const colour = { rows: 1, columns: 2, samples: 3, allocated: 8 };

  test("planar and interleaved RGB are the same", async () => {
    expect([...(await stored(imageFile([1, 2, 3, 4, 5, 6], colour)))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await stored(imageFile([1, 4, 2, 5, 3, 6], { ...colour, planar: 1 })))]).toEqual([1, 2, 3, 4, 5, 6]);
    const two = await stored(
      imageFile([1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16], { ...colour, planar: 1, frames: 2 }),
    );
    expect([...two]).toEqual([1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]);
  });

  test("YBR_FULL is solved for RGB: the standard's own equation takes it back", () => {
    for (const rgb of [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [255, 255, 255],
      [0, 0, 0],
      [12, 200, 99],
    ]) {
      const [r, g, b] = rgb;
      const y = 0.299 * r + 0.587 * g + 0.114 * b;
      const cb = -0.1687 * r - 0.3313 * g + 0.5 * b + 128;
      const cr = 0.5 * r - 0.4187 * g - 0.0813 * b + 128;
      const samples = Uint16Array.of(Math.round(y * 256), Math.round(cb * 256), Math.round(cr * 256));
      ybrFullToRgb(samples, 65535);
      for (const [i, value] of rgb.entries()) expect(samples[i] / 256).toBeCloseTo(Math.min(255.998, value), 0);
    }
    const grey = Uint8Array.of(77, 128, 128, 0, 128, 128, 255, 128, 128);
    ybrFullToRgb(grey, 255);
    expect([...grey]).toEqual([77, 77, 77, 0, 0, 0, 255, 255, 255]);
    const partial = Uint8Array.of(16, 128, 128, 235, 128, 128);
    ybrPartialToRgb(partial, 255);
    expect([...partial]).toEqual([0, 0, 0, 255, 255, 255]);
  });

  test("YBR_FULL_422 shares colours between two pixels; what was coded is kept beside", async () => {
    const object = await readDicom(imageFile([50, 60, 128, 128], { ...colour, photometric: "YBR_FULL_422" }), "a.dcm");
    expect([...object.scan.stored]).toEqual([50, 50, 50, 60, 60, 60]);
    expect([...object.coded]).toEqual([50, 128, 128, 60, 128, 128]);
    // A row of three is written as two pairs; the last pixel is no one's.
    const odd = await readDicom(
      imageFile([1, 2, 128, 128, 3, 99, 128, 128, 4, 5, 128, 128, 6, 99, 128, 128], {
        ...colour,
        rows: 2,
        columns: 3,
        photometric: "YBR_FULL_422",
      }),
      "a.dcm",
    );
    expect(Array.from(odd.coded).filter((_, k) => k % 3 === 0)).toEqual([1, 2, 3, 4, 5, 6]);
    await refused(imageFile([50, 60], { ...colour, photometric: "YBR_FULL_422" }));
    await refused(imageFile([50, 60, 128, 128, 1, 1], { ...colour, columns: 3, photometric: "YBR_FULL_422" }));
  });

  const palette = (bits: number, first: number, count: number, tables: Uint8Array[]): Spec[] =>
    [0, 1, 2].flatMap((channel) => [
      el(0x00281101 + channel, "US", [count, first, bits]),
      el(0x00281201 + channel, "OW", tables[channel]),
    ]);
  const indexed = (more: Spec[], pixels = [0, 1, 2, 3, 4, 255]) =>
    imageFile(pixels, { allocated: 8, photometric: "PALETTE COLOR", more });

  test("palettes of 8 and 16 bits; indices outside take the nearest entry", async () => {
    const words = [1, 2, 3].map((channel) => packed([channel, 1000 * channel, 20000 * channel], 2));
    const wide = await readDicom(indexed(palette(16, 1, 3, words)), "a.dcm");
    expect(wide.scan).toMatchObject({ channels: 3, range: [0, 65535] });
    expect([...wide.scan.stored].filter((_, i) => i % 3 === 1)).toEqual([2, 2, 2000, 40000, 40000, 40000]);
    expect([...wide.coded]).toEqual([0, 1, 2, 3, 4, 255]);
    expect(wide.shape).toEqual([2, 3]);
    const bytes = [1, 2, 3].map((channel) => Uint8Array.of(channel, 10 * channel, 60 * channel, 0));
    const narrow = await readDicom(indexed(palette(8, 0, 3, bytes)), "a.dcm");
    expect([...narrow.scan.stored].slice(0, 9)).toEqual([1, 2, 3, 10, 20, 30, 60, 120, 180]);
    const spread = [1, 2, 3].map((channel) => packed([channel, 10 * channel, 60 * channel], 2));
    expect((await stored(indexed(palette(8, 0, 3, spread)))).slice(0, 9)).toEqual(narrow.scan.stored.slice(0, 9));
  });

  test("a descriptor of 0 entries means 65536", async () => {
    const table = packed(
      Array.from({ length: 65536 }, (_, i) => i),
      2,
    );
    const file = imageFile([0, 1, 500, 40000, 65535, 2], {
      photometric: "PALETTE COLOR",
      more: palette(16, 0, 0, [table, table, table]),
    });
    expect([...(await stored(file))].filter((_, i) => i % 3 === 0)).toEqual([0, 1, 500, 40000, 65535, 2]);
    await refused(
      imageFile([0, 1, 2, 3, 4, 5], {
        photometric: "PALETTE COLOR",
        more: palette(16, 0, 0, [table, table, table.slice(2)]),
      }),
    );
  });

  test("segmented palettes: discrete, linear and indirect segments", async () => {
    const segments = packed([0, 2, 100, 200, 1, 2, 400, 2, 1, 0, 0], 2);
    const of = (data: Uint8Array, count: number) =>
      [0, 1, 2].flatMap((channel) => [
        el(0x00281101 + channel, "US", [count, 0, 16]),
        el(0x00281221 + channel, "OW", data),
      ]);
    const object = await readDicom(indexed(of(segments, 6)), "a.dcm");
    expect([...object.scan.stored].filter((_, i) => i % 3 === 0)).toEqual([100, 200, 300, 400, 100, 200]);
    await refused(indexed(of(segments, 7)));
    await refused(indexed(of(segments, 3)));
    await refused(indexed(of(packed([2, 1, 0, 0], 2), 6)));
    await refused(indexed(of(packed([2, 1, 999, 999], 2), 6)));
    await refused(indexed(of(packed([0, 60000, 1], 2), 6)));
    await refused(indexed(of(packed([1, 4, 9], 2), 6)));
    await refused(indexed(of(packed([7, 4, 9], 2), 6)));
  });

  test("palettes that are missing or lie are refused", async () => {
    await refused(indexed([]));
    const short = [1, 2, 3].map(() => Uint8Array.of(1, 2));
    await refused(indexed(palette(16, 0, 3, short)));
    await refused(indexed(palette(12, 0, 1, short)));
    await refused(indexed(palette(8, 0, 3, short)));
  });

  test("MONOCHROME1 keeps its values and says that low is white", async () => {
    const { scan } = await readDicom(imageFile([1, 2, 3, 4, 5, 6], { photometric: "MONOCHROME1" }), "a.dcm");
    expect(scan).toMatchObject({ whiteIsLow: true, stored: Uint16Array.of(1, 2, 3, 4, 5, 6) });
  });

  test("native and encapsulated pixels must be what the transfer syntax says", async () => {
    await refused(imageFile([1, 2, 3, 4, 5, 6], {}, { syntax: RLE }));
    await refused(compressedFile("1.2.840.10008.1.2.1", [bytesOf(new Uint8Array(12))]));
  });
});
