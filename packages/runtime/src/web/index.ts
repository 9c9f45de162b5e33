/**
 * @file Devices in browsers, by `onnxruntime-web`: WebAssembly (with threads where the page is cross-origin isolated) and
 * WebGPU.
 */
import { HaleError } from "@hale/core";
import type { Device, InferenceSession } from "../device.ts";
import { notInstalled } from "../installed.ts";
import { plainError, plainSession } from "../reason.ts";
import { outliveTensors } from "../resident.ts";
import { sessionOptions } from "../session-options.ts";

export interface WebDeviceOptions {
  kind?: "wasm" | "webgpu";
  threads?: number;
  /**
   * Folder that serves ONNX Runtime's .wasm and .mjs files, ending in a slash; never a CDN. Without one they are where the
   * page's bundler has put them, or else beside the script.
   */
  assets?: string;
}

/** Opens a device in a page or worker. Throws DEVICE_UNAVAILABLE where WebGPU or ONNX Runtime is missing. */
export async function openDevice({ kind = "wasm", threads, assets }: WebDeviceOptions = {}): Promise<Device> {
  if (kind === "webgpu" && !("gpu" in navigator)) {
    throw new HaleError("DEVICE_UNAVAILABLE", "This browser has no WebGPU.", "Use WebAssembly instead.", {
      setting: "device",
    });
  }
  const ort = await importRuntime(kind);
  const count =
    kind === "webgpu" ? 1 : (threads ?? (globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1));
  if (assets !== undefined) ort.env.wasm.wasmPaths = assets;
  ort.env.wasm.numThreads = count;
  ort.env.logLevel = "fatal";
  return Object.freeze({
    kind,
    threads: count,
    host: "browser" as const,
    version: ort.env.versions.web ?? ort.env.versions.common,
    async createSession(model: Uint8Array, options = {}) {
      let session: InferenceSession;
      try {
        session = plainSession(await ort.InferenceSession.create(model, sessionOptions(kind, count, options)));
      } catch (cause) {
        throw plainError(cause);
      }
      return kind === "webgpu" ? outliveTensors(session) : session;
    },
    tensor: (data: Float32Array, shape: readonly number[]) => new ort.Tensor("float32", data, shape),
  } satisfies Device);
}

/** The build without WebGPU has half the WebAssembly. */
async function importRuntime(kind: "wasm" | "webgpu"): Promise<typeof import("onnxruntime-web")> {
  try {
    return await (kind === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm"));
  } catch (cause) {
    throw notInstalled(
      `ONNX Runtime for browsers could not be loaded: ${(cause as Error).message}`,
      "the package onnxruntime-web, and let the page's bundler find it",
      cause,
    );
  }
}
