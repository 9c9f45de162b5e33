/** @file Data sets from disk, for Node. */
export { type CheckOptions, checkDataset } from "./check.ts";
export type { AskedInput } from "./expand.ts";
export { loadImages, loadMask, type ReadImages, type ReadOptions, readImages, type Skipped } from "./images.ts";
export { type ImportOptions, importDataset } from "./import/import.ts";
export { defaultKeyFile, type Key, readKey, sourcesFileOf } from "./import/key.ts";
export type { ImportCounts, ImportReport } from "./import/report.ts";
export { datasetInput, type LoadOptions, loadDataset, loadFiles, writeManifest } from "./load.ts";
export { openScan } from "./open-scan.ts";
