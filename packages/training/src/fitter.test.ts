/** @file The pass of a fit: the same bits wherever it stops, and a state of all normals. */
import type { NamedArray } from "@hale/autodiff";
import { Random } from "@hale/core";
import { DetectorModel } from "@hale/detector";
import { emptyRaster, prepare } from "@hale/imaging";
import { exportModel, type FitRecipe, type ImageShape } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { nearestRecipe } from "./fit-fixture.ts";
import { Fitter } from "./fitter.ts";

const device = await openDevice({ threads: 1 });
const shape: ImageShape = { size: 16, channels: 1 };
const random = new Random(3, "pictures");
const normals = Array.from({ length: 21 }, () => random.uniforms(256, -0.9, 0.9));
const recipe = nearestRecipe(shape);

const make = (more: Partial<Parameters<typeof Fitter.create>[0]> = {}) =>
  Fitter.create({ recipe, shape, device, seed: 5, normals, ...more });

async function whole(fitter: Fitter): Promise<Fitter> {
  while (fitter.done < fitter.total) await fitter.advance();
  return fitter;
}

const contents = (arrays: ReadonlyMap<string, NamedArray>) =>
  [...arrays].map(([name, { shape: of, data }]) => [name, of, [...data]]);

describe("a fit", () => {
  test("gathers one row of each normal, in their order", async () => {
    const fitter = await whole(await make());
    const { cells, image } = fitter.observed;
    expect(image).toEqual(normals);
    const cell = (i: number) => {
      let sum = 0;
      for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) sum += normals[i][16 * y + x];
      return (2 * sum) / 64;
    };
    expect(cells).toHaveLength(21);
    for (const [i, row] of cells.entries()) expect(row[0]).toBeCloseTo(cell(i), 5);
    await fitter.release();
  });

  test("ends bit-equal wherever it stopped and went on", async () => {
    const straight = await whole(await make());
    const expected = contents(await straight.settle());
    for (const stop of [1, 8, 13, 20, 21]) {
      const first = await make();
      await first.rehearse();
      while (first.done < stop) await first.advance(stop);
      expect(first.done).toBe(stop);
      const snapshot = first.snapshot();
      expect([...snapshot].map(([, { shape: of }]) => of[0])).toEqual([stop, stop]);
      const second = await make({ from: snapshot });
      expect(second.done).toBe(stop);
      await whole(second);
      expect(contents(second.snapshot()), `stopped after ${stop}`).toEqual(contents(straight.snapshot()));
      expect(contents(await second.settle())).toEqual(expected);
      await first.release();
      await second.release();
    }
    await straight.release();
  });

  test("settles on what it has when it ends early, and otherwise with another seed", async () => {
    const early = await make();
    await early.advance(5);
    expect((await early.settle()).get("nearest/bank")!.shape).toEqual([5, 4]);
    const full = await whole(await make());
    const other = await whole(await make({ seed: 6 }));
    const bank = async (fitter: Fitter) => [...(await fitter.settle()).get("nearest/bank")!.data];
    expect(await bank(full)).not.toEqual(await bank(other));
    expect((await bank(full)).sort()).toEqual((await bank(other)).sort());
    for (const fitter of [early, full, other]) await fitter.release();
  });

  test("answers with its state as the detector's model will, without a counterpart", async () => {
    const fitter = await whole(await make());
    const settled = await fitter.settle();
    const program = await fitter.answers(settled);
    const raster = emptyRaster(16, 16, 1);
    raster.data.forEach((_, i) => {
      raster.data[i] = (i * 41) % 256;
    });
    const { scores, maps, healthy } = await program.answer([normals[3], prepare(raster, shape)]);
    expect(scores[0]).toBeLessThan(1e-6);
    expect(scores[1]).toBeGreaterThan(1e-3);
    expect(healthy).toEqual([]);
    const model = await DetectorModel.open(exportModel(recipe, shape, settled), shape, device);
    expect(model.counterpart).toBe(false);
    const examined = await model.run(raster);
    expect(Math.abs(examined.score - scores[1])).toBeLessThan(1e-5);
    expect(Math.max(...examined.anomalyMap.data.map((value, i) => Math.abs(value - maps[1][i])))).toBeLessThan(1e-5);
    await model.release();
    await program.release();
    await fitter.release();
  });

  test("is refused without normals, and with a checkpoint of other sizes", async () => {
    await expect(make({ normals: [] })).rejects.toMatchObject({ code: "DATASET_EMPTY" });
    const fitter = await make();
    await fitter.advance();
    const snapshot = fitter.snapshot();
    await expect(make({ from: snapshot, normals: normals.slice(0, 4) })).rejects.toThrow(/does not fit/);
    snapshot.delete("observed/cells");
    await expect(make({ from: snapshot })).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
    await fitter.release();
  });

  test("stops at what is not finite, and names it", async () => {
    const broken = [...normals.slice(0, 10), normals[0].map(() => Number.NaN)];
    const fitter = await make({ normals: broken });
    await fitter.advance();
    await expect(fitter.advance()).rejects.toMatchObject({
      code: "NUMERIC_FAILURE",
      fault: expect.stringContaining("normal 11"),
    });
    await fitter.release();
    const settle: FitRecipe["settle"] = () => new Map([["bank", { shape: [1], data: Float32Array.of(Number.NaN) }]]);
    const careless = await make({ recipe: { ...recipe, settle } });
    await careless.advance();
    await expect(careless.settle()).rejects.toMatchObject({ code: "NUMERIC_FAILURE" });
    await careless.release();
  });
});
