/**
 * @file The other end of session-thread.ts: one thread with its own session of a model. Arrays are handed over, not
 * copied: each belongs to one of the two threads at a time.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { ThreadAnswer, ThreadArrays, ThreadRequest, ThreadSettings } from "./session-thread.ts";

const ort = await import("onnxruntime-node");
const { model, options, inputs, outputs } = workerData as ThreadSettings;
const port = parentPort as MessagePort;
const session = await ort.InferenceSession.create(model, options);
const shapes = new Map([...inputs, ...outputs].map(({ name, shape }) => [name, shape]));
const tensors = (arrays: ThreadArrays) =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, data]) => [name, new ort.Tensor("float32", data, shapes.get(name))]),
  );

port.on("message", async ({ feeds, places }: ThreadRequest) => {
  try {
    await session.run(tensors(feeds), tensors(places));
    const arrays = [...Object.values(feeds), ...Object.values(places)];
    port.postMessage(
      { feeds, places } satisfies ThreadAnswer,
      arrays.map(({ buffer }) => buffer),
    );
  } catch (cause) {
    port.postMessage({ error: cause instanceof Error ? cause.message : String(cause) } satisfies ThreadAnswer);
  }
});
port.postMessage({} satisfies ThreadAnswer);
