/**
 * @file A second, third, … CPU thread that runs the same model on other images. ONNX Runtime in Node runs on the thread
 * that asks, and its own threads share the work inside one op, so that ops too small or too simple to be shared keep one
 * core busy and the others waiting; threads with a session each share whole runs.
 */
import { Worker } from "node:worker_threads";
import { threadScript } from "@hale/core/node";
import type { InferenceSession } from "onnxruntime-common";
import type { FreeThread, NamedShape, SessionThread, ShapedArray } from "../device.ts";

export type ShapedArrays = Record<string, ShapedArray>;

/** What a thread starts with. */
export interface ThreadSettings {
  model: Uint8Array;
  options: InferenceSession.SessionOptions;
}

export interface ThreadRequest {
  feeds: ShapedArrays;
  /** Arrays for what comes out, or the names of outputs for which new ones are made. */
  outputs: { places: ShapedArrays } | { names: readonly string[] };
}

/** The feeds as they came, and the outputs; nothing where the thread says that it is ready. */
export interface ThreadAnswer {
  feeds?: ShapedArrays;
  outputs?: ShapedArrays;
  error?: string;
}

/** A running thread: one request at a time, its buffers handed over. */
interface Running {
  ask(request: ThreadRequest, handOver: ArrayBuffer[]): Promise<Required<Omit<ThreadAnswer, "error">>>;
  release(): Promise<void>;
}

async function start(settings: ThreadSettings): Promise<Running> {
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
  // An idle thread must not keep the process alive; a busy one is waited for.
  worker.unref();
  return {
    async ask(request, handOver) {
      worker.ref();
      const done = next();
      worker.postMessage(request, handOver);
      try {
        return (await done) as Required<Omit<ThreadAnswer, "error">>;
      } finally {
        worker.unref();
      }
    },
    async release() {
      await worker.terminate();
    },
  };
}

const buffersOf = (...arrays: ShapedArrays[]) =>
  arrays.flatMap((of) => Object.values(of).map(({ data }) => data.buffer));

/** Starts a thread with a session of `model` whose inputs and outputs have these shapes. */
export async function openThread(
  settings: ThreadSettings,
  inputs: readonly NamedShape[],
  outputs: readonly NamedShape[],
): Promise<SessionThread> {
  const { ask, release } = await start(settings);
  const allocate = (arrays: readonly NamedShape[]): ShapedArrays =>
    Object.fromEntries(
      arrays.map(({ name, shape }) => {
        const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
        return [name, { data, shape }];
      }),
    );
  // They are this thread's between runs and the other's during one.
  let [feeds, places] = [allocate(inputs), allocate(outputs)];
  return {
    async run(given) {
      for (const [name, data] of Object.entries(given)) feeds[name].data.set(data);
      ({ feeds, outputs: places } = await ask({ feeds, outputs: { places } }, buffersOf(feeds, places)));
      return Object.fromEntries(Object.entries(places).map(([name, { data }]) => [name, data]));
    },
    release,
  };
}

/** Starts a thread with a session of `model`, whose inputs may have other shapes in each run. */
export async function openFreeThread(settings: ThreadSettings): Promise<FreeThread> {
  const { ask, release } = await start(settings);
  return {
    run: (feeds, names) => ask({ feeds, outputs: { names } }, buffersOf(feeds)),
    release,
  };
}
