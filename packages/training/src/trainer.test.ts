/** @file How a trainer's programs compute, as its options say. */
import { Random } from "@hale/core";
import { sagan } from "@hale/methods/sagan";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { Trainer } from "./trainer.ts";

/** SAGAN so wide that convolutions of 64 channels meet 4 x 4 values of 16 windows. */
async function lossesOf(exact?: boolean) {
  const shape = { size: 64, channels: 1 } as const;
  const options = { width: 8, batch: 8, residualBlocks: 1, grid: 2 };
  const random = new Random(1, "images");
  const normals = Array.from({ length: 8 }, () => random.uniforms(64 * 64, -1, 1));
  const trainer = await Trainer.create({
    recipe: sagan.create(sagan.options.parse(options), shape),
    shape,
    device: await openDevice({ threads: 1 }),
    seed: 1,
    iterations: 4,
    images: { normals, unlabelled: normals },
    exact,
  });
  const losses = await trainer.step();
  await trainer.release();
  return losses;
}

test("exact training leaves out what rounds more, and differs by rounding only", async () => {
  const [exact, again, usual] = [await lossesOf(true), await lossesOf(true), await lossesOf()];
  expect(again).toEqual(exact);
  expect(usual).not.toEqual(exact);
  for (const [name, loss] of Object.entries(usual)) {
    expect(Math.abs(loss - exact[name]), name).toBeLessThan(1e-4 * Math.max(1, Math.abs(loss)));
  }
});
