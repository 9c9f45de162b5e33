/**
 * @file Devices in Node: the CPU and WebGPU (through Dawn) of `onnxruntime-node`, or the WebAssembly of
 * `onnxruntime-web`, whichever is installed.
 */
import { availableParallelism } from "node:os";
import type { Device } from "../device.ts";
import { ifInstalled, notInstalled } from "../installed.ts";
import { nativeDevice } from "./native.ts";
import { wasmDevice } from "./wasm.ts";

export interface NodeDeviceOptions {
  /** `cpu` is native code where `onnxruntime-node` is installed, else WebAssembly; the device's own `kind` tells which. */
  kind?: "cpu" | "webgpu" | "wasm";
  /** Threads inside one op; all cores by default. Steps that run as one program are bit-equal only at the same count. */
  threads?: number;
}

/**
 * Since 1.30 the native ONNX Runtime starts a client of Microsoft's telemetry with its first session: it reads the machine's
 * identity and the command line, which may name patients' files, and overflows the stack where that has some 27 000
 * characters. A hospital's machine tells nobody anything; whoever wants it sets the variable to 0.
 */
function withoutTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}

/** Opens a device. Throws DEVICE_UNAVAILABLE with what to install, or with ONNX Runtime's reason. */
export async function openDevice({
  kind = "cpu",
  threads = availableParallelism(),
}: NodeDeviceOptions = {}): Promise<Device> {
  if (kind !== "wasm") {
    withoutTelemetry();
    const native = await ifInstalled("onnxruntime-node", () => import("onnxruntime-node")).catch((cause) => {
      throw notInstalled(
        `onnxruntime-node is installed, but cannot be loaded: ${(cause as Error).message}`,
        "onnxruntime-web as well, and choose WebAssembly",
        cause,
      );
    });
    if (native) return nativeDevice(native, kind, threads);
    if (kind === "webgpu") {
      throw notInstalled(
        "In Node, WebGPU needs the package onnxruntime-node, which is not installed.",
        "onnxruntime-node",
      );
    }
  }
  const web = await ifInstalled("onnxruntime-web", () => import("onnxruntime-web"));
  if (web) return wasmDevice(web, threads);
  if (kind === "wasm") {
    throw notInstalled("WebAssembly needs the package onnxruntime-web, which is not installed.", "onnxruntime-web");
  }
  throw notInstalled(
    "ONNX Runtime is not installed.",
    "one of the packages onnxruntime-node (native code, WebGPU) and onnxruntime-web (WebAssembly)",
  );
}
