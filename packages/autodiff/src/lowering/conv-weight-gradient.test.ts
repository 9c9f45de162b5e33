/** @file Weight gradients of layers so large that their images are taken a few at a time. */

import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import * as ad from "../index.ts";
import { convBlockOf } from "./conv-block.ts";
import { lower } from "./lower.ts";

const device = await openDevice({ threads: 2 });
const convBlock = await convBlockOf(device);

const cases = [
  {
    name: "fewer images than a block: one after the other",
    shape: [8, 2, 96, 96],
    outputs: 64,
    chunks: convBlock > 8 ? 8 : 1,
  },
  { name: "two blocks of images", shape: [32, 2, 48, 48], outputs: 64, chunks: 32 / convBlock },
];

test.skipIf(convBlock === 0).each(cases)("$name", async ({ shape, outputs, chunks }) => {
  const x = ad.input("x", shape);
  const weight = ad.input("weight", [outputs, shape[1], 3, 3]);
  const y = ad.conv2d(x, weight, { pad: 1 });
  const random = new Random(1, "values");
  const dy = ad.input("dy", y.shape);
  const [gradient] = gradients(ad.sum(ad.mul(y, dy)), [weight]);
  const values = {
    x: random.normals(ad.sizeOf(x.shape)),
    dy: random.normals(ad.sizeOf(y.shape)),
    weight: random.normals(ad.sizeOf(weight.shape)),
  };
  const model = lower("gradient", { gradient }, { target: "cpu", convBlock });
  expect(Buffer.from(model.bytes).toString("latin1").split("\x04Conv").length - 1).toBe(chunks);

  const [{ data }] = evaluate(
    [gradient],
    Object.fromEntries(Object.entries(values).map(([name, v]) => [name, Float64Array.from(v)])),
  );
  const program = await ad.Program.compile(new ad.State(device), { name: "gradient", outputs: { gradient } });
  const actual = (await program.run({ x: values.x, dy: values.dy })).gradient;
  await program.release();
  const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const worst = data.reduce((error, v, i) => Math.max(error, Math.abs(v - actual[i])), 0);
  expect(worst / largest).toBeLessThan(1e-5);
});
