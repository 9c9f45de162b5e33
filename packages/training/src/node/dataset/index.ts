/** @file Data sets from disk, for Node. */
export { loadImages, loadMask, type ReadImages, type ReadOptions, readImages, type Skipped } from "./images.ts";
export { loadDataset, writeManifest } from "./load.ts";
