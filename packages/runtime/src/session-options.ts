/**
 * @file ONNX Runtime session options shared by Node and browsers.
 */
import type { InferenceSession } from "onnxruntime-common";
import type { DeviceKind, SessionOptions } from "./device.ts";

export function sessionOptions(
  kind: DeviceKind,
  threads: number,
  { resident = [], outputs = [], profile, idleThreadsSleep, arena = false }: SessionOptions = {},
): InferenceSession.SessionOptions {
  const locations: Record<string, "cpu" | "gpu-buffer"> = {};
  for (const name of outputs) locations[name] = resident.includes(name) ? "gpu-buffer" : "cpu";
  return {
    executionProviders: [kind],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Neither planning all memory as one block nor keeping freed memory in ONNX Runtime's own arena saves time in training,
    // where glibc is told to keep it; the one costs a third more memory, the other a sixth.
    enableMemPattern: false,
    enableCpuMemArena: arena,
    // What fails is thrown; warnings about shape ops placed on the CPU are expected and of no use to anybody.
    logSeverityLevel: 4,
    ...(kind === "webgpu" && outputs.length > 0 ? { preferredOutputLocation: locations } : {}),
    ...(idleThreadsSleep && kind === "cpu" && { extra: { session: { intra_op: { allow_spinning: "0" } } } }),
    ...(profile ? { enableProfiling: true, profileFilePrefix: profile } : {}),
  };
}
