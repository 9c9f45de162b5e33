/** @file A fuzzing thread for tests whose reader is faulty: it breaks on run 3, hangs in run 7 and loses memory. */
import { parentPort, workerData } from "node:worker_threads";

const { place } = workerData;
const lost = [];
const input = (run) => ({ run, kind: "nifti", seedName: "a", notes: ["planned"], bytes: Uint8Array.of(run, 9, 9, 9) });

function runs(from, to) {
  const found = [];
  for (let run = from; run < to; run++) {
    Atomics.store(place, 0, run);
    Atomics.add(place, 1, 1);
    lost.push(new Uint8Array(2 ** 16).fill(run));
    if (run % 100 === 3) found.push({ ...input(run), what: `TypeError: planned ${run}`, stack: "" });
    if (run === 7) for (;;);
  }
  Atomics.store(place, 0, -1);
  return {
    ok: to - from - found.length,
    refused: {},
    caught: {},
    kinds: {},
    found,
    slowest: { run: from, milliseconds: 1 },
  };
}

parentPort.on("message", (task) => {
  if (task.do === "runs") parentPort.postMessage(runs(task.from, task.to));
  if (task.do === "input") parentPort.postMessage(input(task.run));
  // The fault is in the first byte.
  if (task.do === "read")
    parentPort.postMessage(
      task.bytes[0] === 3 ? { kind: "finding", what: "TypeError: planned 3", stack: "" } : { kind: "ok" },
    );
  if (task.do === "memory") {
    const { rss, heapUsed, external } = process.memoryUsage();
    parentPort.postMessage({ rss, own: heapUsed + external });
  }
});
parentPort.postMessage({});
