/** @file The scores: what they are made of, z-scores on held-out normals, and which styles they look at. */
import { constant, evaluate, input, Random, sizeOf, type Tensor } from "@hale/autodiff";
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

test("are z-scores on the normals that they are calibrated on, each with mean 0 and deviation 1", () => {
  const first = scoreParts(restored, none, range);
  const observed = {
    offsets: rows(restored.offsets.image),
    ...Object.fromEntries(SCORES.map((name) => [name, rows(first[name])])),
  };
  const state = settle(observed, { count: l, width: d, range });
  const held = (name: string, dims: number[]) => constant(state.get(`calibration/${name}`)!.data, dims);
  const prior = { mean: held("priorMean", [l, d]), variance: held("priorVariance", [l, d]) };
  const parts = standardised(scoreParts(restored, prior, range), (name) => held(name, [2]));
  for (const name of SCORES) {
    const z = evaluate([parts[name]], {})[0].data;
    expect(z.reduce((a, b) => a + b) / n, name).toBeCloseTo(0, 5);
    expect(Math.sqrt(z.reduce((total, v) => total + v * v, 0) / n), name).toBeCloseTo(1, 5);
  }
  const [both, image, cycle] = evaluate([combine(parts, { image: 2, cycle: 1 }), parts.image, parts.cycle], {});
  both.data.forEach((v, i) => {
    expect(v).toBeCloseTo(2 * image.data[i] + cycle.data[i], 6);
  });
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
