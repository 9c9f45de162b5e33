/** @file One suite for every registered method, of each kind: it learns, goes on exactly, exports and scores. */

import { Random } from "@hale/core";
import { DetectorModel } from "@hale/detector";
import { emptyRaster } from "@hale/imaging";
import { exportModel, type FitRecipe, type GradientRecipe, type Method, methods } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import type * as z from "zod";
import { smallOptions } from "../../methods/src/small-fixture.ts";
import { Fitter } from "./fitter.ts";
import { Trainer } from "./trainer.ts";

const device = await openDevice({ threads: 1 });
const random = new Random(21, "images");
const picture = (channels: number) => random.uniforms(channels * 32 * 32, -0.9, 0.9);

test.each([...methods.values()])("$name has defaults for all of its options, each described", (method) => {
  const { shape } = method.options as unknown as z.ZodObject;
  expect(Object.keys(method.options.parse({}) as object).sort()).toEqual(Object.keys(shape).sort());
  for (const [name, option] of Object.entries(shape)) expect((option as z.ZodType).description, name).toBeTruthy();
  expect(method.title.length).toBeGreaterThan(0);
});

/** That an image's score is the same alone, in a batch of any kind, and in a thread of its own, within what is promised. */
async function expectSameTogether(model: DetectorModel): Promise<void> {
  const rasters = Array.from({ length: 9 }, (_, k) => {
    const raster = emptyRaster(40, 36, 1);
    raster.data.forEach((_, i) => {
      raster.data[i] = (i * (37 + 2 * k) + 91 * k) % 256;
    });
    return raster;
  });
  const alone: number[] = [];
  for (const raster of rasters) alone.push((await model.run(raster)).score);
  const together = async () => {
    const scores = await model.scoreBatch(rasters.slice(0, 8));
    const examined = await model.runBatch(rasters.slice(5, 8));
    expect(examined.map(({ score }) => score)).toEqual(scores.slice(5).map(({ score }) => score));
    return [...scores, ...(await model.scoreBatch(rasters.slice(8)))].map(({ score }) => score);
  };
  const batches = await together();
  await model.openThreads(2);
  expect(model.parallel).toBe(2);
  for (const scores of [batches, await together()]) {
    scores.forEach((score, k) => {
      expect(Math.abs(score / alone[k] - 1)).toBeLessThan(1e-6);
    });
  }
}

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

  test("trains in grey and in colour with finite losses", async () => {
    for (const channels of [1, 3] as const) {
      const { trainer } = await make(channels);
      for (let i = 0; i < 2; i++) {
        const losses = Object.entries(await trainer.step());
        expect(losses.length).toBeGreaterThan(0);
        for (const [name, loss] of losses) expect(loss, name).toSatisfy(Number.isFinite);
      }
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
    await expectSameTogether(model);
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

const byFit = [...methods.values()].filter(
  (method): method is Method<Record<string, unknown>, FitRecipe> => method.learning === "fit",
);

describe.each(byFit)("$name", (method) => {
  const normals = {
    1: Array.from({ length: 11 }, () => picture(1)),
    3: Array.from({ length: 11 }, () => picture(3)),
  };
  const make = async (channels: 1 | 3, from?: ReturnType<Fitter["snapshot"]>) => {
    const shape = { size: 32, channels };
    const recipe = method.create(method.options.parse(smallOptions(method.name)), shape);
    const fitter = await Fitter.create({ recipe, shape, device, seed: 3, normals: normals[channels], from });
    return { shape, recipe, fitter };
  };
  const whole = async (fitter: Fitter) => {
    while (fitter.done < fitter.total) await fitter.advance();
    return await fitter.settle();
  };

  test("learns in grey and in colour, and answers with finite scores and maps that are not negative", async () => {
    for (const channels of [1, 3] as const) {
      const { fitter } = await make(channels);
      const answers = await fitter.answers(await whole(fitter));
      const { scores, maps } = await answers.answer([picture(channels), picture(channels)]);
      expect(scores.every(Number.isFinite)).toBe(true);
      expect(scores[0]).not.toBe(scores[1]);
      for (const map of maps) {
        expect(map).toHaveLength(32 * 32);
        expect(map.every((value) => value >= 0 && value < Infinity)).toBe(true);
        expect(Math.max(...map)).toBeGreaterThan(0);
      }
      await answers.release();
      await fitter.release();
    }
  });

  test("goes on from a snapshot bit by bit as if it had not stopped, also after a rehearsal", async () => {
    const straight = await make(1);
    const expected = await whole(straight.fitter);
    const first = await make(1);
    await first.fitter.rehearse();
    await first.fitter.advance(5);
    const second = await make(1, first.fitter.snapshot());
    expect(second.fitter.done).toBe(5);
    const actual = await whole(second.fitter);
    expect([...actual.keys()]).toEqual([...expected.keys()]);
    for (const [name, { data }] of expected) expect(actual.get(name)!.data, name).toEqual(data);
    for (const { fitter } of [straight, first, second]) await fitter.release();
  });

  test("exports a detector model that scores as the fit does, whatever an image's batch mates", async () => {
    const { recipe, shape, fitter } = await make(1);
    const settled = await whole(fitter);
    const answers = await fitter.answers(settled);
    const raster = emptyRaster(32, 32, 1);
    raster.data.forEach((_, i) => {
      raster.data[i] = (i * 37) % 256;
    });
    const prepared = Float32Array.from(raster.data, (v) => (v / 255 - 0.5) / 0.5);
    const alone = await answers.answer([prepared]);
    const among = await answers.answer([normals[1][0], prepared, normals[1][1]]);
    expect(among.scores[1]).toBe(alone.scores[0]);
    const model = await DetectorModel.open(exportModel(recipe, shape, settled), shape, device);
    const { score, anomalyMap, healthy } = await model.run(raster);
    expect(score / alone.scores[0]).toBeCloseTo(1, 5);
    expect(healthy === null).toBe(alone.healthy.length === 0);
    const top = Math.max(...alone.maps[0]);
    anomalyMap.data.forEach((value, i) => {
      expect(Math.abs(value - alone.maps[0][i])).toBeLessThan(1e-4 * top);
    });
    await expectSameTogether(model);
    await model.release();
    await answers.release();
    await fitter.release();
  });
});
