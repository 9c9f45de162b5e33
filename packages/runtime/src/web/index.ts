/**
 * @file Devices in browsers: WebAssembly (with threads where the page is cross-origin isolated) and WebGPU.
 */
import { HaleError } from "@hale/core";
import type { Device } from "../device.ts";
import { outliveTensors } from "../resident.ts";
import { sessionOptions } from "../session-options.ts";

export interface WebDeviceOptions {
  kind?: "wasm" | "webgpu";
  threads?: number;
  /** Folder that serves ONNX Runtime's .wasm and .mjs files; never a CDN. */
  assets: string;
}

/** Opens a device in a page or worker. Throws DEVICE_UNAVAILABLE where WebGPU is missing. */
export async function openDevice({ kind = "wasm", threads, assets }: WebDeviceOptions): Promise<Device> {
  if (kind === "webgpu" && !("gpu" in navigator)) {
    throw new HaleError("DEVICE_UNAVAILABLE", "This browser has no WebGPU.", "Use WebAssembly instead.");
  }
  const ort = await import("onnxruntime-web/webgpu");
  const count =
    kind === "webgpu" ? 1 : (threads ?? (globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1));
  ort.env.wasm.wasmPaths = assets;
  ort.env.wasm.numThreads = count;
  ort.env.logLevel = "error";
  return Object.freeze({
    kind,
    threads: count,
    host: "browser" as const,
    version: ort.env.versions.web ?? ort.env.versions.common,
    async createSession(model: Uint8Array, options = {}) {
      const session = await ort.InferenceSession.create(model, sessionOptions(kind, count, options));
      return kind === "webgpu" ? outliveTensors(session) : session;
    },
    tensor: (data: Float32Array, shape: readonly number[]) => new ort.Tensor("float32", data, shape),
  } satisfies Device);
}
