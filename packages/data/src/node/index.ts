/** @file Data sets: what they hold, how they are divided, what may be wrong with them; phantoms. What needs files or threads. */
export { type CheckOptions, checkDataset } from "./check.ts";
export { loadImages, loadMask, type ReadImages, type ReadOptions, readImages, type Skipped } from "./images.ts";
export { importDataset } from "./import/import.ts";
export { defaultKeyFile, type Key, readKey } from "./import/key.ts";
export type { ImportOptions } from "./import/options.ts";
export type { ImportCounts, ImportReport } from "./import/report.ts";
export { datasetInput, type LoadOptions, loadDataset, loadFiles, writeManifest } from "./load.ts";
export { type PhantomVolumesOptions, writePhantomVolumes } from "./phantom-volumes.ts";
export { writePhantomSet } from "./phantoms.ts";
