/** @file The scores: what they are made of, z-scores on held-out normals, and which styles they look at. */
import { constant, evaluate, input, sizeOf, type Tensor } from "@hale/autodiff";
import { Random } from "@hale/core";
import { expect, test } from "vitest";
import { settle } from "./calibration.ts";
import { combine, SCORES, scoreParts, standardised } from "./scores.ts";

const [n, l, d] = [6, 5, 3];
const random = new Random(2, "scores");
const value = (dims: number[]) => constant(random.normals(sizeOf(dims)), dims);
const restored = {
  image: value([n, 1, 4, 4]),
  restoration: value([n, 1, 4, 4]),
  features: { image: value([n, 2, 2, 2]), restoration: value([n, 2, 2, 2]) },
  offsets: { image: value([n, l, d]), restoration: value([n, l, d]) },
};
const range = [1, 3] as const;
/** A prior that knows nothing: about zero, with variance 1. */
const none = {
  mean: constant(new Float32Array(l * d), [l, d]),
  variance: constant(new Float32Array(l * d).fill(1), [l, d]),
};
const rows = (tensor: Tensor) => {
  const { data } = evaluate([tensor], {})[0];
  const length = data.length / n;
  return Array.from({ length: n }, (_, i) => Float32Array.from(data.subarray(i * length, (i + 1) * length)));
};

test("are z-scores on the normals that they are calibrated on: all but the prior have mean 0 and deviation 1 on them", () => {
  const first = scoreParts(restored, none, range);
  const observed = {
    offsets: rows(restored.offsets.image),
    ...Object.fromEntries(SCORES.map((name) => [name, rows(first[name])])),
  };
  const state = settle(observed, { count: l, width: d, range });
  const held = (name: string, dims: number[]) => constant(state.get(`calibration/${name}`)!.data, dims);
  const prior = { mean: held("priorMean", [l, d]), variance: held("priorVariance", [l, d]) };
  const parts = standardised(scoreParts(restored, prior, range), (name) => held(name, [2]));
  for (const name of SCORES.filter((name) => name !== "prior")) {
    const z = evaluate([parts[name]], {})[0].data;
    expect(z.reduce((a, b) => a + b) / n, name).toBeCloseTo(0, 5);
    expect(Math.sqrt(z.reduce((total, v) => total + v * v, 0) / n), name).toBeCloseTo(1, 5);
  }
  const [both, image, cycle] = evaluate([combine(parts, { image: 2, cycle: 1 }), parts.image, parts.cycle], {});
  both.data.forEach((v, i) => {
    expect(v).toBeCloseTo(2 * image.data[i] + cycle.data[i], 6);
  });
});

/** Offsets of normals of one law, and what they settle. */
function settled(random: Random, count: number, styles: number, width: number) {
  const offsets = Array.from({ length: count }, () => random.normals(styles * width));
  const none = offsets.map(() => new Float32Array(1));
  const observed = { ...Object.fromEntries(SCORES.map((name) => [name, none])), offsets };
  const state = settle(observed, { count: styles, width, range: [0, styles - 1] });
  return { offsets, held: (name: string) => state.get(`calibration/${name}`)!.data };
}

/** The prior's score by its definition. */
function priorOf(offsets: Float32Array, { mean, variance }: Record<string, Float32Array>, styles: number): number {
  const width = offsets.length / styles;
  const distances = Array.from({ length: styles }, (_, style) => {
    const squares = Array.from({ length: width }, (_, j) => style * width + j).map(
      (i) => (offsets[i] - mean[i]) ** 2 / variance[i],
    );
    return Math.sqrt(squares.reduce((a, b) => a + b) / width);
  });
  return distances.reduce((a, b) => a + b) / styles;
}

const momentsOf = (values: readonly number[]) => {
  const average = values.reduce((a, b) => a + b) / values.length;
  return [average, Math.sqrt(values.reduce((total, v) => total + (v - average) ** 2, 0) / values.length)];
};

test("hold each normal to the prior of the others: the prior's mean and deviation are those of such distances", () => {
  const { offsets, held } = settled(new Random(4, "left out"), 7, 3, 5);
  const distances = offsets.map((left) => {
    const others = offsets.filter((row) => row !== left);
    const mean = left.map((_, i) => others.reduce((total, row) => total + row[i], 0) / others.length);
    const own = left.map((_, i) => others.reduce((total, row) => total + (row[i] - mean[i]) ** 2, 0) / others.length);
    const typical = own.reduce((a, b) => a + b) / own.length;
    return priorOf(left, { mean, variance: own.map((v) => 0.9 * v + 0.1 * typical) }, 3);
  });
  const [average, deviation] = momentsOf(distances);
  expect(held("prior")[0]).toBeCloseTo(average, 5);
  expect(held("prior")[1]).toBeCloseTo(deviation, 5);
});

test("of normals that are new have about mean 0 and deviation 1 by the prior too", () => {
  const runs = Array.from({ length: 30 }, (_, seed) => {
    const random = new Random(seed, "new");
    const { held } = settled(random, 12, 8, 16);
    const statistics = { mean: held("priorMean"), variance: held("priorVariance") };
    const [average, deviation] = held("prior");
    const fresh = Array.from({ length: 100 }, () => priorOf(random.normals(128), statistics, 8));
    return momentsOf(fresh.map((distance) => (distance - average) / deviation));
  });
  const middle = (column: 0 | 1) => runs.map((moments) => moments[column]).sort((a, b) => a - b)[15];
  // Held to a prior that they are part of, these twelve would say 3 and 1.5.
  expect(Math.abs(middle(0))).toBeLessThan(0.5);
  expect(middle(1)).toBeGreaterThan(0.8);
  expect(middle(1)).toBeLessThan(1.2);
});

test("look at the chosen styles alone", () => {
  const given = input("offsets", [n, l, d]);
  const parts = scoreParts({ ...restored, offsets: { ...restored.offsets, image: given } }, none, range);
  const base = Float64Array.from(random.normals(n * l * d));
  const outside = base.map((v, i) => ([0, 4].includes(Math.floor(i / d) % l) ? v + 5 : v));
  const inside = base.map((v, i) => (Math.floor(i / d) % l === 2 ? v + 5 : v));
  const at = (offsets: Float64Array) =>
    evaluate([parts.cycle, parts.prior, parts.offset], { offsets }).map(({ data }) => data[0]);
  expect(at(outside)).toEqual(at(base));
  at(inside).forEach((v, i) => {
    expect(v).not.toBe(at(base)[i]);
  });
});

const at = (tensor: Tensor) => evaluate([tensor], {})[0].data;

test("that compare image and restoration are 0 where both are alike, and the same either way round", () => {
  const { image, features, offsets } = restored;
  const alike = scoreParts(
    {
      image,
      restoration: image,
      features: { image: features.image, restoration: features.image },
      offsets: { image: offsets.image, restoration: offsets.image },
    },
    none,
    range,
  );
  const parts = scoreParts(restored, none, range);
  const swapped = scoreParts(
    {
      image: restored.restoration,
      restoration: image,
      features: { image: features.restoration, restoration: features.image },
      offsets: { image: offsets.restoration, restoration: offsets.image },
    },
    none,
    range,
  );
  for (const name of ["image", "features", "cycle", "fAnoGan"] as const) {
    expect([...at(alike[name])], name).toEqual(new Array(n).fill(0));
    expect(
      at(parts[name]).every((v) => v > 0),
      name,
    ).toBe(true);
    expect(at(swapped[name]), name).toEqual(at(parts[name]));
  }
});

test("f-AnoGAN's is the mean squared residual and the mean squared distance of features", () => {
  const squares = (a: Tensor, b: Tensor, i: number) => {
    const [x, y] = [rows(a)[i], rows(b)[i]];
    return x.reduce((total, v, k) => total + (v - y[k]) ** 2, 0) / x.length;
  };
  at(scoreParts(restored, none, range).fAnoGan).forEach((value, i) => {
    const { image, restoration, features } = restored;
    expect(value).toBeCloseTo(squares(image, restoration, i) + squares(features.image, features.restoration, i), 5);
  });
});

test("that are alike on all normals but for rounding are not blown up", () => {
  const observed = {
    offsets: rows(restored.offsets.image).slice(0, 2),
    ...Object.fromEntries(SCORES.map((name) => [name, [Float32Array.of(0.25), Float32Array.of(0.25)]])),
  };
  // Two normals are equally far from the mean of both.
  const state = settle(observed, { count: l, width: d, range });
  for (const name of SCORES) expect(state.get(`calibration/${name}`)!.data[1], name).toBe(1);
});
