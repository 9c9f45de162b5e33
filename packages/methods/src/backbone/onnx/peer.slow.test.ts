/**
 * @file Networks of torchvision as PyTorch exports them, where HALE_PYTHON names an interpreter that has both: every module
 * by its name gives what PyTorch's own hooks saw, and ONNX Runtime makes of the file as it came what it makes of ours.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDevice } from "@hale/runtime/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeBackbone } from "../backbone-file.ts";
import { largestDifference } from "../node/test-support.ts";
import { importOnnx, listOnnx, type OnnxImportOptions } from "./import-onnx.ts";
import { withOutputs } from "./model-fixture.ts";

const python = process.env.HALE_PYTHON ?? "";
const able = python !== "" && spawnSync(python, ["-c", "import torch, torchvision, onnx"]).status === 0;
const script = join(import.meta.dirname, "../../../../../bench/peers/export_backbones.py");
const MODELS = ["resnet18", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small"];

interface Place {
  shape: number[];
  offset: number;
}

interface Record {
  exports: string[];
  input: Place;
  modules: { [name: string]: Place };
}

describe.skipIf(!able)("of torchvision", () => {
  const folder = mkdtempSync(join(tmpdir(), "hale-"));
  beforeAll(() => {
    const names = MODELS.map((model) => `torchvision:${model}`);
    const { status, stderr } = spawnSync(python, [script, folder, "64", ...names], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(MODELS)("%s", async (model) => {
    const record: Record = JSON.parse(readFileSync(join(folder, `${model}.json`), "utf8"));
    const numbers = readFileSync(join(folder, `${model}.bin`));
    const read = ({ shape, offset }: Place) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return Float32Array.from({ length: count }, (_, i) => numbers.readFloatLE(offset + 4 * i));
    };
    const names = Object.keys(record.modules);
    const image = read(record.input);
    const device = await openDevice({ threads: 1 });
    // Values are taken as they are, so that our images are PyTorch's.
    const taken: OnnxImportOptions = { range: "-1..1", mean: [0, 0, 0], std: [1, 1, 1] };
    for (const file of record.exports) {
      const bytes = new Uint8Array(readFileSync(join(folder, file)));
      const { layers } = listOnnx(bytes, file);
      // Of modules that end with one layer, the outermost is asked for.
      const first = (name: string) => {
        const [outer] =
          layers.find(({ modules }) => modules.includes(name))?.modules.filter((m) => names.includes(m)) ?? [];
        expect(outer, `${file} ${name}`).toBeDefined();
        return outer;
      };
      const features = [...new Set(names.map(first))];
      const ours = await device.createSession(
        await writeBackbone(await importOnnx(bytes, file, { ...taken, features })),
      );
      const results = await ours.run({ image: device.tensor(image, record.input.shape) });
      for (const name of names) {
        const { dims, data } = results[first(name)];
        expect(dims, `${file} ${name}`).toEqual(record.modules[name].shape);
        const difference = largestDifference(data as Float32Array, read(record.modules[name]));
        expect(difference, `${file} ${name}`).toBeLessThan(1e-4);
      }
      // The layers that are features by default, in the file as it came.
      const listed = layers.filter(({ feature }) => feature !== undefined);
      expect(listed.length).toBeGreaterThan(2);
      const theirs = await device.createSession(
        withOutputs(
          bytes,
          listed.map(({ outputs }) => outputs[0]),
        ),
      );
      const before = await theirs.run({ [theirs.inputNames[0]]: device.tensor(image, record.input.shape) });
      const own = await device.createSession(await writeBackbone(await importOnnx(bytes, file, taken)));
      const after = await own.run({ image: device.tensor(image, record.input.shape) });
      for (const { feature, outputs } of listed) {
        const wanted = before[outputs[0]].data as Float32Array;
        expect(largestDifference(after[feature!].data as Float32Array, wanted), `${file} ${feature}`).toBeLessThan(
          1e-4,
        );
      }
      for (const session of [ours, theirs, own]) await session.release();
    }
  });
});
