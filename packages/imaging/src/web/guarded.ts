/**
 * @file A guarded reader in a Web Worker: a page that opens a file stays alive whatever the file. The worker's script is
 * the page's to bundle and serve (its entry is read-worker.ts); nothing comes from elsewhere. A browser does not tell how
 * much memory a worker has: there the time and the readers' own budgets hold, and the browser's own limit a tab.
 */
import { type GuardedReader, type GuardOptions, guard } from "../reader/guard/guard.ts";
import type { ReadAnswer } from "../reader/guard/protocol.ts";
import type { WorkerAssets } from "./read-worker.ts";

/** Where the worker's bundled script is, and what it loads. */
export interface WebWorkerFiles extends WorkerAssets {
  /** A module script, bundled from `@hale/imaging/web/read-worker`. */
  script: string | URL;
}

/** Opens a reader whose worker starts with the first file. Files are given as bytes. */
export function openGuardedReader(
  { script, ...assets }: WebWorkerFiles,
  options: Omit<GuardOptions, "memoryBytes"> = {},
): GuardedReader {
  return guard(({ answered, died }) => {
    const worker = new Worker(script, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<ReadAnswer>) => answered(data);
    worker.onerror = (event) => {
      worker.terminate();
      died("crash", new Error(event.message));
    };
    worker.postMessage(assets);
    return {
      post: (message, handOver) => worker.postMessage(message, handOver),
      busy() {},
      end: () => worker.terminate(),
    };
  }, options);
}
