/** @file Derivatives through the augmentation, first and second, against differences in float64 and on the CPU. */
import { evaluate, gradients, input, mul, Program, State, square, sum, type Tensor, tanh } from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { noiseImages } from "./node/test-support.ts";
import { augment, augmentationInputs, drawAugmentation } from "./pipe.ts";
import { selectTransforms } from "./transforms.ts";

const PROBES = 6;

/** Gradients of a scalar against central differences, at a few elements of each input. */
function checkSlopes(loss: Tensor, wrt: Record<string, Tensor>, values: Record<string, ArrayLike<number>>): void {
  const random = new Random(8, "probes");
  const slopes = evaluate(gradients(loss, Object.values(wrt)), values);
  Object.keys(wrt).forEach((name, which) => {
    for (let probe = 0; probe < PROBES; probe++) {
      const at = random.integer(0, values[name].length);
      const shifted = (step: number) => {
        const copy = Float64Array.from(values[name]);
        copy[at] += step;
        return evaluate([loss], { ...values, [name]: copy })[0].data[0];
      };
      const numeric = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
      const error = Math.abs(slopes[which].data[at] - numeric) / Math.max(1, Math.abs(numeric));
      expect(error, `d/d${name}[${at}]`).toBeLessThan(1e-7);
    }
  });
}

describe.each([1, 3])("through all stages, %i channels", (channels) => {
  const spec = { size: 6, channels, transforms: selectTransforms("bgcfnc"), batch: 2 };
  const shape = [2, channels, 6, 6];
  const x = input("x", shape);
  const y = input("y", shape);
  const result = augment(x, augmentationInputs(spec));
  const values = {
    ...drawAugmentation(new Random(6, "draw"), { ...spec, p: 1 }),
    x: noiseImages(2, spec),
    y: new Random(7, "y").normals(2 * channels * 36),
  };
  // As a discriminator and its penalty: D is not linear, and the penalty is the gradient's squared length.
  const critic = sum(mul(tanh(result), y));
  const [slope] = gradients(critic, [x]);
  const penalty = sum(square(slope));

  test("the gradient is right", () => {
    checkSlopes(sum(mul(result, y)), { x, y }, values);
    checkSlopes(critic, { x, y }, values);
  });

  test("the gradient's own gradient is right", () => {
    expect(evaluate([penalty], values)[0].data[0]).toBeGreaterThan(0.1);
    checkSlopes(penalty, { x, y }, values);
    const [linear] = gradients(sum(mul(result, y)), [x]);
    checkSlopes(sum(square(linear)), { x, y }, values);
  });

  test("ONNX Runtime agrees", async () => {
    const again = gradients(penalty, [x, y]);
    const outputs = { critic, slope, penalty, towardsX: again[0], towardsY: again[1] };
    const expected = evaluate(Object.values(outputs), values);
    const program = await Program.compile(new State(await openDevice({ threads: 1 })), { name: "penalty", outputs });
    const actual = await program.run(values);
    await program.release();
    Object.keys(outputs).forEach((name, i) => {
      const largest = expected[i].data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      const error = expected[i].data.reduce((worst, v, k) => Math.max(worst, Math.abs(v - actual[name][k])), 0);
      expect(error / largest, name).toBeLessThan(1e-5);
    });
  });
});
