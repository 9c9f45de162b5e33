/** @file PatchCore against the paper's formulas in float64 loops: coreset, nearest distances, the image's score. */
import { evaluate, input, type NamedArray, type Tensor } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { builtInFilters } from "../backbone/filters.ts";
import { noise } from "../backbone/node/test-support.ts";
import { patchesOf } from "../backbone/patch-features.ts";
import type { DirectInference, Gathering } from "../method.ts";
import { nearestRows, patchAnswers } from "./answers.ts";
import { candidateGathering, candidatesOf } from "./candidates.ts";
import { greedyCoreset } from "./coreset.ts";
import { memoryOf } from "./memory.ts";
import { type PatchCoreOptions, patchcore } from "./method.ts";

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a, (value, i) => (value - b[i]) ** 2).reduce((p, q) => p + q));
const rowsOf = (data: Float32Array, width: number) =>
  Array.from({ length: data.length / width }, (_, i) => data.subarray(i * width, (i + 1) * width));

/** Algorithm 1 of the paper as it stands: the point whose distance to the nearest chosen one is largest. */
function naiveCoreset(points: readonly Float32Array[], count: number, first: number): number[] {
  const chosen = [first];
  while (chosen.length < count) {
    const away = points.map((point) => Math.min(...chosen.map((c) => distance(point, points[c]))));
    chosen.push(away.indexOf(Math.max(...away)));
  }
  return chosen;
}

describe("the coreset", () => {
  test.each([
    ["spread evenly", 3, (random: Random) => random.uniforms(3 * 400, -1, 1)],
    ["in many dimensions", 40, (random: Random) => random.normals(40 * 200)],
    ["in clusters", 2, (random: Random) => random.normals(2 * 400).map((v, i) => v * 0.05 + ((i >> 1) % 7) ** 2)],
  ])("is what the plain algorithm chooses, in its order: %s", (_, width, draw) => {
    const points = draw(new Random(4, "points"));
    const chosen = greedyCoreset(points, width, 60, 17);
    expect([...chosen]).toEqual(naiveCoreset(rowsOf(points, width), 60, 17));
  });

  test("ends where every point is among the chosen ones, duplicates once", () => {
    const points = Float32Array.of(0, 0, 5, 5, 1, 0, 5);
    expect([...greedyCoreset(points, 1, 7, 1)]).toEqual([1, 2, 4]);
  });
});

describe("candidates", () => {
  const fold = (gathering: Gathering, total: number, from = 0, to = total, arrays = gathering.start(total)) => {
    for (let i = from; i < to; i++) {
      // Each number tells the normal, the place and the column.
      const patches = Float32Array.from({ length: 12 }, (_, k) => 100 * i + k);
      gathering.add(arrays, { patches }, i, new Random(3, `gather/${i}`));
    }
    return Object.fromEntries([...arrays].map(([name, { data }]) => [name, [data]]));
  };

  test("are as many of every normal, and no more than asked for however many normals there are", () => {
    for (const total of [1, 5, 9, 10, 37, 2000]) {
      const rows = rowsOf(candidatesOf(fold(candidateGathering(6, 2, 30), total), 2), 2);
      expect(rows).toHaveLength(Math.min(30, 6 * total));
      const counts = new Map<number, number>();
      for (const [value, next] of rows) {
        expect(next).toBe(value + 1);
        counts.set(Math.floor(value / 100), (counts.get(Math.floor(value / 100)) ?? 0) + 1);
      }
      expect(new Set(rows.map(([value]) => value)).size).toBe(rows.length);
      if (total <= 30) expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
    }
  });

  test("are the same wherever the pass stopped, and those of the normals that were looked at", () => {
    const gathering = candidateGathering(6, 2, 30);
    const arrays = new Map([...gathering.start(11)].map(([name, a]) => [name, { ...a, data: a.data.slice() }]));
    const early = candidatesOf(fold(gathering, 11, 0, 4, arrays), 2);
    expect(early).toHaveLength(2 * Math.floor((4 * 30) / 11));
    expect(fold(gathering, 11, 4, 11, arrays)).toEqual(fold(gathering, 11));
  });
});

describe("the memory", () => {
  const candidates = Float32Array.from(noise(3 * 50, 5)).map((value, i) => (i % 3 === 2 ? 7 : value * (1 + (i % 3))));
  const made = (changes = {}) =>
    memoryOf(
      candidates,
      3,
      { scale: "channels", ratio: 0.2, memory: 100, projection: 8, ...changes },
      new Random(1, "m"),
    );

  test("keeps the share that is asked for, no more than the cap, of standardised candidates", () => {
    const state = made();
    expect(state.get("patchcore/rows")!.shape).toEqual([10, 3]);
    expect(made({ memory: 4 }).get("patchcore/rows")!.shape).toEqual([4, 3]);
    const [mean, factor] = ["mean", "factor"].map((name) => state.get(`patchcore/${name}`)!.data);
    const standard = rowsOf(candidates, 3).map((row) => row.map((value, j) => (value - mean[j]) * factor[j]));
    for (const row of rowsOf(state.get("patchcore/rows")!.data, 3))
      expect(Math.min(...standard.map((other) => distance(row, other)))).toBeLessThan(1e-6);
    // What all normals share decides nothing, and nothing divides by zero.
    expect(factor.every(Number.isFinite)).toBe(true);
    expect(standard.every((row) => Math.abs(row[2]) < 1e-5)).toBe(true);
  });

  test("is a coreset of projections where rows are wider, the same from the same seed", () => {
    const narrow = made({ projection: 2 });
    expect([...narrow.get("patchcore/rows")!.data]).toEqual([...made({ projection: 2 }).get("patchcore/rows")!.data]);
    expect([...narrow.get("patchcore/rows")!.data]).not.toEqual([...made().get("patchcore/rows")!.data]);
  });

  test("divides all by one deviation where the whole is to count as it is", () => {
    const factor = made({ scale: "whole" }).get("patchcore/factor")!.data;
    expect(new Set(factor).size).toBe(1);
  });

  test("of more than a detector holds is refused", () => {
    const wide = new Float32Array(1);
    Object.defineProperty(wide, "length", { value: 20_000 * 8_192 });
    expect(() =>
      memoryOf(wide, 8_192, { scale: "whole", ratio: 1, memory: 20_000, projection: 8 }, new Random(1, "m")),
    ).toThrow(/20000 patches, 8192 numbers each, takes 625 MB.*at most 512 MB.*fewer patches/);
  });
});

describe("the answers", () => {
  const WIDTH = 5;
  const PLACES = 16;
  const candidates = Float32Array.from(noise(WIDTH * 60, 7));
  const state = memoryOf(
    candidates,
    WIDTH,
    { scale: "channels", ratio: 0.5, memory: 30, projection: 8 },
    new Random(1, "m"),
  );
  const arrays = Object.fromEntries([...state].map(([name, { data }]) => [name, data]));
  const options = { score: "top", share: 0.25, neighbours: 4, size: 8, smoothing: 0 } as const;
  const image = Float32Array.from(noise(WIDTH * PLACES, 8)).map((value) => 2 * value);
  const answer = () => {
    const inference = patchAnswers(state, (x) => x, options);
    const x = input("x", [1, PLACES, WIDTH]);
    const { top, largest, reweighted } = inference.parts!(x);
    const map = inference.anomalyMap(x);
    const outputs = [map, inference.score!(map, x), top, largest, reweighted];
    const [drawn, ...numbers] = evaluate(outputs, { ...arrays, x: image });
    return { map: drawn.data, numbers: numbers.map(({ data: [value] }) => value) };
  };
  const [mean, factor, memory] = ["mean", "factor", "rows"].map((name) => state.get(`patchcore/${name}`)!.data);
  const bank = rowsOf(memory, WIDTH);
  const query = rowsOf(image, WIDTH).map((row) => row.map((value, j) => (value - mean[j]) * factor[j]));
  const away = query.map((row) => Math.min(...bank.map((other) => distance(row, other))));

  test("are distances to the nearest rows, their largest and the mean of the largest quarter", () => {
    const { map, numbers } = answer();
    const sorted = [...away].sort((a, b) => b - a);
    const top = sorted.slice(0, 4).reduce((a, b) => a + b) / 4;
    expect(numbers[0]).toBeCloseTo(top, 5);
    expect(numbers[1]).toBeCloseTo(top, 5);
    expect(numbers[2]).toBeCloseTo(sorted[0], 5);
    // In the corners of the map stand the corners' places.
    for (const [pixel, place] of [
      [0, 0],
      [7, 3],
      [56, 12],
      [63, 15],
    ])
      expect(map[pixel]).toBeCloseTo(away[place], 5);
  });

  test("weigh the image's score as equation 7 does", () => {
    const s = Math.max(...away);
    const farthest = query[away.indexOf(s)];
    const row = bank.find((other) => distance(farthest, other) < s + 1e-9)!;
    const around = [...bank].sort((a, b) => distance(a, row) - distance(b, row)).slice(0, 4);
    expect(around[0]).toBe(row);
    const total = around.map((other) => Math.exp(distance(farthest, other))).reduce((a, b) => a + b);
    const expected = (1 - Math.exp(s) / total) * s;
    expect(expected / s).toBeGreaterThan(0.5);
    expect(answer().numbers[3]).toBeCloseTo(expected, 5);
  });

  test("find the same nearest row however large the parts of the memory are", () => {
    const [rows, squares] = ["rows", "squares"].map((name) =>
      input(`patchcore/${name}`, state.get(`patchcore/${name}`)!.shape),
    );
    const flat = input("flat", [PLACES, WIDTH]);
    const found = [30, 7, 1].map((part) => nearestRows(flat, rows, squares, part));
    const values = { ...arrays, flat: query.flatMap((row) => [...row]) };
    const expected = query.map((row) =>
      bank.findIndex((other) => distance(row, other) === Math.min(...bank.map((b) => distance(row, b)))),
    );
    for (const { data } of evaluate(found, values)) expect([...data]).toEqual(expected);
  });
});

describe("the method", () => {
  const SIDE = 24;
  const shape = { size: SIDE, channels: 1 } as const;
  const optionsWith = (changes: Partial<PatchCoreOptions> = {}) => patchcore.options.parse({ ratio: 1, ...changes });
  const images = Array.from({ length: 3 }, (_, i) => Array.from(new Random(i, "patchcore").uniforms(SIDE ** 2, -1, 1)));
  const rowsOfImage = (make: (x: Tensor) => Tensor, x: readonly number[]) =>
    Float32Array.from(evaluate([make(input("x", [1, 1, SIDE, SIDE]))], { x })[0].data);

  test("learns normals by heart where all is kept: they score 0, and what differs in a corner lights up there", async () => {
    const recipe = patchcore.create(optionsWith({ layers: "fine" }), shape);
    const arrays = recipe.gathering!.start(2);
    images.slice(0, 2).forEach((image, i) => {
      recipe.gathering!.add(
        arrays,
        { patches: rowsOfImage((x) => recipe.observe(x).patches, image) },
        i,
        new Random(1, "g"),
      );
    });
    const gathered = Object.fromEntries(
      [...arrays].map(([name, { data }]): [string, Float32Array[]] => [name, [data]]),
    );
    const state: ReadonlyMap<string, NamedArray> = await recipe.settle(gathered, new Random(1, "settle"));
    expect(state.get("patchcore/rows")!.shape).toEqual([72, 24]);
    const values = Object.fromEntries([...state].map(([name, { data }]) => [name, data]));
    const inference = recipe.inference(state) as DirectInference;
    const answer = (x: readonly number[]) => {
      const picture = input("x", [1, 1, SIDE, SIDE]);
      const map = inference.anomalyMap(picture);
      const [drawn, score] = evaluate([map, inference.score!(map, picture)], { ...values, x });
      return { map: drawn.data, score: score.data[0] };
    };
    expect(answer(images[1]).score).toBeLessThan(1e-4);
    const marred = images[1].map((value, i) => (i % SIDE < 6 && i < 6 * SIDE ? 1 : value));
    const { map, score } = answer(marred);
    expect(score).toBeGreaterThan(0.1);
    expect(map[0]).toBeGreaterThan(10 * map[SIDE * SIDE - 1]);
  });

  test("joins all filters as they are, 72 numbers a place, and projects what is wider than asked for", () => {
    const x = input("x", [1, 1, SIDE, SIDE]);
    const whole = patchcore.create(optionsWith(), shape).observe(x).patches;
    expect(whole.shape).toEqual([1, 36, 72]);
    const filters = builtInFilters("log");
    const own = rowsOfImage((image) => patchesOf(filters.features(image, filters.layers), 1), images[0]);
    expect(rowsOfImage((image) => patchcore.create(optionsWith(), shape).observe(image).patches, images[0])).toEqual(
      own,
    );
    const recipe = patchcore.create(optionsWith({ dimensions: 10 }), shape);
    expect(recipe.observe(x).patches.shape).toEqual([1, 36, 10]);
    expect(recipe.frozen!.get("patchcore/narrowing")!.shape).toEqual([72, 10]);
  });

  test("has presets that it can be made with", () => {
    for (const { size, options } of Object.values(patchcore.presets!)) {
      const recipe = patchcore.create(patchcore.options.parse(options), { size, channels: 1 });
      expect(recipe.observe(input("x", [1, 1, size, size])).patches.shape[1]).toBe((size / 4) ** 2);
    }
  });

  test("refuses what cannot be", () => {
    const made = (changes: Partial<PatchCoreOptions>) => () => patchcore.create(optionsWith(changes), shape);
    expect(made({ neighbourhood: 2 })).toThrow(/even size/);
    expect(made({ layers: "fine,finest" })).toThrow(/no layer finest/);
    expect(made({ backbone: "a.onnx" })).toThrow(/a\.onnx was not read/);
    expect(() => patchcore.checkShape({ size: 16, channels: 1 })).toThrow(/16 pixels are too small/);
  });
});
