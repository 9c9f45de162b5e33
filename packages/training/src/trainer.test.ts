/** @file How a trainer's programs compute, as its options say. */
import { methods } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { Trainer } from "./trainer.ts";

test.each([true, undefined])("programs share one state, which knows whether to be exact: %s", async (exact) => {
  const method = methods.get("autoencoder")!;
  const shape = { size: 16, channels: 1 } as const;
  const recipe = method.create(method.options.parse({}), shape);
  if (recipe.learning !== "gradient") throw new TypeError("the autoencoder learns by gradient");
  const trainer = await Trainer.create({
    recipe,
    shape,
    device: await openDevice({ threads: 1 }),
    seed: 1,
    iterations: 1,
    images: { normals: [new Float32Array(256)], unlabelled: [] },
    exact,
  });
  expect(trainer.state.numerics.exact).toBe(exact);
  await trainer.release();
});
