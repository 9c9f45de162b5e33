/**
 * @file Keeps a WebGPU session alive for as long as tensors that it made are on the device. ONNX Runtime (1.30)
 * frees such a tensor through its session: freed after the session was released, it takes the process down.
 */
import type { InferenceSession } from "onnxruntime-common";

/** The same session; its release waits until every tensor that it left on the device has been disposed of. */
export function outliveTensors(session: InferenceSession): InferenceSession {
  const run = session.run.bind(session) as (...args: unknown[]) => Promise<InferenceSession.ReturnType>;
  const release = session.release.bind(session);
  let alive = 0;
  let released = false;

  const track = (tensor: InferenceSession.ReturnType[string]) => {
    if (tensor.location !== "gpu-buffer") return;
    const dispose = tensor.dispose.bind(tensor);
    let disposed = false;
    alive++;
    tensor.dispose = () => {
      dispose();
      if (disposed) return;
      disposed = true;
      alive--;
      if (released && alive === 0) void release();
    };
  };

  return Object.assign(session, {
    async run(...args: unknown[]) {
      const results = await run(...args);
      for (const tensor of Object.values(results)) track(tensor);
      return results;
    },
    async release() {
      if (released) return;
      released = true;
      if (alive === 0) await release();
    },
  });
}
