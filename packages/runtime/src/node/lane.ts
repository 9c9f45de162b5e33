/**
 * @file Lanes: a second, third, … CPU thread that runs the same model on other images. ONNX Runtime in Node runs on the
 * thread that asks, and its own threads share the work inside one op, so that ops too small or too simple to be shared
 * keep one core busy and the others waiting; lanes share whole runs.
 */
import { Worker } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-common";
import type { Lane, LaneArray } from "../device.ts";

type Arrays = Record<string, Float32Array<ArrayBuffer>>;

interface Answer {
  error?: string;
  /** As they came. */
  feeds: Arrays;
  /** As they came, filled. */
  places: Arrays;
}

/** Starts a thread with a session of `model`. */
export async function openLane(
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
  inputs: readonly LaneArray[],
  outputs: readonly LaneArray[],
): Promise<Lane> {
  const worker = new Worker(new URL("./lane-worker.mjs", import.meta.url), {
    workerData: { model, options, inputs, outputs },
    // The parent's loaders (of TypeScript, of a test runner) are of no use to it.
    execArgv: [],
  });
  const next = () =>
    new Promise<Answer>((resolve, reject) => {
      const settle = (outcome: () => void) => {
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        outcome();
      };
      const onMessage = (answer: Answer) =>
        settle(() => (answer.error ? reject(new Error(answer.error)) : resolve(answer)));
      const onError = (cause: Error) => settle(() => reject(cause));
      const onExit = (code: number) => settle(() => reject(new Error(`A lane ended with code ${code}.`)));
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    });
  await next();
  const allocate = (arrays: readonly LaneArray[]): Arrays =>
    Object.fromEntries(
      arrays.map(({ name, shape }) => [name, new Float32Array(shape.reduce((product, size) => product * size, 1))]),
    );
  // They are this thread's between runs and the lane's during one.
  let [feeds, places] = [allocate(inputs), allocate(outputs)];
  // An idle lane must not keep the process alive; a busy one is waited for.
  worker.unref();
  return {
    async run(given) {
      for (const [name, data] of Object.entries(given)) feeds[name].set(data);
      worker.ref();
      const done = next();
      const arrays = [...Object.values(feeds), ...Object.values(places)];
      worker.postMessage(
        { feeds, places },
        arrays.map(({ buffer }) => buffer),
      );
      try {
        ({ feeds, places } = await done);
        return places;
      } finally {
        worker.unref();
      }
    },
    async release() {
      await worker.terminate();
    },
  };
}
