/** @file Spectral normalisation finds the largest singular value, and differentiates through it. */

import { Random } from "@hale/core";
import { expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { mul } from "../ops/elementwise.ts";
import { constant } from "../ops/leaf.ts";
import { Parameters } from "./parameters.ts";
import { spectralNorm } from "./spectral.ts";

const SHAPE = [6, 3, 2, 2];
const weight = Float64Array.from(new Random(2, "weight").normals(72));

function traced() {
  const parameters = new Parameters();
  const scope = parameters.scope("layer");
  const raw = scope.parameter("weight", SHAPE, () => Float32Array.from(weight));
  return { parameters, raw, ...spectralNorm(scope, raw) };
}

/** Largest singular value of a matrix [6, 12], by many rounds of power iteration on WWᵀ. */
function largest(values: ArrayLike<number>): number {
  let u = Float64Array.from({ length: 6 }, (_, i) => 1 + i);
  let norm = 0;
  for (let round = 0; round < 5000; round++) {
    const v = Float64Array.from({ length: 12 }, (_, j) => u.reduce((total, w, i) => total + w * values[i * 12 + j], 0));
    u = Float64Array.from({ length: 6 }, (_, i) => v.reduce((total, w, j) => total + w * values[i * 12 + j], 0));
    norm = Math.hypot(...u);
    u = u.map((value) => value / norm);
  }
  return Math.sqrt(norm);
}

test("after 50 steps of power iteration the normalised weight has largest singular value 1", () => {
  const { parameters, weight: normalised, updates } = traced();
  let direction: ArrayLike<number> = parameters.initialise(new Random(1, "start")).get("layer/direction")!.data;
  expect(Math.hypot(...Array.from(direction))).toBeCloseTo(1, 5);
  for (let step = 0; step < 50; step++) {
    direction = evaluate([updates["layer/direction"]], { "layer/weight": weight, "layer/direction": direction })[0]
      .data;
  }
  const [{ data }] = evaluate([normalised], { "layer/weight": weight, "layer/direction": direction });
  expect(Math.abs(largest(data) - 1)).toBeLessThan(0.05);
  expect(Math.abs(largest(weight) - 1)).toBeGreaterThan(1);
});

test("the gradient is that of W/(uᵀWv) with u and v held, as central differences say", () => {
  const { parameters, raw, weight: normalised, updates } = traced();
  const probe = constant(new Random(3, "probe").normals(72), SHAPE);
  const loss = sum(mul(normalised, probe));
  const start = parameters.initialise(new Random(1, "start")).get("layer/direction")!.data;
  // Iterated to the end, u and v are singular vectors, and moving them changes σ only in second order.
  let direction: ArrayLike<number> = start;
  for (let step = 0; step < 3000; step++) {
    direction = evaluate([updates["layer/direction"]], { "layer/weight": weight, "layer/direction": direction })[0]
      .data;
  }
  const at = (values: Float64Array) =>
    evaluate([loss], { "layer/weight": values, "layer/direction": direction })[0].data[0];
  const [analytic] = evaluate(gradients(loss, [raw]), { "layer/weight": weight, "layer/direction": direction });
  for (const i of [0, 17, 40, 71]) {
    const moved = (by: number) => weight.map((v, k) => (k === i ? v + by : v));
    const numeric = (at(moved(1e-5)) - at(moved(-1e-5))) / 2e-5;
    expect(Math.abs(numeric - analytic.data[i])).toBeLessThan(1e-6);
  }
});
