/** @file The WebAssembly of `onnxruntime-web` under Node: slower than native code, and the same wherever Node runs. */
import type { Device } from "../device.ts";
import { plainError, plainSession } from "../reason.ts";
import { sessionOptions } from "../session-options.ts";

/** Opens one. The number of threads is settled by the first session of the process. */
export function wasmDevice(ort: typeof import("onnxruntime-web"), threads: number): Device {
  ort.env.logLevel = "fatal";
  ort.env.wasm.numThreads = threads;
  return Object.freeze({
    kind: "wasm" as const,
    threads,
    host: "node" as const,
    version: ort.env.versions.web ?? ort.env.versions.common,
    async createSession(model: Uint8Array, options = {}) {
      try {
        return plainSession(await ort.InferenceSession.create(model, sessionOptions("wasm", threads, options)));
      } catch (cause) {
        throw plainError(cause);
      }
    },
    tensor: (data: Float32Array, shape: readonly number[]) => new ort.Tensor("float32", data, shape),
  } satisfies Device);
}
