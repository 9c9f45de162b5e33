/** @file Data sets from disk, for Node. */
export { type CheckOptions, checkDataset } from "./check.ts";
export { loadImages, loadMask, type ReadImages, type ReadOptions, readImages, type Skipped } from "./images.ts";
export { loadDataset, writeManifest } from "./load.ts";
