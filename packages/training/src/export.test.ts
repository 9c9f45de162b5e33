import { input, lower, mean, type NamedArray, Program, State, type Tensor } from "@hale/autodiff";
import { Random } from "@hale/core";
import { prepare, type Raster, resizeWeights } from "@hale/imaging";
import { exportModel, type FitRecipe, type ImageShape } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { sagan } from "../../methods/src/sagan/method.ts";

const device = await openDevice({ threads: 1 });
const random = new Random(5, "export");

function noise(width: number, height: number, channels: 1 | 3): Raster {
  const data = Uint8Array.from({ length: width * height * channels }, () => random.integer(0, 256));
  return { width, height, channels, maxValue: 255, data };
}

/** Planes [C, H, W] in [0, 1]. */
function pixelsOf({ width, height, channels, data }: Raster): Float32Array {
  const area = width * height;
  return Float32Array.from({ length: data.length }, (_, i) => data[(i % area) * channels + Math.floor(i / area)] / 255);
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

/** A method that finds everything healthy as it is: leaves only the preprocessing. */
const idle: FitRecipe = {
  learning: "fit",
  observe: () => ({}),
  settle: () => new Map(),
  inference: () => ({ restore: (x: Tensor) => x, anomalyMap: (x: Tensor) => mean(x, [1], true) }),
};

describe("the preprocessing inside an exported model", () => {
  const shapes: ImageShape[] = [
    { size: 32, channels: 1 },
    { size: 7, channels: 1 },
    { size: 32, channels: 3 },
  ];
  const sides = [1, 2, 3, 5, 7, 15, 31, 32, 33, 47, 64, 65, 100, 128, 199, 255, 256, 299, 300];
  test.each(shapes)("prepares images of every size as @hale/imaging does, for %o", async (shape) => {
    const session = await device.createSession(exportModel(idle, shape, new Map()));
    for (const [i, width] of sides.entries()) {
      for (const height of [width, sides[(i * 7 + 3) % sides.length], sides[(i * 5 + 8) % sides.length]]) {
        const raster = noise(width, height, shape.channels);
        const pixels = device.tensor(pixelsOf(raster), [1, shape.channels, height, width]);
        const { prepared } = await session.run({ pixels }, ["prepared"]);
        expect(prepared.dims).toEqual([1, shape.channels, shape.size, shape.size]);
        const difference = largestDifference(prepared.data as Float32Array, prepare(raster, shape));
        expect(difference, `${width} x ${height}`).toBeLessThan(7e-7);
      }
    }
    await session.release();
  });

  // One white pixel on black is answered by its weights. It is so bright that the answers are about 1, where float32
  // itself is good to 6e-8. The sums of the small sizes' rows do not fit into an int32.
  test.each([
    { size: 1, sides: [2, 4095, 65_000, 65_535] },
    { size: 4, sides: [5, 4095, 65_000, 65_535] },
    { size: 7, sides: [6, 4095, 65_000, 65_535] },
    { size: 32, sides: [31, 4095, 65_000] },
    { size: 256, sides: [255, 4095, 16_385] },
  ])(
    "weighs the pixels of long sides as the reference implementation does, for size $size",
    async ({ size, sides }) => {
      const session = await device.createSession(exportModel(idle, { size, channels: 1 }, new Map()));
      for (const from of sides) {
        const weights = resizeWeights(from, size);
        const brightness = 2 ** Math.ceil(Math.log2(Math.max(1, from / size)));
        const places = [0, from >> 1, from - 1, ...Array.from({ length: 6 }, () => random.integer(0, from))];
        const pixels = new Float32Array(places.length * from);
        places.forEach((place, n) => {
          pixels[n * from + place] = brightness;
        });
        for (const [height, width] of [
          [1, from],
          [from, 1],
        ]) {
          const input = device.tensor(pixels, [places.length, 1, height, width]);
          const prepared = (await session.run({ pixels: input }, ["prepared"])).prepared.data as Float32Array;
          const answers = places.flatMap((place, n) =>
            Array.from({ length: size }, (_, i) => {
              const expected = 2 * brightness * weights[i * from + place] - 1;
              const actual = prepared[n * size * size + (height === 1 ? i : i * size)];
              return Math.abs(actual - expected) / (1 + Math.abs(expected));
            }),
          );
          expect(Math.max(...answers), `${width} x ${height}`).toBeLessThan(2e-7);
        }
      }
      await session.release();
    },
  );
});

describe("an exported SAGAN", () => {
  const shape: ImageShape = { size: 32, channels: 1 };
  const tiny = (grid: number) =>
    sagan.create(sagan.options.parse({ width: 8, residualBlocks: 1, batch: 1, grid }), shape);
  const recipe = tiny(2);
  const arrays = recipe.initialState(new Random(3, "initialise"));
  const model = exportModel(recipe, shape, arrays);
  const rasters = [noise(32, 32, 1), noise(32, 32, 1), noise(32, 32, 1)];
  const pixels = Float32Array.from(rasters.flatMap((raster) => [...pixelsOf(raster)]));

  // At this size a quarter of an image is normalised over 2 x 2 pixels, which makes both ways differ from float64 by
  // 2e-5; over the whole image, both are within 1e-5 of it.
  test.each([
    { grid: 1, tolerance: 1e-5 },
    { grid: 2, tolerance: 1e-4 },
  ])("agrees with its recipe run as a program, for %o", async ({ grid, tolerance }) => {
    const recipe = tiny(grid);
    const arrays = recipe.initialState(new Random(3, "initialise"));
    const model = exportModel(recipe, shape, arrays);
    const x = input("x", [3, 1, 32, 32]);
    const healthy = recipe.restore(x);
    const map = recipe.anomalyMap(x, healthy);
    const state = new State(device);
    state.write(arrays);
    const outputs = { healthy, map, score: mean(map, [1, 2, 3]) };
    const program = await Program.compile(state, { name: "twin", outputs });
    const expected = await program.run({
      x: Float32Array.from(rasters.flatMap((raster) => [...prepare(raster, shape)])),
    });
    const session = await device.createSession(model);
    const actual = await session.run({ pixels: device.tensor(pixels, [3, 1, 32, 32]) });
    for (const name of ["healthy", "map", "score"]) {
      expect(largestDifference(actual[name].data as Float32Array, expected[name]), name).toBeLessThan(tolerance);
    }
    expect(actual.score.dims).toEqual([3]);
    expect(actual.map.dims).toEqual([3, 1, 32, 32]);
    await program.release();
    await session.release();
  });

  test("scores an image alike alone and among others", async () => {
    const session = await device.createSession(model);
    const together = (await session.run({ pixels: device.tensor(pixels, [3, 1, 32, 32]) })).score.data as Float32Array;
    for (const [i, raster] of rasters.entries()) {
      const alone = (await session.run({ pixels: device.tensor(pixelsOf(raster), [1, 1, 32, 32]) })).score.data;
      expect(Math.abs((alone as Float32Array)[0] - together[i])).toBeLessThan(1e-6);
    }
    await session.release();
  });

  test("takes pixels only, in ops that every ONNX Runtime has", async () => {
    const session = await device.createSession(model);
    expect(session.inputNames).toEqual(["pixels"]);
    expect([...session.outputNames].sort()).toEqual(["healthy", "map", "prepared", "score"]);
    await session.release();
  });

  test("leaves out what the restoration does not read", () => {
    const names = new TextDecoder("latin1").decode(model);
    expect(names).toContain("generator/stem");
    expect(names).not.toContain("critic/");
    expect(names).not.toContain("adam");
  });

  test("is refused where a weight is missing or not a number", () => {
    const [name, array] = [...arrays].find(([key]) => key.startsWith("generator/"))!;
    const lacking = new Map(arrays);
    lacking.delete(name);
    expect(() => exportModel(recipe, shape, lacking)).toThrow(/is missing/);
    const broken = new Map<string, NamedArray>(arrays);
    broken.set(name, { shape: array.shape, data: new Float32Array(array.data.length).fill(Number.NaN) });
    expect(() => exportModel(recipe, shape, broken)).toThrow(/not numbers/);
  });
});

test("an input that is provided is emitted once however often it is read", () => {
  const x = input("x", [2]);
  let emissions = 0;
  const provide = () => `value${emissions++}`;
  lower("twice", { a: x, b: input("x", [2]) }, { target: "cpu", provided: new Map([["x", provide]]) });
  expect(emissions).toBe(1);
});
