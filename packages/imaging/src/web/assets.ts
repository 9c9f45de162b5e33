/** @file The files that a page's reader needs beside the page's own script, and what they are called. */

/** In one folder: the worker as one script (`@hale/imaging/web/read-worker`), and what it loads (`@hale/imaging/codecs/…`). */
export const ASSETS = {
  worker: "read-worker.js",
  dicom: "dcmjs-native-codecs.wasm",
  jpeg: "libjpegturbowasm_decode.wasm",
} as const;

/** Addresses of what the worker loads. */
export interface WorkerAssets {
  dicom: string;
  jpeg: string;
}
