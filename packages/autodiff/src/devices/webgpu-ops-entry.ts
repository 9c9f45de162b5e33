/**
 * @file Runs one small instance of every op case on WebGPU and compares value and gradients with the float64 references.
 * A process of its own, `node webgpu-ops-entry.ts`; prints one JSON line a case, so that a crash shows how far it came.
 */

import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import fc, { type Arbitrary } from "fast-check";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { convTranspose2d } from "../ops/convolution.ts";
import { mul } from "../ops/elementwise.ts";
import { constant, input } from "../ops/leaf.ts";
import type { OpCase } from "../ops/op-case-fixture.ts";
import { opCases } from "../ops/op-fixture.ts";
import { Program, State } from "../program.ts";
import { sizeOf } from "../shape.ts";

/** What became of one case: the largest error of each output, relative where values are over 1, or why it failed. */
export interface OpResult {
  name: string;
  shapes: string;
  errors?: Record<string, number>;
  failure?: string;
}

const SEED = 20240522;

type Instance = (typeof opCases)[number]["shapes"] extends Arbitrary<infer T> ? T : never;

/** Shapes that WebGPU has been seen to get wrong, so that a random draw need not meet them again. */
const known: OpCase[] = (
  [
    [6, 3],
    [8, 2],
  ] as const
).map(([channels, groups]) => ({
  name: `convTranspose2d, ${channels / groups} inputs and one output a group`,
  shapes: fc.constant({
    inputs: [
      [2, channels, 4, 3],
      [channels, 1, 3, 3],
    ],
    build: ([x, w]) => convTranspose2d(x, w, { stride: 2, pad: 1, groups, outputPadding: 1 }),
  }),
}));

const device = await openDevice({ kind: "webgpu" });

async function check(opCase: OpCase, { inputs: shapes, build }: Instance): Promise<Record<string, number>> {
  const random = new Random(SEED, opCase.name);
  const values: Record<string, Float64Array> = {};
  const tensors = shapes.map((shape, i) => {
    const sample = opCase.sample ?? ((r: Random) => r.normal());
    values[`x${i}`] = Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(sample(random, i)));
    return input(`x${i}`, shape);
  });
  const output = build(tensors);
  const weights = constant(random.normals(sizeOf(output.shape)), output.shape);
  const first = gradients(sum(mul(output, weights)), tensors.slice(0, opCase.differentiable ?? tensors.length));
  const all = Object.fromEntries(
    [output, ...first].map((tensor, i) => [i === 0 ? "value" : `gradient ${i - 1}`, tensor]),
  );
  const expected = evaluate(Object.values(all), values);
  const program = await Program.compile(new State(device, opCase.numerics), { name: opCase.name, outputs: all });
  const feeds = Object.entries(values).map(([name, data]) => [name, Float32Array.from(data)]);
  const actual = await program.run(Object.fromEntries(feeds));
  await program.release();
  const errors: Record<string, number> = {};
  Object.keys(all).forEach((name, i) => {
    const { data } = expected[i];
    const scale = data.reduce((largest, v) => Math.max(largest, Math.abs(v)), 1);
    // NaN must not hide behind Math.max.
    errors[name] =
      data.reduce(
        (worst, v, k) => Math.max(worst, Number.isFinite(actual[name][k]) ? Math.abs(v - actual[name][k]) : 1e9),
        0,
      ) / scale;
  });
  return errors;
}

for (const opCase of [...known, ...opCases]) {
  const [instance] = fc.sample(opCase.shapes, { numRuns: 1, seed: SEED });
  const result: OpResult = { name: opCase.name, shapes: instance.inputs.map((shape) => `[${shape}]`).join(" ") };
  try {
    result.errors = await check(opCase, instance);
  } catch (error) {
    result.failure = (error as Error).message;
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
