/**
 * @file The other end of a lane (`lane.ts`): one thread with its own session of a model. Plain JavaScript, so that Node
 * can start it without a loader. Inputs and outputs travel through shared memory; messages only say when.
 */
import { parentPort, workerData } from "node:worker_threads";
import ort from "onnxruntime-node";

const { model, options, inputs, outputs } = workerData;
const session = await ort.InferenceSession.create(model, options);

/** Each array twice: in shared memory, and as a tensor of this thread's own, which ONNX Runtime can use. */
const own = (arrays) =>
  arrays.map(({ name, shape, data }) => {
    const copy = new Float32Array(data.length);
    return { name, shared: data, copy, tensor: new ort.Tensor("float32", copy, shape) };
  });
const sources = own(inputs);
const targets = own(outputs);
const feeds = Object.fromEntries(sources.map(({ name, tensor }) => [name, tensor]));
const fetches = Object.fromEntries(targets.map(({ name, tensor }) => [name, tensor]));

parentPort.on("message", async () => {
  try {
    for (const { shared, copy } of sources) copy.set(shared);
    await session.run(feeds, fetches);
    for (const { shared, copy } of targets) shared.set(copy);
    parentPort.postMessage({});
  } catch (cause) {
    parentPort.postMessage({ error: String(cause?.message ?? cause) });
  }
});
parentPort.postMessage({});
