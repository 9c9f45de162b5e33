/** @file PaDiM against the paper's formulas in float64 loops: Gaussians, Mahalanobis distances, the image's score. */
import { evaluate, input } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { noise } from "../backbone/node/test-support.ts";
import type { Gathering } from "../method.ts";
import { gaussianAnswers } from "./answers.ts";
import {
  checkWidth,
  cholesky,
  type GaussianOptions,
  gaussiansOf,
  inverseOfLower,
  momentGathering,
  oracleShrinkage,
} from "./gaussians.ts";
import { type PadimOptions, padim } from "./method.ts";

const [PLACES, WIDTH] = [4, 3];

/** Normals whose numbers hang together, other at each place. */
function normals(count: number, seed = 1): Float32Array[] {
  const random = new Random(seed, "normals");
  return Array.from({ length: count }, () =>
    Float32Array.from(
      Array.from({ length: PLACES }, (_, place) => {
        const [a, b, c] = random.normals(3);
        return [5 + a, place + a + 0.5 * b, 100 + (1 + place) * c - b];
      }).flat(),
    ),
  );
}

function gathered(gathering: Gathering, rows: readonly Float32Array[]) {
  const arrays = gathering.start(rows.length);
  rows.forEach((patches, i) => {
    gathering.add(arrays, { patches }, i, new Random(1, "unused"));
  });
  return Object.fromEntries([...arrays].map(([name, { data }]) => [name, [data]]));
}

const fitted = (rows: readonly Float32Array[], options: GaussianOptions) =>
  gaussiansOf(gathered(momentGathering(PLACES, WIDTH), rows), WIDTH, options);

/** Mean, and covariance with Bessel's correction, at a place. */
function momentsOf(rows: readonly Float32Array[], place: number) {
  const own = rows.map((row) => Array.from(row.subarray(place * WIDTH, (place + 1) * WIDTH)));
  const mean = own[0].map((_, i) => own.reduce((sum, row) => sum + row[i] / own.length, 0));
  const covariance = mean.map((_, i) =>
    mean.map((_, j) => own.reduce((sum, row) => sum + (row[i] - mean[i]) * (row[j] - mean[j]), 0) / (own.length - 1)),
  );
  return { mean, covariance };
}

/** matrix⁻¹ · b by elimination with pivots. */
function solved(matrix: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, b[i]]);
  rows.forEach((_, k) => {
    const pivot = rows.reduce((best, row, i) => (i > k && Math.abs(row[k]) > Math.abs(rows[best][k]) ? i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    rows.forEach((row, i) => {
      if (i === k) return;
      const times = row[k] / rows[k][k];
      row.forEach((_value, j) => {
        row[j] -= times * rows[k][j];
      });
    });
  });
  return rows.map((row, i) => row[row.length - 1] / row[i]);
}

function distances(state: ReturnType<typeof fitted>, image: Float32Array): number[] {
  const x = input("x", [1, PLACES, WIDTH]);
  const inference = gaussianAnswers(state, (rows) => rows, { score: "top", share: 0.5, size: 2, smoothing: 0 });
  const values = Object.fromEntries([...state].map(([name, { data }]) => [name, data]));
  return [...evaluate([inference.anomalyMap(x)], { ...values, x: image })[0].data];
}

describe("the distance", () => {
  const rows = normals(40);
  const image = Float32Array.from(normals(1, 9)[0], (value, i) => value + (i % 5) - 2);

  test.each([
    { shrinkage: 0, floor: 1e-9 },
    { shrinkage: 0.2, floor: 0.01 },
    { shrinkage: "auto", floor: 0.05 },
  ] as const)("is that of Mahalanobis, place by place: %o", (options) => {
    const moments = Array.from({ length: PLACES }, (_, place) => momentsOf(rows, place));
    const variance = ({ covariance }: (typeof moments)[0]) =>
      (covariance[0][0] + covariance[1][1] + covariance[2][2]) / 3;
    const least = (options.floor * moments.reduce((sum, one) => sum + variance(one), 0)) / PLACES;
    const actual = distances(fitted(rows, options), image);
    moments.forEach((one, place) => {
      const { mean, covariance } = one;
      const flat = Float64Array.from(covariance.flat());
      const share = options.shrinkage === "auto" ? oracleShrinkage(flat, WIDTH, rows.length) : options.shrinkage;
      const shrunk = covariance.map((row, i) =>
        row.map((value, j) => (1 - share) * value + (i === j ? share * variance(one) + least : 0)),
      );
      const away = mean.map((value, i) => image[place * WIDTH + i] - value);
      const expected = Math.sqrt(solved(shrunk, away).reduce((sum, value, i) => sum + value * away[i], 0));
      expect(actual[place] / expected).toBeCloseTo(1, 4);
    });
  });

  test("is 0 for the mean, and its square is on average the width over the normals that were learnt", () => {
    const state = fitted(rows, { shrinkage: 0, floor: 1e-9 });
    expect(Math.max(...distances(state, state.get("padim/mean")!.data))).toBeLessThan(1e-4);
    let total = 0;
    for (const row of rows)
      for (const distance of distances(state, row)) total += distance ** 2 / (rows.length * PLACES);
    expect(total).toBeCloseTo((WIDTH * (rows.length - 1)) / rows.length, 3);
  });

  test("stays finite where numbers are the same in all normals, and where all normals are one image", () => {
    const flat = rows.map((row) => row.map((value, i) => (i % WIDTH === 1 ? 3 : value)));
    for (const value of distances(fitted(flat, { shrinkage: "auto", floor: 0.01 }), image)) {
      expect(value).toSatisfy(Number.isFinite);
      expect(value).toBeGreaterThan(0);
    }
    const same = fitted([rows[0], rows[0]], { shrinkage: "auto", floor: 0.01 });
    const moved = distances(
      same,
      rows[0].map((value) => value + 2),
    );
    for (const value of moved) expect(value).toBeCloseTo(2 * Math.sqrt(WIDTH), 4);
  });
});

test("sums in single precision leave what many normals with far means have in common", () => {
  const rows = normals(3000, 4).map((row) => row.map((value) => 1000 + value));
  const actual = fitted(rows, { shrinkage: 0, floor: 1e-9 });
  const { mean, covariance } = momentsOf(rows, 2);
  const exact = cholesky(Float64Array.from(covariance.flat()), WIDTH);
  const whitening = actual.get("padim/whitening")!.data.subarray(2 * WIDTH ** 2, 3 * WIDTH ** 2);
  inverseOfLower(exact, WIDTH).forEach((value, i) => {
    const [row, column] = [Math.floor(i / WIDTH), i % WIDTH];
    expect(whitening[column * WIDTH + row]).toBeCloseTo(value, 3);
  });
  mean.forEach((value, i) => {
    expect(Math.abs(actual.get("padim/mean")!.data[2 * WIDTH + i] - value)).toBeLessThan(1e-3);
  });
});

test("a triangle times its own turned round is the matrix, times its inverse one", () => {
  const root = [1, 2, 3, 5].map((seed) => Array.from(noise(4, seed)));
  const product = (a: readonly number[][], b: readonly number[][]) =>
    a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
  const turned = (a: readonly number[][]) => a[0].map((_, j) => a.map((row) => row[j]));
  const square = (flat: Float64Array) => [0, 1, 2, 3].map((i) => Array.from(flat.subarray(4 * i, 4 * i + 4)));
  const matrix = product(root, turned(root)).map((row, i) => row.map((value, j) => value + (i === j ? 0.1 : 0)));
  const lower = cholesky(Float64Array.from(matrix.flat()), 4);
  const triangle = square(lower);
  product(triangle, turned(triangle))
    .flat()
    .forEach((value, i) => {
      expect(value).toBeCloseTo(matrix.flat()[i], 12);
    });
  product(square(inverseOfLower(lower, 4)), triangle)
    .flat()
    .forEach((value, i) => {
      expect(value).toBeCloseTo(i % 5 === 0 ? 1 : 0, 10);
    });
});

describe("shrinkage from the data", () => {
  const covarianceOf = (deviations: readonly number[], count: number) => {
    const random = new Random(2, "samples");
    const rows = Array.from({ length: count }, () =>
      random.normals(deviations.length).map((v, i) => v * deviations[i]),
    );
    return Float64Array.from({ length: deviations.length ** 2 }, (_, at) => {
      const [i, j] = [Math.floor(at / deviations.length), at % deviations.length];
      return rows.reduce((sum, row) => sum + (row[i] * row[j]) / count, 0);
    });
  };

  test("is large where there are few samples of a round Gaussian, small where many tell of a long one", () => {
    const round = new Array<number>(10).fill(1);
    const long = round.map((_, i) => (i === 0 ? 10 : 1));
    expect(oracleShrinkage(covarianceOf(round, 12), 10, 12)).toBeGreaterThan(0.5);
    expect(oracleShrinkage(covarianceOf(long, 500), 10, 500)).toBeLessThan(0.02);
  });

  test("is the formula's for two numbers", () => {
    // S = diag(3, 1): tr S² = 10, tr² S = 16, p = 2: (0·10 + 16) / ((n + 0)(10 - 8)).
    expect(oracleShrinkage(Float64Array.of(3, 0, 0, 1), 2, 20)).toBeCloseTo(16 / 40, 12);
    expect(oracleShrinkage(Float64Array.of(2, 0, 0, 2), 2, 20)).toBe(1);
  });
});

test("the image's scores are the mean of the largest distances and the map's largest value", () => {
  const state = fitted(normals(20), { shrinkage: 0.1, floor: 0.01 });
  const image = normals(1, 3)[0];
  const values = Object.fromEntries([...state].map(([name, { data }]) => [name, data]));
  const x = input("x", [1, PLACES, WIDTH]);
  const inference = gaussianAnswers(state, (rows) => rows, { score: "largest", share: 0.5, size: 2, smoothing: 1 });
  const map = inference.anomalyMap(x);
  const { top, largest } = inference.parts!(x);
  const outputs = evaluate([map, inference.score!(map, x), top, largest], { ...values, x: image });
  const sorted = distances(state, image).sort((a, b) => b - a);
  expect(outputs[2].data[0]).toBeCloseTo((sorted[0] + sorted[1]) / 2, 5);
  expect(outputs[3].data[0]).toBe(Math.max(...outputs[0].data));
  expect(outputs[1].data[0]).toBe(outputs[3].data[0]);
});

describe("the method", () => {
  const shape = { size: 24, channels: 1 } as const;
  const made = (changes: Partial<PadimOptions> = {}) => padim.create(padim.options.parse(changes), shape);

  test("takes all of the filters, or as many channels as are asked for, the same in every run", () => {
    const x = input("x", [1, 1, 24, 24]);
    expect(made().observe(x).patches.shape).toEqual([1, 36, 72]);
    const some = made({ dimensions: 20 });
    expect(some.observe(x).patches.shape).toEqual([1, 36, 20]);
    const matrix = some.frozen!.get("padim/narrowing")!;
    expect(matrix).toEqual(made({ dimensions: 20 }).frozen!.get("padim/narrowing"));
    // Twenty channels, each as it is.
    expect([...matrix.data].sort().slice(-20)).toEqual(new Array(20).fill(1));
    expect(matrix.data.reduce((sum, value) => sum + value)).toBe(20);
  });

  test("has presets that it can be made with", () => {
    for (const { size, options } of Object.values(padim.presets!)) {
      const recipe = padim.create(padim.options.parse(options), { size, channels: 1 });
      expect(recipe.observe(input("x", [1, 1, size, size])).patches.shape[1]).toBe((size / 4) ** 2);
    }
  });

  test("refuses what cannot be", async () => {
    expect(() => padim.checkShape({ size: 16, channels: 1 })).toThrow(/16 pixels are too small/);
    expect(() => checkWidth(3136, 550)).toThrow(/550 numbers at 3136 places take 3619 MB.*at most 512 MB/);
    const recipe = made();
    const one = gathered(recipe.gathering!, [new Float32Array(36 * 72)]);
    expect(() => recipe.settle(one, new Random(1, "settle"))).toThrow(/1 normal tells nothing/);
  });
});
