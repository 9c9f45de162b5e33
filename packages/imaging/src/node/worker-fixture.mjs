/** @file A reading worker for tests that does what no sound reader does, as the file's name asks. */
import { parentPort } from "node:worker_threads";

const kept = [];
parentPort.on("message", ({ name }) => {
  if (name === "endless") for (;;);
  if (name === "endless in Wasm") {
    // (func (loop (br 0)))
    const code = [
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0,
      11, 11,
    ];
    new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(code))).exports.f();
  }
  if (name === "heap") for (let i = 0; ; i++) kept.push({ i, text: `text ${i}` });
  if (name === "buffers") {
    // Slowly enough to be looked at.
    setInterval(() => kept.push(new Uint8Array(2 ** 24).fill(1)), 2);
    return;
  }
  if (name === "crash") throw new Error("planned");
  if (name === "exit") process.exit(3);
  if (name === "defect") parentPort.postMessage({ kind: "defect", what: "TypeError: planned" });
  if (name === "sound") parentPort.postMessage({ kind: "read", value: { kind: "png" } });
});
parentPort.postMessage({ kind: "ready" });
