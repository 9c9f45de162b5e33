/** @file Weight gradients of layers so large that their images, or their rows, are taken a few at a time. */

import { Random } from "@hale/core";
import type { Device } from "@hale/runtime";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import * as ad from "../index.ts";
import { machineOf } from "./conv-block.ts";
import { lower } from "./lower.ts";

const here = await openDevice({ threads: 2 });
const near: Device = { ...here, processor: "AMD EPYC" };
const far: Device = { ...here, processor: "Intel(R) Xeon(R)" };
const { convBlock = 0 } = await machineOf(near);

interface Case {
  name: string;
  device: Device;
  shape: number[];
  outputs: number;
  options?: ad.ConvOptions;
  kernel?: number;
  chunks: number;
}

const cases: Case[] = [
  {
    name: "fewer images than a block: one after the other",
    device: near,
    shape: [8, 2, 96, 96],
    outputs: 64,
    chunks: convBlock > 8 ? 8 : 1,
  },
  { name: "two blocks of images", device: near, shape: [32, 2, 48, 48], outputs: 64, chunks: 32 / convBlock },
  { name: "rows after others, dy as the kernel", device: far, shape: [8, 2, 24, 24], outputs: 64, chunks: 2 },
  { name: "the same, x as the kernel", device: far, shape: [8, 64, 24, 20], outputs: 2, chunks: 2 },
  { name: "the same, of two blocks of images", device: far, shape: [32, 2, 20, 20], outputs: 16, chunks: 2 },
  {
    name: "the same with a stride",
    device: far,
    shape: [8, 2, 48, 46],
    outputs: 64,
    options: { stride: 2, pad: 1 },
    kernel: 4,
    chunks: 2,
  },
];

test.skipIf(convBlock === 0).each(cases)(
  "$name",
  async ({ device, shape, outputs, chunks, kernel = 3, options = { pad: 1 } }) => {
    const x = ad.input("x", shape);
    const weight = ad.input("weight", [outputs, shape[1], kernel, kernel]);
    const y = ad.conv2d(x, weight, options);
    const random = new Random(1, "values");
    const dy = ad.input("dy", y.shape);
    const [gradient] = gradients(ad.sum(ad.mul(y, dy)), [weight]);
    const values = {
      x: random.normals(ad.sizeOf(x.shape)),
      dy: random.normals(ad.sizeOf(y.shape)),
      weight: random.normals(ad.sizeOf(weight.shape)),
    };
    const model = lower("gradient", { gradient }, { target: "cpu", exact: true, ...(await machineOf(device)) });
    expect(Buffer.from(model.bytes).toString("latin1").split("\x04Conv").length - 1).toBe(chunks);

    const [{ data }] = evaluate(
      [gradient],
      Object.fromEntries(Object.entries(values).map(([name, v]) => [name, Float64Array.from(v)])),
    );
    const state = new ad.State(device, { exact: true });
    const program = await ad.Program.compile(state, { name: "gradient", outputs: { gradient } });
    const actual = (await program.run({ x: values.x, dy: values.dy })).gradient;
    await program.release();
    const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const worst = data.reduce((error, v, i) => Math.max(error, Math.abs(v - actual[i])), 0);
    expect(worst / largest).toBeLessThan(1e-5);
  },
);
