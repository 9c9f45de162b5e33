/** @file Batch normalisation in float32 of values whose mean is large against their deviation, against float64. */
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import { Program, State } from "../program.ts";
import { sum } from "./broadcast.ts";
import { mul } from "./elementwise.ts";
import { constant, input } from "./leaf.ts";
import { batchNorm } from "./normalisation.ts";

const device = await openDevice({ threads: 1 });

test.each([0, 10, 1000, -1000])("mean / deviation %i", async (ratio) => {
  const shape = [4, 3, 16, 16];
  const random = new Random(3, "batch norm");
  const x = Float64Array.from(random.normals(4 * 3 * 256), (value) => Math.fround(ratio + value));
  const tensor = input("x", shape);
  const vector = (values: number[]) => constant(Float32Array.from(values), [3]);
  // A first step: nothing is known of the mean yet.
  const running = { mean: vector([0, 0, 0]), variance: vector([1, 1, 1]) };
  const { output, runningMean, runningVariance } = batchNorm(tensor, vector([1, 2, 0.5]), vector([0, 1, 2]), running, {
    momentum: 1,
  });
  const [dx] = gradients(sum(mul(output, constant(random.normals(4 * 3 * 256), shape))), [tensor]);
  const all = { output, runningMean, runningVariance, dx };
  const expected = evaluate(Object.values(all), { x });
  const program = await Program.compile(new State(device), { name: "batchNorm", outputs: all });
  const actual = await program.run({ x: Float32Array.from(x) });
  await program.release();
  for (const [i, name] of Object.keys(all).entries()) {
    const { data } = expected[i];
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const error = data.reduce((most, value, k) => Math.max(most, Math.abs(value - actual[name][k])), 0);
    expect(error / scale, name).toBeLessThan(1e-3);
  }
  // Of a deviation of 1, whatever the mean: the variance is what went wrong.
  for (const [k, value] of expected[2].data.entries()) expect(actual.runningVariance[k]).toBeCloseTo(value, 4);
});
