/** @file Pictures are read as a viewer shows them, whichever format says how they lie; and TIFF in the forms that scanners write. */
import { describe, expect, test } from "vitest";
import { decodeImage } from "../reader/read.ts";
import { bytesOf, packed } from "./dicom/dicom-fixture.ts";
import { GREY_JPEG } from "./jpeg/jpeg-fixture.ts";
import { encodePng } from "./png/write.ts";
import { makeTiff } from "./tiff/tiff-fixture.ts";

/** What is seen: 3 × 2. */
const SEEN = [1, 2, 3, 4, 5, 6];
/** How TIFF 6.0 (tag 274) has it stored: where row 0 and column 0 are seen; width first. */
const STORED: [orientation: number, size: [number, number], pixels: number[]][] = [
  [1, [3, 2], [1, 2, 3, 4, 5, 6]],
  // Row 0 top, column 0 right.
  [2, [3, 2], [3, 2, 1, 6, 5, 4]],
  // Bottom, right.
  [3, [3, 2], [6, 5, 4, 3, 2, 1]],
  // Bottom, left.
  [4, [3, 2], [4, 5, 6, 1, 2, 3]],
  // Row 0 is the left edge, column 0 the top.
  [5, [2, 3], [1, 4, 2, 5, 3, 6]],
  // Right edge, top.
  [6, [2, 3], [3, 6, 2, 5, 1, 4]],
  // Right edge, bottom.
  [7, [2, 3], [6, 3, 5, 2, 4, 1]],
  // Left edge, bottom.
  [8, [2, 3], [4, 1, 5, 2, 6, 3]],
];
const tiffBlock = (orientation: number, little: boolean) =>
  bytesOf(
    little ? [0x49, 0x49, 42, 0] : [0x4d, 0x4d, 0, 42],
    packed([8], 4, little),
    packed([1], 2, little),
    packed([274, 3], 2, little),
    packed([1], 4, little),
    packed([orientation, 0], 2, little),
    packed([0], 4, little),
  );
const grey = ([width, height]: [number, number]): [number, 3 | 4, number][] => [
  [256, 3, width],
  [257, 3, height],
  [258, 3, 8],
  [262, 3, 1],
];

describe.each(STORED)("orientation %i", (orientation, size, pixels) => {
  test("of TIFF", async () => {
    const bytes = makeTiff([...grey(size), [274, 3, orientation]], pixels);
    expect(await decodeImage(bytes, "a.tif")).toMatchObject({ width: 3, height: 2, data: Uint8Array.from(SEEN) });
  });

  test("of PNG", async () => {
    const png = encodePng({
      width: size[0],
      height: size[1],
      channels: 1,
      maxValue: 255,
      data: Uint8Array.from(pixels),
    });
    const block = tiffBlock(orientation, true);
    // Ahead of the pixels, behind the header (8 + 25 bytes); hale asks for no checksum of chunks without pixels.
    const chunk = bytesOf(packed([block.length], 4, false), [0x65, 0x58, 0x49, 0x66], block, [0, 0, 0, 0]);
    const bytes = bytesOf(png.subarray(0, 33), chunk, png.subarray(33));
    expect(await decodeImage(bytes, "a.png")).toMatchObject({ width: 3, height: 2, data: Uint8Array.from(SEEN) });
  });

  test("of JPEG", async () => {
    const plain = await decodeImage(GREY_JPEG, "a.jpg");
    for (const little of [true, false]) {
      const block = bytesOf([0x45, 0x78, 0x69, 0x66, 0, 0], tiffBlock(orientation, little));
      const segment = bytesOf([0xff, 0xe1], packed([block.length + 2], 2, false), block);
      const turned = await decodeImage(bytesOf(GREY_JPEG.subarray(0, 2), segment, GREY_JPEG.subarray(2)), "a.jpg");
      // The corner that is seen top left, in the stored 16 × 16.
      const corner = [0, 15, 255, 240, 0, 240, 255, 15][orientation - 1];
      expect(turned.data[0]).toBe(plain.data[corner]);
      expect([...turned.data].sort()).toEqual([...plain.data].sort());
    }
  });
});

test("a damaged or foreign block turns nothing", async () => {
  const plain = await decodeImage(GREY_JPEG, "a.jpg");
  const sound = tiffBlock(6, true);
  for (const block of [
    sound.subarray(0, 7),
    sound.subarray(0, 12),
    tiffBlock(9, true),
    tiffBlock(0, true),
    sound.slice(1),
  ]) {
    const whole = bytesOf([0x45, 0x78, 0x69, 0x66, 0, 0], block);
    const segment = bytesOf([0xff, 0xe1], packed([whole.length + 2], 2, false), whole);
    const read = await decodeImage(bytesOf(GREY_JPEG.subarray(0, 2), segment, GREY_JPEG.subarray(2)), "a.jpg");
    expect(read.data).toEqual(plain.data);
  }
});

describe("TIFF", () => {
  test("without BitsPerSample has one bit", async () => {
    const tags: [number, 3 | 4, number][] = [
      [256, 3, 10],
      [257, 3, 2],
      [262, 3, 1],
    ];
    const { data, maxValue } = await decodeImage(
      makeTiff(tags, [0b10101010, 0b01000000, 0b00001111, 0b11000000]),
      "a.tif",
    );
    expect(maxValue).toBe(255);
    const bits = [1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
    expect([...data]).toEqual(bits.map((bit) => 255 * bit));
  });

  /** A BigTIFF of one strip; offsets have eight bytes. */
  const bigTiff = (little: boolean, pixels: number[], more: [number, number][] = []) => {
    const entries: [tag: number, type: number, value: number][] = [
      [256, 3, 3],
      [257, 3, 2],
      [258, 3, 8],
      [262, 3, 1],
      [273, 16, 16],
      ...more.map(([tag, value]): [number, number, number] => [tag, 3, value]),
      [279, 16, pixels.length],
    ];
    const even = pixels.length + (pixels.length % 2);
    return bytesOf(
      little ? [0x49, 0x49, 43, 0] : [0x4d, 0x4d, 0, 43],
      packed([8, 0], 2, little),
      packed([16 + even], 8, little),
      pixels,
      new Uint8Array(even - pixels.length),
      packed([entries.length], 8, little),
      ...entries.map(([tag, type, value]) =>
        bytesOf(
          packed([tag, type], 2, little),
          packed([1], 8, little),
          type === 3 ? bytesOf(packed([value], 2, little), new Uint8Array(6)) : packed([value], 8, little),
        ),
      ),
      packed([0], 8, little),
    );
  };

  test("with eight-byte offsets reads as any other, turned too", async () => {
    for (const little of [true, false]) {
      expect(await decodeImage(bigTiff(little, SEEN), "a.tif")).toMatchObject({
        width: 3,
        height: 2,
        data: Uint8Array.from(SEEN),
      });
      expect([...(await decodeImage(bigTiff(little, [3, 2, 1, 6, 5, 4], [[274, 2]]), "a.tif")).data]).toEqual(SEEN);
    }
  });

  test("that breaks off anywhere is damaged, and nothing else", async () => {
    const whole = bigTiff(true, SEEN);
    for (let length = 4; length < whole.length - 8; length++) {
      await expect(decodeImage(whole.subarray(0, length), "a.tif")).rejects.toMatchObject({ name: "HaleError" });
    }
  });
});
