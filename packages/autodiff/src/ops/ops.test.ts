/** @file Every op against its naive float64 reference on random shapes, and against finite differences, twice over. */

import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import { Program, State } from "../program.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sum } from "./broadcast.ts";
import { add, mul } from "./elementwise.ts";
import { constant, input } from "./leaf.ts";
import { opCases } from "./op-fixture.ts";

const device = await openDevice({ threads: 2 });

/** The gradient of <grad, v> tells of second derivatives; both must match central differences in float64. */
function checkDerivative(loss: Tensor, wrt: Tensor[], values: Record<string, Float64Array>): void {
  const analytic = evaluate(gradients(loss, wrt), values);
  const names = Object.keys(values);
  const random = new Random(7, "probe");
  wrt.forEach((tensor, i) => {
    const name = names[i];
    for (let probe = 0; probe < 3; probe++) {
      const at = random.integer(0, sizeOf(tensor.shape));
      const step = 1e-5;
      const shifted = (delta: number) => {
        const copy = { ...values, [name]: values[name].slice() };
        copy[name][at] += delta;
        return evaluate([loss], copy)[0].data[0];
      };
      const numeric = (shifted(step) - shifted(-step)) / (2 * step);
      const scale = Math.max(1, Math.abs(numeric));
      expect(Math.abs(analytic[i].data[at] - numeric) / scale, `d/d${name}[${at}]`).toBeLessThan(2e-5);
    }
  });
}

describe.each(opCases)("$name", (opCase) => {
  test("agrees on ONNX Runtime with its float64 reference, value and gradient, and with finite differences", async () => {
    await fc.assert(
      fc.asyncProperty(opCase.shapes, fc.integer({ min: 0, max: 1e6 }), async (configuration, seed) => {
        const random = new Random(seed, opCase.name);
        const shapes = configuration.inputs;
        const values: Record<string, Float64Array> = {};
        const tensors = shapes.map((shape, i) => {
          const sample = opCase.sample ?? ((r: Random) => r.normal());
          values[`x${i}`] = Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(sample(random, i)));
          return input(`x${i}`, shape);
        });
        const output = configuration.build(tensors);
        const weights = constant(random.normals(sizeOf(output.shape)), output.shape);
        const loss = sum(mul(output, weights));
        const differentiable = tensors.slice(0, opCase.differentiable ?? tensors.length);
        const first = gradients(loss, differentiable);

        const all = Object.fromEntries([output, ...first].map((tensor, i) => [`y${i}`, tensor]));
        const expected = evaluate(Object.values(all), values);
        const program = await Program.compile(new State(device, opCase.numerics), { name: opCase.name, outputs: all });
        const actual = await program.run(
          Object.fromEntries(Object.entries(values).map(([name, data]) => [name, Float32Array.from(data)])),
        );
        await program.release();
        expected.forEach(({ data }, i) => {
          const scale = Math.max(
            1,
            data.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0),
          );
          const error = data.reduce((worst, v, k) => Math.max(worst, Math.abs(v - actual[`y${i}`][k])), 0);
          expect(error / scale, i === 0 ? "value" : `gradient ${i - 1}`).toBeLessThan(1e-4);
        });

        const smooth = Object.fromEntries(Object.entries(values).slice(0, differentiable.length));
        if (differentiable.length === 0 || opCase.derivatives === false) return;
        const rest = Object.fromEntries(Object.entries(values).slice(differentiable.length));
        checkDerivative(loss, differentiable, { ...smooth, ...rest });
        const again = first
          .map((g) => sum(mul(g, constant(random.normals(sizeOf(g.shape)), g.shape))))
          .reduce((a, b) => add(a, b));
        checkDerivative(again, differentiable, { ...smooth, ...rest });
      }),
      { numRuns: opCase.runs ?? 8, seed: 20240522 },
    );
  });
});
