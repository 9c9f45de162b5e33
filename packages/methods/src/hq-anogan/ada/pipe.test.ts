/** @file The augmentation on the CPU: what leaves images as they are, what moves pixels, what changes their values. */
import { evaluate, input } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { inverseAffine } from "./geometric.ts";
import { difference, isInside, noiseImages, onCpu, picture, transformed, wave } from "./node/test-support.ts";
import { augment, augmentationInputs, drawAugmentation } from "./pipe.ts";
import { gatherPlanes } from "./sampling.ts";
import { IDENTITY, MEDICAL, selectTransforms, type Transformation } from "./transforms.ts";

const grey = { size: 32, channels: 1 };
const colour = { size: 32, channels: 3 };
const doing = (changes: Partial<Transformation>): Transformation => ({ ...IDENTITY, ...changes });

describe("at p = 0", () => {
  test.each([
    { ...grey, name: "bgcfnc" },
    { ...colour, name: "bgcfnc" },
    { size: 64, channels: 1, name: "medical" },
    { size: 9, channels: 1, name: "g" },
  ])("$name leaves $channels channels of $size x $size as they are", async ({ name, ...shape }) => {
    const images = noiseImages(2, shape);
    const spec = { ...shape, transforms: selectTransforms(name), batch: 2 };
    const result = await onCpu(images, drawAugmentation(new Random(1, "draw"), { ...spec, p: 0 }), spec);
    const { largest, mean } = difference(result, images);
    expect(largest).toBeLessThan(2e-5);
    expect(mean).toBeLessThan(1e-6);
  });

  test.each([grey, colour])("colours and blits change not one bit, $channels channels", async (shape) => {
    const images = noiseImages(2, shape);
    for (const name of ["c", "b", "bc"]) {
      const spec = { ...shape, transforms: selectTransforms(name), batch: 2 };
      const result = await onCpu(images, drawAugmentation(new Random(1, "draw"), { ...spec, p: 0 }), spec);
      expect(result).toEqual(images);
    }
  });
});

describe("blits", () => {
  const spec = { size: 8, channels: 1, transforms: selectTransforms("b") };
  const rows = (values: ArrayLike<number>) =>
    Array.from({ length: 8 }, (_, row) => Array.from(values).slice(8 * row, 8 * row + 8));
  const image = noiseImages(1, spec);
  const mirrored = rows(image).map((row) => [...row].reverse());
  const turned = (picture: number[][]) => picture[0].map((_, column) => picture.map((row) => row[column]).reverse());
  const after = async (changes: Partial<Transformation>) => rows(await transformed(image, [doing(changes)], spec));

  test("mirror", async () => {
    expect(await after({ flip: true })).toEqual(mirrored);
  });

  test("turn clockwise", async () => {
    expect(await after({ turns: 1 })).toEqual(turned(rows(image)));
    expect(await after({ turns: 2 })).toEqual(turned(turned(rows(image))));
    expect(await after({ turns: 3 })).toEqual(turned(turned(turned(rows(image)))));
  });

  test("shift, with what lies beyond the border reflected", async () => {
    const right = rows(image).map((row) => [row[2], row[1], ...row.slice(0, 6)]);
    expect(await after({ shift: [0.25, 0] })).toEqual(right);
    const up = [...rows(image).slice(1), rows(image)[6]];
    expect(await after({ shift: [0, -0.125] })).toEqual(up);
  });

  test("mirror first, then turn, then shift", async () => {
    const expected = turned(mirrored).map((row) => [row[1], ...row.slice(0, 7)]);
    expect(await after({ flip: true, turns: 1, shift: [0.125, 0] })).toEqual(expected);
  });

  test("treat all channels of an image alike, and each image alone", async () => {
    const shape = { size: 8, channels: 3 };
    const images = noiseImages(2, shape);
    const result = await transformed(images, [doing({ turns: 3 }), doing({ shift: [0, 0.25] })], { ...spec, ...shape });
    for (let plane = 0; plane < 6; plane++) {
      const part = images.subarray(64 * plane, 64 * (plane + 1));
      const change = plane < 3 ? { turns: 3 } : { shift: [0, 0.25] as const };
      expect(rows(result.subarray(64 * plane, 64 * (plane + 1)))).toEqual(
        rows(await transformed(part, [doing(change)], spec)),
      );
    }
  });
});

describe("geometric transforms", () => {
  const spec = { size: 48, channels: 1, transforms: selectTransforms("bg") };
  const smooth = picture(48, wave);
  /** The picture as it would be, had it been taken so. */
  const expected = (t: Transformation) => {
    const [a, b, c, d, u, v] = inverseAffine(t, 48);
    return picture(48, (x, y) => wave(a * (x - u) + b * (y - v), c * (x - u) + d * (y - v)));
  };

  test("by whole pixels are shifts, even of noise", async () => {
    const image = noiseImages(1, spec);
    const moved = await transformed(image, [doing({ translation: [5 / 48, -3 / 48] })], spec);
    const shifted = await transformed(image, [doing({ shift: [5 / 48, -3 / 48] })], spec);
    expect(difference(moved, shifted).largest).toBeLessThan(1e-5);
  });

  test.each([1, 2, 3])("by %i right angles agree with the quarter turns, within 0.005 inside", async (turns) => {
    const turned = await transformed(smooth, [doing({ before: (turns * Math.PI) / 2 })], spec);
    const exact = await transformed(smooth, [doing({ turns })], spec);
    expect(difference(turned, exact, isInside(48, 8)).largest).toBeLessThan(0.005);
  });

  test.each([
    { scale: 1.4 },
    { before: 0.3 },
    { after: -0.2 },
    { stretch: 1.2 },
    { translation: [0.03, -0.017] as const },
    { scale: 1.5, before: 0.5, stretch: 0.9, after: 0.2, translation: [-0.02, 0.05] as const },
  ])("%j show a smooth picture as it would be, within 0.01 inside", async (changes) => {
    const result = await transformed(smooth, [doing(changes)], spec);
    expect(difference(result, expected(doing(changes)), isInside(48, 12)).largest).toBeLessThan(0.01);
  });

  test("scale up, turn clockwise, and move right and down", () => {
    const source = (changes: Partial<Transformation>) => {
      const [a, b, c, d, u, v] = inverseAffine(doing(changes), 10);
      return [a * (3 - u) + b * (1 - v), c * (3 - u) + d * (1 - v)].map((value) => Math.round(1e9 * value) / 1e9);
    };
    expect(source({ scale: 2 })).toEqual([1.5, 0.5]);
    expect(source({ stretch: 2 })).toEqual([1.5, 2]);
    expect(source({ translation: [0.1, 0.2] })).toEqual([2, -1]);
    expect(source({ before: Math.PI / 2 })).toEqual([1, -3]);
    expect(source({ after: Math.PI / 2, scale: 2 })).toEqual([0.5, -1.5]);
    // Forwards: turned first, then stretched. Backwards from (3, 1): (1.5, 2), then turned back.
    expect(source({ before: Math.PI / 2, stretch: 2 })).toEqual([2, -1.5]);
    expect(source({ stretch: 2, after: Math.PI / 2 })).toEqual([0.5, -6]);
  });

  test("far beyond the borders find reflections, and nothing else", async () => {
    const image = noiseImages(1, spec);
    const far = [doing({ scale: 0.1, before: 1, translation: [3, -7] })];
    const result = await transformed(image, far, spec);
    expect(result.every((v) => Number.isFinite(v) && Math.abs(v) < 4)).toBe(true);
    const constant = await transformed(new Float32Array(48 * 48).fill(0.7), far, spec);
    expect(difference(constant, new Float32Array(48 * 48).fill(0.7)).largest).toBeLessThan(1e-5);
  });
});

describe("colours", () => {
  const spec = { ...grey, transforms: selectTransforms("c") };
  const images = noiseImages(1, grey);

  test("of grey: brightness is added, contrast multiplies, the luma flip negates", async () => {
    expect(await transformed(images, [doing({ brightness: 0.25 })], spec)).toEqual(images.map((v) => v + 0.25));
    expect(await transformed(images, [doing({ contrast: 1.5 })], spec)).toEqual(images.map((v) => 1.5 * v));
    const both = await transformed(images, [doing({ brightness: 0.25, contrast: 2 })], spec);
    expect(
      difference(
        both,
        images.map((v) => 2 * (v + 0.25)),
      ).largest,
    ).toBeLessThan(1e-6);
    expect(await transformed(images, [doing({ lumaFlip: true })], spec)).toEqual(images.map((v) => -v));
  });

  test("of three channels turn around grey, and lose what saturation takes", async () => {
    const [r, g, b] = [0.5, -0.25, 0.125];
    const pixel = { size: 1, channels: 3, transforms: spec.transforms };
    const after = (changes: Partial<Transformation>) => transformed(Float32Array.of(r, g, b), [doing(changes)], pixel);
    const near = async (changes: Partial<Transformation>, values: number[]) =>
      expect(difference(await after(changes), values).largest).toBeLessThan(1e-6);
    const middle = (r + g + b) / 3;
    await near({ hue: (2 * Math.PI) / 3 }, [b, r, g]);
    await near({ saturation: 0 }, [middle, middle, middle]);
    await near(
      { saturation: 2 },
      [r, g, b].map((v) => 2 * v - middle),
    );
    await near(
      { lumaFlip: true },
      [r, g, b].map((v) => v - 2 * middle),
    );
    // Half a turn negates what is not grey.
    await near(
      { hue: Math.PI },
      [r, g, b].map((v) => 2 * middle - v),
    );
    const order = { brightness: 0.1, contrast: 2, hue: Math.PI, saturation: 3 };
    await near(
      order,
      [r, g, b].map((v) => 2 * (middle + 0.1) - 6 * (v - middle)),
    );
  });
});

describe("the other stages", () => {
  test("filter: gains reach their bands, and only the lowest has a constant", async () => {
    const spec = { ...grey, transforms: selectTransforms("f") };
    const flat = new Float32Array(32 * 32).fill(0.5);
    expect(difference(await transformed(flat, [doing({ bands: [1, 5, 0, 3] })], spec), flat).largest).toBeLessThan(
      1e-5,
    );
    // Along rows and along columns, so that the gain comes twice.
    const dimmed = await transformed(flat, [doing({ bands: [0.5, 1, 1, 1] })], spec);
    expect(
      difference(
        dimmed,
        flat.map((v) => v / 4),
      ).largest,
    ).toBeLessThan(1e-5);
    const image = noiseImages(1, grey);
    const doubled = await transformed(image, [doing({ bands: [2, 2, 2, 2] })], spec);
    expect(
      difference(
        doubled,
        image.map((v) => 4 * v),
      ).largest,
    ).toBeLessThan(1e-5);
  });

  test("noise has the deviation that was drawn, in each image its own", async () => {
    const spec = { size: 64, channels: 1, transforms: selectTransforms("n") };
    const result = await transformed(new Float32Array(2 * 4096), [doing({ noise: 0.2 }), IDENTITY], spec);
    const power = result.subarray(0, 4096).reduce((total, v) => total + v * v, 0) / 4096;
    expect(Math.sqrt(power)).toBeCloseTo(0.2, 1.8);
    expect(result.subarray(4096)).toEqual(new Float32Array(4096));
  });

  test("cutout empties a square, and what of it lies in the image", async () => {
    const spec = { ...colour, transforms: { cutout: {} } };
    const ones = new Float32Array(3 * 1024).fill(1);
    const left = async (at: readonly [number, number]) => {
      const result = await transformed(ones, [doing({ cutout: { at, side: 0.5 } })], spec);
      return Array.from(result);
    };
    const middle = await left([0.5, 0.5]);
    expect(middle.filter((v) => v === 0).length).toBe(3 * 256);
    expect(middle[16 * 32 + 16]).toBe(0);
    expect((await left([0, 0.5])).filter((v) => v === 0).length).toBe(3 * 128);
  });
});

describe("a batch", () => {
  test("is the same on the CPU as in float64", async () => {
    for (const channels of [1, 3]) {
      const spec = { size: 8, channels, transforms: selectTransforms("bgcfnc"), batch: 3 };
      const arrays = drawAugmentation(new Random(5, "draw"), { ...spec, p: 0.9 });
      const images = noiseImages(3, spec);
      const graph = augment(input("x", [3, channels, 8, 8]), augmentationInputs(spec));
      const [{ data }] = evaluate([graph], { x: images, ...arrays });
      expect(difference(await onCpu(images, arrays, spec), data).largest).toBeLessThan(1e-5);
    }
  });

  test("is drawn alike from the same stream, and its images differ", async () => {
    const spec = { size: 16, channels: 1, transforms: MEDICAL, batch: 2, p: 1 };
    const [one, two] = [1, 1].map(() => drawAugmentation(new Random(5, "draw"), spec));
    expect(one).toEqual(two);
    const image = noiseImages(1, spec);
    const result = await onCpu(Float32Array.of(...image, ...image), one, spec);
    expect(difference(result.subarray(0, 256), result.subarray(256)).mean).toBeGreaterThan(0.05);
  });

  test("too large for one gather is gathered in parts", () => {
    const planes = input("planes", [3, 2, 5]);
    const indices = input("indices", [3, 4]);
    const values = {
      planes: noiseImages(1, { size: 1, channels: 30 }),
      indices: [0, 4, 4, 1, 2, 0, 3, 3, 1, 1, 4, 2],
    };
    const [{ data: whole }] = evaluate([gatherPlanes(planes, indices)], values);
    for (const most of [5, 9, 10, 20]) {
      expect(evaluate([gatherPlanes(planes, indices, most)], values)[0].data).toEqual(whole);
    }
    expect(whole[5]).toBe(values.planes[9]);
  });
});
