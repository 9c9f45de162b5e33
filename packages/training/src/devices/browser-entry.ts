/** @file Trains in a page: `train(kind, steps)` becomes a global, for the test to call. */
import { openDevice } from "../../../runtime/src/web/index.ts";
import { trainSteps } from "./train-steps.ts";

Object.assign(globalThis, {
  train: async (kind: "wasm" | "webgpu", steps: number) =>
    trainSteps(await openDevice({ kind, threads: 2, assets: "/onnxruntime/" }), steps),
});
