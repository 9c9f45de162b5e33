/** @file Winograd's convolutions: exact algebra, float32's rounding, second derivatives, and the same bits on any number of threads. */

import { Random } from "@hale/core";
import type { Device } from "@hale/runtime";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import * as ad from "../index.ts";
import { lower } from "./lower.ts";
import type { Numerics } from "./onnx-graph.ts";
import { INPUT, inputMatrix, KERNEL, OUTPUT, outputMatrix, TILE, WINDOW } from "./winograd-matrices.ts";

const device = await openDevice({ threads: 2 });
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);

test("a tile's products give the correlation", () => {
  const random = new Random(1, "tile");
  const [d, w] = [Array.from(random.normals(WINDOW)), Array.from(random.normals(3))];
  const products = INPUT.map((row, i) => dot(row, d) * dot(KERNEL[i], w));
  OUTPUT.forEach((row, i) => {
    expect(dot(row, products)).toBeCloseTo(dot(w, d.slice(i, i + 3)), 12);
  });
});

test.each([
  [4, 1],
  [7, 0],
  [9, 2],
])("so do the matrices of a whole axis: %i values, padding %i", (size, pad) => {
  const random = new Random(2, "axis");
  const [x, w] = [Array.from(random.normals(size)), Array.from(random.normals(3))];
  const outputs = size + 2 * pad - 2;
  const tiles = Math.ceil(outputs / TILE);
  const rows = (matrix: number[], length: number) =>
    Array.from({ length: matrix.length / length }, (_, i) => matrix.slice(i * length, (i + 1) * length));
  const values = rows(inputMatrix(size, tiles, pad), size).map((row) => dot(row, x));
  const products = values.map((value, i) => value * dot(KERNEL[Math.floor(i / tiles)], w));
  const padded = [...new Array(pad).fill(0), ...x, ...new Array(pad).fill(0)];
  rows(outputMatrix(outputs, tiles), WINDOW * tiles).forEach((row, i) => {
    expect(dot(row, products)).toBeCloseTo(dot(w, padded.slice(i, i + 3)), 12);
  });
});

/** What ONNX Runtime makes of tensors of inputs. */
async function run(
  outputs: Record<string, ad.Tensor>,
  values: Record<string, Float32Array>,
  numerics: Numerics,
  on: Device = device,
): Promise<Record<string, Float32Array>> {
  const program = await ad.Program.compile(new ad.State(on, numerics), { name: "test", outputs });
  const results = await program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, values[name]])));
  await program.release();
  return results;
}

/** The largest difference of each result, as a share of the largest value. */
function errors(
  outputs: Record<string, ad.Tensor>,
  values: Record<string, Float32Array>,
  actual: Record<string, Float32Array>,
) {
  const expected = evaluate(
    Object.values(outputs),
    Object.fromEntries(Object.entries(values).map(([name, data]) => [name, Float64Array.from(data)])),
  );
  return Object.keys(outputs).map((name, i) => {
    const { data } = expected[i];
    const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    return data.reduce((worst, v, k) => Math.max(worst, Math.abs(v - actual[name][k])), 0) / largest;
  });
}

const inputs = (shapes: Record<string, ad.Shape>) => {
  const random = new Random(3, "values");
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, ad.input(name, shape)]));
  const values = Object.fromEntries(Object.entries(shapes).map(([name, s]) => [name, random.normals(ad.sizeOf(s))]));
  return { tensors, values };
};

/** A convolution and both of its gradients, of shapes for which the rule takes the products. */
const layer = () => {
  const { tensors, values } = inputs({ x: [32, 64, 4, 4], w: [80, 64, 3, 3], dy: [32, 80, 4, 4] });
  const y = ad.conv2d(tensors.x, tensors.w, { pad: 1 });
  const [dx, dw] = gradients(ad.sum(ad.mul(y, tensors.dy)), [tensors.x, tensors.w]);
  return { outputs: { y, dx, dw }, values };
};

const products = (outputs: Record<string, ad.Tensor>, numerics: Numerics, target: ad.Target = "cpu") =>
  Buffer.from(lower("test", outputs, { target, ...numerics }).bytes)
    .toString("latin1")
    .split("FusedMatMul").length - 1;

test("large layers take it on the CPU, unless exact values are asked for or the model leaves the process", () => {
  const { outputs } = layer();
  expect(products(outputs, {})).toBe(2);
  expect(products(outputs, { exact: true })).toBe(0);
  expect(products(outputs, {}, "any")).toBe(0);
});

test("where the third-level cache is far, thin layers' weight gradients take it too", () => {
  const [x, w] = [ad.input("x", [8, 16, 32, 32]), ad.input("w", [16, 16, 3, 3])];
  const y = ad.conv2d(x, w, { pad: 1 });
  const [dx, dw] = gradients(ad.sum(ad.square(y)), [x, w]);
  const products = (farCache: boolean) =>
    Buffer.from(lower("test", { dx, dw }, { target: "cpu", farCache }).bytes)
      .toString("latin1")
      .split("FusedMatMul").length - 1;
  expect([products(false), products(true)]).toEqual([0, 1]);
});

test("float32 rounds to millionths of the largest value", async () => {
  const { outputs, values } = layer();
  for (const error of errors(outputs, values, await run(outputs, values, {}))) expect(error).toBeLessThan(4e-6);
});

test("a state's exact programs leave it out", async () => {
  const { outputs, values } = layer();
  const [exact, usual] = [await run(outputs, values, { exact: true }), await run(outputs, values, {})];
  for (const name of Object.keys(outputs)) expect(usual[name]).not.toEqual(exact[name]);
});

test("results have the same bits on one, two and four threads", async () => {
  const { outputs, values } = layer();
  const [one, two, four] = await Promise.all(
    [1, 2, 4].map(async (threads) => run(outputs, values, {}, await openDevice({ threads }))),
  );
  expect(two).toEqual(one);
  expect(four).toEqual(one);
});

describe.each([
  ["images smaller than a tile", 3, 5],
  ["whole and unfinished tiles", 6, 4],
  ["long axes", 3, 48],
])("a gradient penalty, %s", (_, height, width) => {
  // A critic's shape: the penalty's gradient goes through the convolutions' gradients once more.
  const { tensors, values } = inputs({ x: [2, 2, height, width], v: [16, 2, 3, 3], w: [5, 16, 3, 3] });
  const { x, v, w } = tensors;
  const y = ad.conv2d(ad.tanh(ad.conv2d(x, v, { pad: 1 })), w, { pad: 1 });
  const [first] = gradients(ad.sum(ad.square(y)), [x]);
  const penalty = ad.mean(ad.square(first));
  const [dv, dw, dx] = gradients(penalty, [v, w, x]);
  const outputs = { penalty, first, dv, dw, dx };

  test("agrees with float64", async () => {
    const actual = await run(outputs, values, { winogradAlways: true });
    for (const error of errors(outputs, values, actual)) expect(error).toBeLessThan(2e-5);
  });

  test("agrees with finite differences of the float64 reference", async () => {
    const actual = await run(outputs, values, { winogradAlways: true });
    const exact = Object.fromEntries(Object.entries(values).map(([name, data]) => [name, Float64Array.from(data)]));
    const of = (name: string, at: number, step: number) => {
      const moved = exact[name].slice();
      moved[at] += step;
      return evaluate([penalty], { ...exact, [name]: moved })[0].data[0];
    };
    for (const [name, gradient] of Object.entries({ v: actual.dv, w: actual.dw, x: actual.dx })) {
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (const at of [0, 7, gradient.length - 1]) {
        const numeric = (of(name, at, 1e-5) - of(name, at, -1e-5)) / 2e-5;
        expect(Math.abs(numeric - gradient[at]) / largest, `d/d${name}[${at}]`).toBeLessThan(1e-4);
      }
    }
  });
});
