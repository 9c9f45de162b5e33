/**
 * @file A guarded reader in a Web Worker: a page that opens a file stays alive whatever the file. The worker's script and
 * what it loads are the page's to serve; nothing comes from elsewhere. A browser does not tell how much memory a worker
 * has: there the time and the readers' own budgets hold, and the browser's own limit a tab.
 */
import { type GuardedReader, type GuardOptions, guard } from "../reader/guard/guard.ts";
import type { ReadAnswer } from "../reader/guard/protocol.ts";
import { ASSETS, type WorkerAssets } from "./assets.ts";

export interface WebReaderOptions extends Omit<GuardOptions, "memoryBytes"> {
  /**
   * Folder that serves the worker and the decoders under their own names, ending in a slash. Without one they are where
   * the page's bundler has put them (Vite does), or else beside the script.
   */
  assets?: string;
}

/** Opens a reader whose worker starts with the first file. Files are given as bytes. */
export function openGuardedReader({ assets, ...options }: WebReaderOptions = {}): GuardedReader {
  return guard(({ answered, died }) => {
    const worker = startWorker(assets);
    worker.onmessage = ({ data }: MessageEvent<ReadAnswer>) => answered(data);
    worker.onerror = (event) => {
      worker.terminate();
      died("crash", new Error(event.message));
    };
    worker.postMessage(workerAssets(assets));
    return {
      post: (message, handOver) => worker.postMessage(message, handOver),
      busy() {},
      end: () => worker.terminate(),
    };
  }, options);
}

// Bundlers know these forms, of which no part may be worked out.

function startWorker(folder: string | undefined): Worker {
  if (folder !== undefined) return new Worker(folder + ASSETS.worker, { type: "module" });
  return new Worker(new URL("./read-worker.js", import.meta.url), { type: "module" });
}

function workerAssets(folder: string | undefined): WorkerAssets {
  const addresses =
    folder === undefined
      ? {
          dicom: new URL("./dcmjs-native-codecs.wasm", import.meta.url),
          jpeg: new URL("./libjpegturbowasm_decode.wasm", import.meta.url),
        }
      : { dicom: folder + ASSETS.dicom, jpeg: folder + ASSETS.jpeg };
  // The worker's own address may be another.
  const absolute = (address: string | URL) => new URL(address, globalThis.location?.href).href;
  return { dicom: absolute(addresses.dicom), jpeg: absolute(addresses.jpeg) };
}
