/**
 * @file The other end of a lane (`lane.ts`): one thread with its own session of a model. Plain JavaScript, so that Node
 * can start it without a loader. Arrays are handed over, not copied: each belongs to one side at a time.
 */
import { parentPort, workerData } from "node:worker_threads";
import ort from "onnxruntime-node";

const { model, options, inputs, outputs } = workerData;
const session = await ort.InferenceSession.create(model, options);
const shapes = new Map([...inputs, ...outputs].map(({ name, shape }) => [name, shape]));
const tensor = (name, data) => new ort.Tensor("float32", data, shapes.get(name));

parentPort.on("message", async ({ feeds, places }) => {
  const tensors = (arrays) =>
    Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, tensor(name, data)]));
  try {
    await session.run(tensors(feeds), tensors(places));
    const arrays = [...Object.values(feeds), ...Object.values(places)];
    parentPort.postMessage(
      { feeds, places },
      arrays.map(({ buffer }) => buffer),
    );
  } catch (cause) {
    parentPort.postMessage({ error: String(cause?.message ?? cause) });
  }
});
parentPort.postMessage({});
