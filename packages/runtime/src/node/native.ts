/** @file Devices of `onnxruntime-node`: the CPU, and WebGPU through Dawn, which is bundled in that package. */
import { cpus } from "node:os";
import { HaleError } from "@hale/core";
import type { Device, NamedShape, SessionOptions } from "../device.ts";
import { plainError, plainSession, reasonOf } from "../reason.ts";
import { outliveTensors } from "../resident.ts";
import { sessionOptions } from "../session-options.ts";
import { openFreeThread, openThread } from "./session-thread.ts";

/** Opens one; that WebGPU is missing is found out by its first session, which throws DEVICE_UNAVAILABLE. */
export function nativeDevice(ort: typeof import("onnxruntime-node"), kind: "cpu" | "webgpu", threads: number): Device {
  // What fails is thrown; the log says it once more, with colours and places in the runtime's source.
  ort.env.logLevel = "fatal";
  const count = kind === "webgpu" ? 1 : threads;
  return Object.freeze({
    kind,
    threads: count,
    host: "node" as const,
    version: ort.env.versions.node ?? ort.env.versions.common,
    ...(kind === "cpu" && { processor: cpus()[0]?.model }),
    async createSession(model: Uint8Array, options: SessionOptions = {}) {
      try {
        const session = await ort.InferenceSession.create(
          model,
          sessionOptions(kind, options.threads ?? count, options),
        );
        const plain = plainSession(session);
        return kind === "webgpu" ? outliveTensors(plain) : plain;
      } catch (cause) {
        if (kind === "cpu") throw plainError(cause);
        throw new HaleError(
          "DEVICE_UNAVAILABLE",
          `WebGPU cannot be used here: ${reasonOf(cause)}`,
          "Use the CPU, or install a Vulkan driver.",
          { cause, setting: "device" },
        );
      }
    },
    tensor: (data: Float32Array, shape: readonly number[]) => new ort.Tensor("float32", data, shape),
    ...(kind === "cpu" && {
      openThread: (model: Uint8Array, inputs: readonly NamedShape[], outputs: readonly NamedShape[]) =>
        openThread({ model, options: sessionOptions(kind, 1) }, inputs, outputs),
      // Left to itself, glibc gives the memory of each op back to the kernel: an eighth of the time.
      openFreeThread: (model: Uint8Array) =>
        openFreeThread({ model, options: sessionOptions(kind, 1, { arena: true }) }),
    }),
  } satisfies Device);
}
