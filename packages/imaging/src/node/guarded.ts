/**
 * @file A guarded reader in a thread, for Node. V8's own limits hold the heap; array buffers and WebAssembly memory lie
 * outside them, so the resident memory of the process is watched besides. It is all of the process's: whatever else
 * the process allocates meanwhile counts too.
 */
import { totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import { type ThreadScript, threadScript } from "@hale/core/node";
import {
  type GuardedReader,
  type GuardOptions,
  guard,
  type Link,
  type LinkEvents,
  READ_MEMORY_BYTES,
} from "../reader/guard/guard.ts";
import type { ReadAnswer } from "../reader/guard/protocol.ts";

/** Of objects; pixels are in buffers. */
const HEAP_MB = 1024;

/** Opens a reader whose thread starts with the first file. `memoryBytes` is at most three quarters of the machine's. */
export function openGuardedReader(options: GuardOptions = {}): GuardedReader {
  return guardThread(threadScript("read-worker", import.meta.url), options);
}

/** The same with another worker script and heap (in megabytes), for tests. */
export function guardThread(script: ThreadScript, options: GuardOptions = {}, heapMb = HEAP_MB): GuardedReader {
  const memoryBytes = Math.min(options.memoryBytes ?? READ_MEMORY_BYTES, 0.75 * totalmem());
  return guard(
    (events) => startThread(script, heapMb, events),
    { ...options, memoryBytes },
    () => process.memoryUsage.rss(),
  );
}

function startThread({ url, execArgv }: ThreadScript, heapMb: number, { answered, died }: LinkEvents): Link {
  const worker = new Worker(url, {
    execArgv,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  });
  let ended = false;
  worker.on("message", (answer: ReadAnswer) => {
    if (answer.kind === "ready") worker.unref();
    answered(answer);
  });
  worker.on("error", (cause: NodeJS.ErrnoException) => {
    ended = true;
    died(cause.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "crash", cause);
  });
  worker.on("exit", (code) => {
    if (!ended) died("crash", new Error(`The reading worker ended with code ${code}.`));
  });
  return {
    post: (message, handOver) => worker.postMessage(message, handOver),
    busy: (is) => (is ? worker.ref() : worker.unref()),
    end() {
      ended = true;
      void worker.terminate();
    },
  };
}
