/** @file The built-in filters against loops in float64, against waves of known length and direction, and in ONNX Runtime. */
import { evaluate, input, Program, State } from "@hale/autodiff";
import { HaleError, Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import {
  builtInFilters,
  FILTER_LAYERS,
  FILTER_RESPONSES,
  FILTER_SIDE,
  type FilterResponse,
  gaborFilters,
  ORIENTATIONS,
  WAVELENGTHS,
} from "./filters.ts";
import { largestDifference } from "./node/test-support.ts";

const COUNT = WAVELENGTHS.length * ORIENTATIONS;
const AREA = FILTER_SIDE ** 2;

/** Pooled moduli of all layers of one image, as loops over pixels; grey values in [-1, 1], by row. */
function naive(image: readonly number[], side: number): number[][][] {
  const filters = [gaborFilters("even"), gaborFilters("odd")];
  let level = image.map((value) => (value + 1) / 2);
  let width = side;
  const grid = Math.floor(Math.floor(side / 2) / 2);
  return FILTER_LAYERS.map((_, scale) => {
    if (scale > 0) {
      const half = Math.floor(width / 2);
      const at = (r: number, c: number) => level[r * width + c];
      level = Array.from({ length: half * half }, (_, i) => {
        const [r, c] = [2 * Math.floor(i / half), 2 * (i % half)];
        return (at(r, c) + at(r, c + 1) + at(r + 1, c) + at(r + 1, c + 1)) / 4;
      });
      width = half;
    }
    const inside = (i: number): number => (i < 0 ? inside(-1 - i) : i >= width ? inside(2 * width - 1 - i) : i);
    const answer = (filter: Float32Array, which: number, r: number, c: number) => {
      let total = 0;
      for (let i = 0; i < FILTER_SIDE; i++)
        for (let j = 0; j < FILTER_SIDE; j++)
          total += filter[which * AREA + i * FILTER_SIDE + j] * level[inside(r + i - 5) * width + inside(c + j - 5)];
      return total;
    };
    const cell = Math.floor(width / grid);
    const planes = Array.from({ length: COUNT }, (_, which) => {
      const cells = Array.from({ length: grid * grid }, (_, at) => {
        let total = 0;
        for (let i = 0; i < cell; i++)
          for (let j = 0; j < cell; j++) {
            const [r, c] = [Math.floor(at / grid) * cell + i, (at % grid) * cell + j];
            total += Math.hypot(...filters.map((filter) => answer(filter, which, r, c)));
          }
        return total / cell ** 2;
      });
      return cells.map((_, at) => {
        const near = cells.filter(
          (_, other) =>
            Math.abs(Math.floor(other / grid) - Math.floor(at / grid)) <= 1 &&
            Math.abs((other % grid) - (at % grid)) <= 1,
        );
        return near.reduce((total, value) => total + value, 0) / near.length;
      });
    });
    return planes;
  });
}

/** What becomes of one layer's moduli. */
function naiveResponse(planes: readonly number[][], response: FilterResponse): number[] {
  return planes.flatMap((plane) =>
    plane.map((value, at) => {
      if (response === "log") return Math.log(value + 0.01);
      return response === "modulus" ? value : value / Math.hypot(0.01, ...planes.map((other) => other[at]));
    }),
  );
}

const picture = (seed: number, channels = 1, side = 20) =>
  Array.from(new Random(seed, "filters").uniforms(channels * side * side, -1, 1));

/** The filters compiled for images of a shape. */
async function runner(names: readonly string[], shape: readonly number[]) {
  const state = new State(await openDevice({ threads: 1 }));
  const layers = builtInFilters("modulus").features(input("x", shape), names);
  const outputs = Object.fromEntries(layers.map((tensor, i) => [names[i], tensor]));
  const program = await Program.compile(state, { name: "filters", outputs });
  return {
    layers,
    run: (x: Float32Array) => program.run({ x }),
    release: async () => {
      await program.release();
      state.dispose();
    },
  };
}

describe("the built-in filters", () => {
  test("answer as loops over pixels do, in every way of answering", () => {
    // 22 has halves and quarters that do not divide it.
    const image = picture(1, 1, 22);
    const expected = naive(image, 22);
    for (const response of FILTER_RESPONSES) {
      const layers = builtInFilters(response).features(input("x", [1, 1, 22, 22]), FILTER_LAYERS);
      evaluate(layers, { x: image }).forEach(({ data, shape }, i) => {
        expect(shape).toEqual([1, COUNT, 5, 5]);
        expect(largestDifference(data, naiveResponse(expected[i], response)), response).toBeLessThan(1e-6);
      });
    }
  });

  test("are zero in the mean and one in length, and quadrature pairs", () => {
    const [even, odd] = [gaborFilters("even"), gaborFilters("odd")];
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [even, odd].map((all) => all.subarray(i * AREA, (i + 1) * AREA));
      for (const filter of [a, b]) {
        expect(Math.abs(filter.reduce((total, value) => total + value, 0))).toBeLessThan(1e-5);
        expect(filter.reduce((total, value) => total + value * value, 0)).toBeCloseTo(1, 5);
      }
      expect(Math.abs(a.reduce((total, value, at) => total + value * b[at], 0))).toBeLessThan(1e-6);
    }
  });

  test("find a wave's length and direction, wherever its crests are", async () => {
    const side = 64;
    const answersTo = await runner(["fine"], [1, 1, side, side]);
    const mean = async (image: number[]) => {
      const { fine } = await answersTo.run(Float32Array.from(image));
      const cells = fine.length / COUNT;
      return Array.from({ length: COUNT }, (_, i) => {
        // Away from the borders, where a mirrored wave is another wave.
        const middle = Array.from(fine.subarray(i * cells, (i + 1) * cells)).filter((_, at) => {
          const [r, c] = [Math.floor(at / 16), at % 16];
          return Math.min(r, c) >= 4 && Math.max(r, c) < 12;
        });
        return middle.reduce((total, value) => total + value, 0) / middle.length;
      });
    };
    for (let which = 0; which < COUNT; which++) {
      const angle = ((which % ORIENTATIONS) * Math.PI) / ORIENTATIONS;
      const wavelength = WAVELENGTHS[Math.floor(which / ORIENTATIONS)];
      const wave = (phase: number) =>
        Array.from({ length: side * side }, (_, i) => {
          const along = (i % side) * Math.cos(angle) + Math.floor(i / side) * Math.sin(angle);
          return 0.5 * Math.cos((2 * Math.PI * along) / wavelength + phase);
        });
      const answers = await mean(wave(0));
      expect(answers.indexOf(Math.max(...answers)), `${wavelength} pixels, direction ${which % ORIENTATIONS}`).toBe(
        which,
      );
      // A quarter of a wave later: the phases' answers change places, the modulus stays.
      expect((await mean(wave(Math.PI / 2)))[which] / answers[which]).toBeCloseTo(1, 1);
    }
    await answersTo.release();
  });

  test("see no brightness: a constant more everywhere changes nothing", () => {
    const layers = builtInFilters("modulus").features(input("x", [1, 1, 20, 20]), FILTER_LAYERS);
    const image = picture(4).map((value) => 0.5 * value);
    const before = evaluate(layers, { x: image });
    const after = evaluate(layers, { x: image.map((value) => value + 0.4) });
    after.forEach(({ data }, i) => {
      expect(largestDifference(data, before[i].data)).toBeLessThan(1e-6);
    });
  });

  test("see a colour image as its brightness", () => {
    const colour = picture(5, 3);
    const grey = Array.from(
      { length: 400 },
      (_, i) => 0.299 * colour[i] + 0.587 * colour[i + 400] + 0.114 * colour[i + 800],
    );
    const of = (channels: number) => builtInFilters("log").features(input("x", [1, channels, 20, 20]), ["middle"]);
    const [a] = evaluate(of(3), { x: colour });
    const [b] = evaluate(of(1), { x: grey });
    expect(largestDifference(a.data, b.data)).toBeLessThan(1e-6);
  });

  test("answer in ONNX Runtime as in float64, an image alone as among others", async () => {
    const answersTo = await runner(FILTER_LAYERS, [3, 1, 20, 20]);
    const images = Float32Array.from(picture(6, 3));
    const answers = await answersTo.run(images);
    const expected = evaluate(answersTo.layers, { x: images });
    FILTER_LAYERS.forEach((layer, i) => {
      expect(largestDifference(answers[layer], expected[i].data), layer).toBeLessThan(1e-4);
    });
    const [first, second, third] = [0, 1, 2].map((i) => images.subarray(i * 400, (i + 1) * 400));
    const again = await answersTo.run(new Float32Array([...third, ...second, ...first]));
    const each = answers.fine.length / 3;
    expect(again.fine.slice(0, each)).toEqual(answers.fine.slice(2 * each));
    await answersTo.release();
  });

  test("refuse images and layers that do not fit, and say what does", () => {
    const filters = builtInFilters("log");
    const refused = (act: () => unknown) => {
      try {
        act();
      } catch (error) {
        if (error instanceof HaleError) return [error.code, error.message] as const;
      }
      return null;
    };
    expect(refused(() => filters.channels("finest"))).toEqual([
      "OPTION_INVALID",
      expect.stringMatching(/no layer finest.*fine, middle, coarse/),
    ]);
    expect(refused(() => filters.features(input("x", [1, 1, 15, 15]), ["fine"]))?.[0]).toBe("SHAPE_MISMATCH");
    expect(refused(() => filters.features(input("x", [1, 2, 32, 32]), ["fine"]))?.[0]).toBe("SHAPE_MISMATCH");
  });
});
