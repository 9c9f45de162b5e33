import { zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import type { Raster } from "../../raster/raster.ts";
import { decodeImage } from "../../reader/read.ts";
import { assemble, chunk, header, makePng, type PngKind, SAMPLES_OF } from "./png-fixture.ts";
import { encodePng } from "./write.ts";

/** Samples that differ everywhere and use the whole range. */
function samplesFor(kind: PngKind): number[] {
  const top = 2 ** kind.depth;
  const count = kind.width * kind.height * SAMPLES_OF[kind.colour];
  return Array.from({ length: count }, (_, i) => (i * 2654435761 + (i >> 3) * 40503) % top);
}

const size = { width: 11, height: 13 };

describe("a PNG is decoded to its stored values", () => {
  for (const interlaced of [false, true]) {
    for (const depth of [1, 2, 4, 8, 16] as const) {
      test(`grey, ${depth} bits${interlaced ? ", interlaced" : ""}`, async () => {
        const kind: PngKind = { ...size, depth, colour: 0, interlaced };
        const samples = samplesFor(kind);
        const raster = await decodeImage(makePng(kind, samples), "grey.png");
        const stretch = depth < 8 ? 255 / (2 ** depth - 1) : 1;
        expect(raster).toMatchObject({ ...size, channels: 1, maxValue: depth === 16 ? 65535 : 255 });
        expect([...raster.data]).toEqual(samples.map((sample) => sample * stretch));
      });
    }
    for (const depth of [8, 16] as const) {
      test(`RGB, ${depth} bits${interlaced ? ", interlaced" : ""}`, async () => {
        const kind: PngKind = { ...size, depth, colour: 2, interlaced };
        const samples = samplesFor(kind);
        const raster = await decodeImage(makePng(kind, samples), "rgb.png");
        expect(raster.channels).toBe(3);
        expect([...raster.data]).toEqual(samples);
      });
      test(`grey and RGB with alpha over black, ${depth} bits${interlaced ? ", interlaced" : ""}`, async () => {
        for (const colour of [4, 6] as const) {
          const kind: PngKind = { ...size, depth, colour, interlaced };
          const samples = samplesFor(kind);
          const raster = await decodeImage(makePng(kind, samples), "alpha.png");
          const perPixel = SAMPLES_OF[colour];
          const expected = samples.flatMap((sample, i) => {
            if (i % perPixel === perPixel - 1) return [];
            const alpha = samples[i - (i % perPixel) + perPixel - 1];
            return [Math.round((sample * alpha) / (2 ** depth - 1))];
          });
          expect([...raster.data]).toEqual(expected);
        }
      });
    }
    for (const depth of [1, 2, 4, 8] as const) {
      test(`palette, ${depth} bits${interlaced ? ", interlaced" : ""}`, async () => {
        const palette = Array.from({ length: 3 * 2 ** depth }, (_, i) => (i * 83 + 7) % 256);
        const kind: PngKind = { ...size, depth, colour: 3, interlaced, palette };
        const samples = samplesFor(kind);
        const raster = await decodeImage(makePng(kind, samples), "palette.png");
        expect(raster.channels).toBe(3);
        expect([...raster.data]).toEqual(samples.flatMap((index) => palette.slice(index * 3, index * 3 + 3)));
      });
    }
  }

  test("a palette of greys gives a grey raster, and its transparent entries turn black", async () => {
    const palette = [10, 10, 10, 200, 200, 200];
    const kind: PngKind = { width: 2, height: 1, depth: 1, colour: 3, palette, transparency: [255, 0] };
    expect(await decodeImage(makePng(kind, [0, 1]), "p.png")).toMatchObject({
      channels: 1,
      data: new Uint8Array([10, 0]),
    });
  });

  test("the colour that tRNS names as transparent turns black", async () => {
    const grey: PngKind = { width: 3, height: 1, depth: 16, colour: 0, transparency: [1, 44] };
    expect([...(await decodeImage(makePng(grey, [300, 301, 9]), "g.png")).data]).toEqual([0, 301, 9]);
    const rgb: PngKind = { width: 2, height: 1, depth: 8, colour: 2, transparency: [0, 1, 0, 2, 0, 3] };
    expect([...(await decodeImage(makePng(rgb, [1, 2, 3, 1, 2, 4]), "c.png")).data]).toEqual([0, 0, 0, 1, 2, 4]);
  });

  test("what encodePng writes comes back unchanged", async () => {
    for (const [channels, maxValue] of [
      [1, 255],
      [3, 255],
      [1, 65535],
      [3, 65535],
    ] as const) {
      const values = Array.from({ length: 5 * 4 * channels }, (_, i) => (i * 7919) % (maxValue + 1));
      const data = maxValue === 255 ? Uint8Array.from(values) : Uint16Array.from(values);
      const raster: Raster = { width: 5, height: 4, channels, maxValue, data };
      expect(await decodeImage(encodePng(raster), "round.png")).toEqual(raster);
    }
  });

  test("floats become 16 bits", async () => {
    const raster: Raster = { width: 3, height: 1, channels: 1, maxValue: 1, data: Float32Array.of(0, 0.25, 1) };
    expect([...(await decodeImage(encodePng(raster), "float.png")).data]).toEqual([0, 16384, 65535]);
  });
});

describe("a PNG that lies is refused by name", () => {
  const kind: PngKind = { width: 4, height: 4, depth: 8, colour: 0 };
  const good = makePng(kind, samplesFor(kind));
  const idat = (bytes: number) => chunk("IDAT", zlibSync(new Uint8Array(bytes)));
  const end = chunk("IEND", []);
  const flipped = (at: number) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));

  test.each([
    ["a wrong checksum in the header", flipped(30), "IMAGE_CORRUPT", /checksum/],
    ["a flipped pixel byte", flipped(45), "IMAGE_CORRUPT", /checksum/],
    ["no pixel data", assemble([header(kind), end]), "IMAGE_CORRUPT", /IDAT/],
    ["no header", assemble([idat(20), end]), "IMAGE_CORRUPT", /header/],
    ["two headers", assemble([header(kind), header(kind), idat(20), end]), "IMAGE_CORRUPT", /two headers/],
    ["pixels that stop early", assemble([header(kind), idat(19), end]), "IMAGE_CORRUPT", /shorter/],
    ["a zlib bomb", assemble([header(kind), idat(50_000_000), end]), "IMAGE_CORRUPT", /longer/],
    ["a file cut short", good.subarray(0, good.length - 20), "IMAGE_CORRUPT", /end/],
    ["2^31 pixels across", assemble([header({ ...kind, width: 2 ** 31 }), idat(20), end]), "IMAGE_TOO_LARGE", /pixels/],
    ["no pixels across", assemble([header({ ...kind, width: 0 }), idat(20), end]), "IMAGE_CORRUPT", /0 × 4/],
    ["3-bit RGB", assemble([header({ ...kind, depth: 4, colour: 2 }), idat(20), end]), "IMAGE_CORRUPT", /colour type/],
    [
      "a palette image without palette",
      assemble([header({ ...kind, colour: 3 }), idat(20), end]),
      "IMAGE_CORRUPT",
      /palette/,
    ],
    [
      "an index beyond the palette",
      makePng({ ...kind, colour: 3, palette: [1, 2, 3] }, Array(16).fill(5)),
      "IMAGE_CORRUPT",
      /beyond/,
    ],
    [
      "an unknown critical chunk",
      assemble([header(kind), chunk("ABCD", []), idat(20), end]),
      "IMAGE_UNSUPPORTED",
      /chunk/,
    ],
    [
      "an unknown row filter",
      assemble([header(kind), chunk("IDAT", zlibSync(new Uint8Array(20).fill(9))), end]),
      "IMAGE_CORRUPT",
      /filter/i,
    ],
    ["an empty file", new Uint8Array(0), "IMAGE_CORRUPT", /empty/],
    ["a text file", new TextEncoder().encode("hello"), "IMAGE_UNSUPPORTED", /neither/],
  ])("%s", async (_, bytes, code, message) => {
    await expect(decodeImage(bytes, "scan.png")).rejects.toMatchObject({
      name: "HaleError",
      code,
      fault: expect.stringMatching(message),
      message: expect.stringContaining("scan.png"),
    });
  });
});
