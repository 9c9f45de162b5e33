import { expect, test } from "vitest";
import { openDevice } from "./node/index.ts";
import { reasonOf } from "./reason.ts";

const esc = String.fromCharCode(27);

test.each([
  [
    "/onnxruntime_src/onnxruntime/core/graph/model.cc:182 onnxruntime::Model::Model(onnx::ModelProto&&, const PathString&, const IOnnxRuntimeOpSchemaRegistryList*, const logging::Logger&, const ModelOptions&) Unsupported model IR version: 99, max supported IR version: 11",
    "Unsupported model IR version: 99, max supported IR version: 11",
  ],
  [
    `${esc}[1;31m2026-01-02 03:04:05.678 [E:onnxruntime:, sequential_executor.cc:572 ExecuteKernel] Non-zero status code returned while running Reshape node.${esc}[m`,
    "Non-zero status code returned while running Reshape node.",
  ],
  [
    "[ONNXRuntimeError] : 1 : FAIL : Load model failed:C:\\a\\_work\\1\\s\\onnxruntime\\core\\graph\\graph.cc(12): node (x) has input size 2",
    "Load model failed:node (x) has input size 2",
  ],
  ["", "it gives no reason"],
])("ONNX Runtime's %j becomes a reason", (message, reason) => {
  expect(reasonOf(new Error(message))).toBe(reason);
});

test("a model that is refused and a run that fails say nothing of the runtime's source", async () => {
  for (const kind of ["cpu", "wasm"] as const) {
    const device = await openDevice({ kind, threads: 1 });
    for (const model of [Uint8Array.of(8, 99, 0x3a, 0), Uint8Array.of(1, 2, 3)]) {
      const error = await device.createSession(model).catch((cause: Error) => cause);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).not.toMatch(/onnxruntime_src|\.cc|\.h:/);
    }
  }
});
