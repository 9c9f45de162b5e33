/** @file The guard of detectors knows what the exporter writes: all of it, and nothing else. */
import { mean, type Tensor } from "@hale/autodiff";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { costOf } from "../../detector/src/format/model-cost.ts";
import { checkModel } from "../../detector/src/format/model-guard.ts";
import { readModel } from "../../detector/src/format/onnx-message.ts";
import { OPERATORS } from "../../detector/src/format/operators.ts";
import { residualPlain, tinyPlain } from "./backbone/node/test-support.ts";
import { readPlainModel } from "./backbone/plain-model.ts";
import { exportModel } from "./export.ts";
import { everyExport } from "./export-fixture.ts";
import type { FitRecipe } from "./method.ts";
import { methods } from "./registry.ts";

const backbones = await Promise.all(
  [tinyPlain(), residualPlain()].map(({ record, bytes }) => readPlainModel(JSON.stringify(record), bytes, "tiny")),
);

/** Finds everything healthy as it is: two outputs are one value. */
const idle: FitRecipe = {
  learning: "fit",
  observe: () => ({}),
  settle: () => new Map(),
  inference: () => ({ restore: (x: Tensor) => x, anomalyMap: (x: Tensor) => mean(x, [1], true) }),
};

test("every method's detectors pass the guard, with shapes as ONNX Runtime makes them, and use all that it allows", async () => {
  const device = await openDevice({ threads: 1 });
  const seen = new Set<string>();
  const attributes = new Set<string>();
  const names = new Set<string>();
  const shape = { size: 32, channels: 1 } as const;
  const look = (model: Uint8Array) => {
    for (const { op, attributes: own } of readModel(model).nodes) {
      seen.add(op);
      for (const name of own.keys()) attributes.add(`${op}.${name}`);
    }
  };
  look(exportModel(idle, shape, new Map()));
  for await (const { method, shape, model } of everyExport(backbones)) {
    names.add(method);
    checkModel(model, { ...shape, valueRange: "" }, method);
    look(model);
    // Larger ones take seconds to compile, and their shapes follow the same rules.
    if (shape.size > 64) continue;
    const pixels = [2, shape.channels, 40, 36];
    const { outputs } = costOf(readModel(model), pixels);
    const session = await device.createSession(model);
    const given = device.tensor(new Float32Array(pixels.reduce((a, b) => a * b)).fill(0.5), pixels);
    for (const [name, { dims }] of Object.entries(await session.run({ pixels: given })))
      expect(outputs.get(name), `${method}: ${name}`).toEqual(dims);
    await session.release();
  }
  expect([...names]).toEqual([...methods.keys()]);
  expect([...seen].sort()).toEqual(Object.keys(OPERATORS).sort());
  const allowed = Object.entries(OPERATORS).flatMap(([op, row]) => row.attributes.map((name) => `${op}.${name}`));
  expect([...attributes].sort()).toEqual(allowed.sort());
});
