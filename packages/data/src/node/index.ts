/** @file Data sets: what they hold, how they are divided, what may be wrong with them; phantoms. What needs files or threads. */
export { type CheckOptions, checkDataset, checkOpened } from "./check.ts";
export { ImageStore, type ImageStoreOptions } from "./image-store.ts";
export { loadImages, loadMask, type ReadOptions, readImages } from "./images.ts";
export { importDataset } from "./import/import.ts";
export { defaultKeyFile, type Key, readKey } from "./import/key.ts";
export type { ImportOptions } from "./import/options.ts";
export type { ImportCounts, ImportReport } from "./import/report.ts";
export {
  isOpenedAs,
  type LoadOptions,
  loadDataset,
  loadFiles,
  type OpenedDataset,
  openDataset,
  writeManifest,
} from "./load.ts";
export { type PhantomVolumesOptions, writePhantomVolumes } from "./phantom-volumes.ts";
export { writePhantomSet } from "./phantoms.ts";
