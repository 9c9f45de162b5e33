/**
 * @file The other end of session-thread.ts: one thread with its own session of a model. Arrays are handed over, not
 * copied: each belongs to one of the two threads at a time.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { ShapedArray } from "../device.ts";
import { reasonOf } from "../reason.ts";
import type { ShapedArrays, ThreadAnswer, ThreadRequest, ThreadSettings } from "./session-thread.ts";

const ort = await import("onnxruntime-node");
ort.env.logLevel = "fatal";
const { model, options } = workerData as ThreadSettings;
const port = parentPort as MessagePort;
const session = await ort.InferenceSession.create(model, options);

const tensors = (arrays: ShapedArrays) =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [name, new ort.Tensor("float32", data, shape)]),
  );

/** Into the arrays that came for them, or into new ones. */
async function outputsOf({ feeds, outputs }: ThreadRequest): Promise<ShapedArrays> {
  if (!("names" in outputs)) {
    await session.run(tensors(feeds), tensors(outputs.places));
    return outputs.places;
  }
  const results = await session.run(tensors(feeds), outputs.names);
  return Object.fromEntries(
    outputs.names.map((name) => {
      const { data, dims } = results[name];
      return [name, { data: data as ShapedArray["data"], shape: dims }];
    }),
  );
}

port.on("message", async (request: ThreadRequest) => {
  try {
    const { feeds } = request;
    const outputs = await outputsOf(request);
    const arrays = [...Object.values(feeds), ...Object.values(outputs)];
    port.postMessage(
      { feeds, outputs } satisfies ThreadAnswer,
      arrays.map(({ data }) => data.buffer),
    );
  } catch (cause) {
    port.postMessage({ error: reasonOf(cause) } satisfies ThreadAnswer);
  }
});
port.postMessage({} satisfies ThreadAnswer);
