/** @file One suite for every registered method: it trains a few steps, goes on exactly, exports and scores. */

import { Random } from "@hale/core";
import { DetectorModel } from "@hale/detector";
import { emptyRaster } from "@hale/imaging";
import { exportModel, type GradientRecipe, type Method, methods } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { smallOptions } from "../../methods/src/small-fixture.ts";
import { Trainer } from "./trainer.ts";

const device = await openDevice({ threads: 1 });
const random = new Random(21, "images");
const picture = (channels: number) => random.uniforms(channels * 32 * 32, -0.9, 0.9);

const byGradient = [...methods.values()].filter(
  (method): method is Method<Record<string, unknown>, GradientRecipe> => method.learning === "gradient",
);

describe.each(byGradient)("$name", (method) => {
  const make = async (channels: 1 | 3, from?: Awaited<ReturnType<Trainer["snapshot"]>>) => {
    const shape = { size: 32, channels };
    const recipe = method.create(method.options.parse(smallOptions(method.name)), shape);
    const images = { normals: pool[channels].slice(0, 6), unlabelled: pool[channels].slice(6) };
    return {
      shape,
      recipe,
      trainer: await Trainer.create({ recipe, shape, device, seed: 3, iterations: 8, images, from }),
    };
  };
  const pool = { 1: Array.from({ length: 10 }, () => picture(1)), 3: Array.from({ length: 10 }, () => picture(3)) };

  test("has defaults for all of its options, each described", () => {
    expect(method.options.parse({})).toBeTypeOf("object");
    expect(method.title.length).toBeGreaterThan(0);
  });

  test("trains in grey and in colour with finite losses", async () => {
    for (const channels of [1, 3] as const) {
      const { trainer } = await make(channels);
      for (let i = 0; i < 2; i++)
        for (const loss of Object.values(await trainer.step())) expect(loss).toBeTypeOf("number");
      await trainer.release();
    }
  });

  test("goes on from a snapshot bit by bit as if it had not stopped, also after a rehearsal", async () => {
    const straight = await make(1);
    for (let i = 0; i < 6; i++) await straight.trainer.step();
    const expected = (await straight.trainer.snapshot()).arrays;

    const first = await make(1);
    await first.trainer.rehearse();
    for (let i = 0; i < 3; i++) await first.trainer.step();
    const second = await make(1, await first.trainer.snapshot());
    for (let i = 0; i < 3; i++) await second.trainer.step();
    const actual = (await second.trainer.snapshot()).arrays;
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    for (const [name, { data }] of expected) expect(actual.get(name)!.data, name).toEqual(data);
    for (const { trainer } of [straight, first, second]) await trainer.release();
  });

  test("exports a detector model that scores as the trainer does, whatever an image's batch mates", async () => {
    const { recipe, shape, trainer } = await make(1);
    for (let i = 0; i < 2; i++) await trainer.step();
    const raster = emptyRaster(32, 32, 1);
    raster.data.forEach((_, i) => {
      raster.data[i] = (i * 37) % 256;
    });
    const prepared = Float32Array.from(raster.data, (v) => (v / 255 - 0.5) / 0.5);
    const alone = await trainer.restore([prepared]);
    const among = await trainer.restore([pool[1][0], prepared, pool[1][1]]);
    expect(among.scores[1]).toBe(alone.scores[0]);
    const { arrays } = await trainer.snapshot();
    const model = await DetectorModel.open(exportModel(recipe, shape, arrays), shape, device);
    const { score, parts } = await model.run(raster);
    expect(Math.abs(score - alone.scores[0])).toBeLessThan(1e-5);
    expect(Object.keys(parts)).toEqual(Object.keys(alone.parts));
    for (const [name, [value]] of Object.entries(alone.parts)) {
      expect(Math.abs(parts[name] - value), name).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
    }
    await model.release();
    await trainer.release();
  });

  test("draws images of its shape from random numbers, if it can draw at all", async () => {
    for (const channels of [1, 3] as const) {
      const { recipe, trainer } = await make(channels);
      const generator = await trainer.generator();
      expect(generator === null).toBe(recipe.generator === undefined);
      if (!generator) {
        await trainer.release();
        continue;
      }
      const images = await generator.samples({ seed: 1, name: "every" }, 0, 3);
      expect(images.map((image) => image.length)).toEqual(new Array(3).fill(channels * 32 * 32));
      expect(images.every((image) => image.every(Number.isFinite))).toBe(true);
      expect(images[1]).not.toEqual(images[0]);
      await trainer.release();
    }
  });
});
