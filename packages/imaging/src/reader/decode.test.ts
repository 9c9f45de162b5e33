import { HaleError } from "@hale/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CMYK_JPEG, GREY_JPEG, PROGRESSIVE_JPEG, RGB_JPEG } from "../formats/jpeg/jpeg-fixture.ts";
import { makePng } from "../formats/png/png-fixture.ts";
import { DEFLATE_TIFF, LZW_TIFF, makeTiff } from "../formats/tiff/tiff-fixture.ts";
import { decodeImage } from "./read.ts";

const greyTags = (bits: number, photometric: number): [number, 3 | 4, number][] => [
  [256, 3, 2],
  [257, 3, 2],
  [258, 3, bits],
  [262, 3, photometric],
];

describe("JPEG", () => {
  test("a grey JPEG decodes to the values of libjpeg-turbo in Pillow", async () => {
    for (const bytes of [GREY_JPEG, PROGRESSIVE_JPEG]) {
      const { data, ...rest } = await decodeImage(bytes, "ramp.jpg");
      expect(rest).toEqual({ width: 16, height: 16, channels: 1, maxValue: 255 });
      const sampled = [0, 5, 10, 15].map((y) => [0, 5, 10, 15].map((x) => data[y * 16 + x]));
      expect(sampled).toEqual([
        [0, 80, 162, 241],
        [40, 120, 206, 20],
        [80, 160, 239, 63],
        [120, 200, 22, 105],
      ]);
    }
  });

  test("a colour JPEG decodes to RGB", async () => {
    const raster = await decodeImage(RGB_JPEG, "flag.jpg");
    expect(raster.channels).toBe(3);
    expect([...raster.data.slice((2 * 16 + 2) * 3, (2 * 16 + 3) * 3)]).toEqual([200, 30, 39]);
    expect([...raster.data.slice((13 * 16 + 13) * 3, (13 * 16 + 14) * 3)]).toEqual([20, 60, 220]);
  });

  test("CMYK is refused as unsupported, a cut file as damaged, and the next file still decodes", async () => {
    await expect(decodeImage(CMYK_JPEG, "cmyk.jpg")).rejects.toMatchObject({ code: "IMAGE_UNSUPPORTED" });
    for (const length of [5, 40, 200, GREY_JPEG.length - 2]) {
      await expect(decodeImage(GREY_JPEG.subarray(0, length), "cut.jpg")).rejects.toMatchObject({
        code: "IMAGE_CORRUPT",
      });
    }
    expect((await decodeImage(GREY_JPEG, "ramp.jpg")).data[1]).toBeGreaterThan(0);
  });

  test("a hundred damaged files in a row leave the decoder usable", async () => {
    for (let i = 0; i < 100; i++) await decodeImage(GREY_JPEG.subarray(0, 200), "cut.jpg").catch(() => {});
    expect((await decodeImage(GREY_JPEG, "ramp.jpg")).width).toBe(16);
  });
});

describe("TIFF", () => {
  test("LZW grey and Deflate RGB decode to their stored values", async () => {
    expect([...(await decodeImage(LZW_TIFF, "lzw.tif")).data]).toEqual([
      0, 16, 32, 48, 8, 24, 40, 56, 16, 32, 48, 64, 24, 40, 56, 72,
    ]);
    const rgb = await decodeImage(DEFLATE_TIFF, "rgb.tif");
    expect(rgb).toMatchObject({ width: 2, height: 4, channels: 3 });
    expect([...rgb.data.slice(0, 3), ...rgb.data.slice(-3)]).toEqual([200, 30, 40, 20, 60, 220]);
  });

  test("8 and 16 bits are kept, and WhiteIsZero is turned over", async () => {
    const black = await decodeImage(makeTiff(greyTags(8, 1), [1, 2, 3, 255]), "a.tif");
    expect([...black.data]).toEqual([1, 2, 3, 255]);
    const white = await decodeImage(makeTiff(greyTags(8, 0), [1, 2, 3, 255]), "b.tif");
    expect([...white.data]).toEqual([254, 253, 252, 0]);
    const deep = await decodeImage(makeTiff(greyTags(16, 1), [1, 0, 0, 1, 255, 255, 7, 0]), "c.tif");
    expect(deep).toMatchObject({ maxValue: 65535 });
    expect([...deep.data]).toEqual([1, 256, 65535, 7]);
  });

  test.each([
    [
      "huge sizes",
      [
        [256, 4, 2 ** 31],
        [257, 4, 2 ** 31],
        [258, 3, 8],
        [262, 3, 1],
      ],
      "IMAGE_TOO_LARGE",
    ],
    [
      "missing pixels",
      [
        [256, 3, 200],
        [257, 3, 200],
        [258, 3, 8],
        [262, 3, 1],
      ],
      "IMAGE_CORRUPT",
    ],
    ["floating point", [...greyTags(8, 1), [339, 3, 3]], "IMAGE_UNSUPPORTED"],
    ["JPEG inside", [...greyTags(8, 1), [259, 3, 7]], "IMAGE_UNSUPPORTED"],
    ["YCbCr", greyTags(8, 6), "IMAGE_UNSUPPORTED"],
  ] as [string, [number, 3 | 4, number][], string][])("%s is refused", async (_, tags, code) => {
    await expect(decodeImage(makeTiff(tags, [1, 2, 3, 4]), "odd.tif")).rejects.toMatchObject({
      name: "HaleError",
      code,
    });
  });
});

describe("whatever the bytes, the answer is a raster or a typed refusal", () => {
  const size = { width: 9, height: 9 } as const;
  const ramp = (count: number, top: number) => Array.from({ length: count }, (_, i) => (i * 37) % top);
  const seeds = [
    makePng({ ...size, depth: 8, colour: 0 }, ramp(81, 256)),
    makePng({ ...size, depth: 2, colour: 3, interlaced: true, palette: ramp(12, 256) }, ramp(81, 4)),
    makePng({ ...size, depth: 16, colour: 6, interlaced: true }, ramp(324, 65536)),
    GREY_JPEG,
    PROGRESSIVE_JPEG,
    RGB_JPEG,
    LZW_TIFF,
    DEFLATE_TIFF,
  ];

  test("after bytes were flipped, cut off or put in", async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...seeds), damage, fc.option(fc.nat()), async (seed, flips, cut) => {
        const bytes = Uint8Array.from(seed);
        for (const [at, value] of flips) bytes[at % bytes.length] = value;
        const kept = cut === null ? bytes : bytes.subarray(0, cut % bytes.length);
        try {
          const raster = await decodeImage(kept, "fuzz");
          expect(raster.data.length).toBe(raster.width * raster.height * raster.channels);
        } catch (error) {
          if (!(error instanceof HaleError)) throw error;
          expect(error.code).toMatch(/^IMAGE_/);
        }
      }),
      { numRuns: 1500, seed: 7 },
    );
  });
});
