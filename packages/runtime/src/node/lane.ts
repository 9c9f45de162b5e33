/**
 * @file Lanes: a second, third, … CPU thread that runs the same model on other images. ONNX Runtime in Node runs on the
 * thread that asks, and its own threads share the work inside one op, so that ops too small or too simple to be shared
 * keep one core busy and the others waiting; lanes share whole runs.
 */
import { Worker } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-common";
import type { Lane, LaneArray } from "../device.ts";

interface Answer {
  error?: string;
}

/** Starts a thread with a session of `model`. */
export async function openLane(
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
  inputs: readonly LaneArray[],
  outputs: readonly LaneArray[],
): Promise<Lane> {
  const shared = (arrays: readonly LaneArray[]) =>
    arrays.map(({ name, shape }) => {
      const bytes = shape.reduce((product, size) => product * size, 4);
      return { name, shape, data: new Float32Array(new SharedArrayBuffer(bytes)) };
    });
  const [sources, targets] = [shared(inputs), shared(outputs)];
  const worker = new Worker(new URL("./lane-worker.mjs", import.meta.url), {
    workerData: { model, options, inputs: sources, outputs: targets },
    // The parent's loaders (of TypeScript, of a test runner) are of no use to it.
    execArgv: [],
  });
  const next = () =>
    new Promise<void>((resolve, reject) => {
      const settle = (outcome: () => void) => {
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        outcome();
      };
      const onMessage = ({ error }: Answer) => settle(() => (error ? reject(new Error(error)) : resolve()));
      const onError = (cause: Error) => settle(() => reject(cause));
      const onExit = (code: number) => settle(() => reject(new Error(`A lane ended with code ${code}.`)));
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    });
  await next();
  // Results leave shared memory at once: arithmetic in JavaScript is several times slower on it.
  const results = Object.fromEntries(targets.map(({ name, data }) => [name, new Float32Array(data.length)]));
  // An idle lane must not keep the process alive; a busy one is waited for.
  worker.unref();
  return {
    async run(feeds) {
      for (const { name, data } of sources) data.set(feeds[name]);
      worker.ref();
      const done = next();
      worker.postMessage("run");
      try {
        await done;
      } finally {
        worker.unref();
      }
      for (const { name, data } of targets) results[name].set(data);
      return results;
    },
    async release() {
      await worker.terminate();
    },
  };
}
