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

/** What the next run reads, by name. */
const held = new Map();

parentPort.on("message", async ({ feeds, places }) => {
  const retired = {};
  for (const [name, data] of Object.entries(feeds)) {
    if (held.has(name)) retired[name] = held.get(name);
    held.set(name, data);
  }
  try {
    const sources = Object.fromEntries([...held].map(([name, data]) => [name, tensor(name, data)]));
    const targets = Object.fromEntries(Object.entries(places).map(([name, data]) => [name, tensor(name, data)]));
    await session.run(sources, targets);
    parentPort.postMessage(
      { results: places, retired },
      [...Object.values(places), ...Object.values(retired)].map(({ buffer }) => buffer),
    );
  } catch (cause) {
    parentPort.postMessage({ error: String(cause?.message ?? cause) });
  }
});
parentPort.postMessage({});
