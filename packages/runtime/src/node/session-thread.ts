/**
 * @file A second, third, … CPU thread that runs the same model on other images. ONNX Runtime in Node runs on the thread
 * that asks, and its own threads share the work inside one op, so that ops too small or too simple to be shared keep one
 * core busy and the others waiting; threads with a session each share whole runs.
 */
import { Worker } from "node:worker_threads";
import { threadScript } from "@hale/core/node";
import type { InferenceSession } from "onnxruntime-common";
import type { NamedShape, SessionThread } from "../device.ts";

export type ThreadArrays = Record<string, Float32Array<ArrayBuffer>>;

/** What a thread starts with. */
export interface ThreadSettings {
  model: Uint8Array;
  options: InferenceSession.SessionOptions;
  inputs: readonly NamedShape[];
  outputs: readonly NamedShape[];
}

/** What goes in, and arrays for what comes out. */
export interface ThreadRequest {
  feeds: ThreadArrays;
  places: ThreadArrays;
}

/** The arrays of the request, the outputs filled; nothing where the thread says that it is ready. */
export interface ThreadAnswer extends Partial<ThreadRequest> {
  error?: string;
}

/** Starts a thread with a session of `model`. */
export async function openThread(settings: ThreadSettings): Promise<SessionThread> {
  const { url, execArgv } = threadScript("session-worker", import.meta.url);
  const worker = new Worker(url, { workerData: settings, execArgv });
  const next = () =>
    new Promise<ThreadAnswer>((resolve, reject) => {
      const settle = (outcome: () => void) => {
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        outcome();
      };
      const onMessage = (answer: ThreadAnswer) =>
        settle(() => (answer.error ? reject(new Error(answer.error)) : resolve(answer)));
      const onError = (cause: Error) => settle(() => reject(cause));
      const onExit = (code: number) => settle(() => reject(new Error(`A session's thread ended with code ${code}.`)));
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    });
  await next();
  const allocate = (arrays: readonly NamedShape[]): ThreadArrays =>
    Object.fromEntries(
      arrays.map(({ name, shape }) => [name, new Float32Array(shape.reduce((product, size) => product * size, 1))]),
    );
  // They are this thread's between runs and the other's during one.
  let [feeds, places] = [allocate(settings.inputs), allocate(settings.outputs)];
  // An idle thread must not keep the process alive; a busy one is waited for.
  worker.unref();
  return {
    async run(given) {
      for (const [name, data] of Object.entries(given)) feeds[name].set(data);
      worker.ref();
      const done = next();
      const arrays = [...Object.values(feeds), ...Object.values(places)];
      worker.postMessage(
        { feeds, places } satisfies ThreadRequest,
        arrays.map(({ buffer }) => buffer),
      );
      try {
        ({ feeds, places } = (await done) as ThreadRequest);
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
