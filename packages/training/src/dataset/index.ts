/** @file Data sets: what they hold, how they are divided, and what may be wrong with them. Browser-safe. */
export { type AssembleOptions, assembleDataset } from "./assemble.ts";
export { readFolders } from "./folders.ts";
export { clusterOf, type Dataset, type Item, type Row, SPLITS, type Split } from "./item.ts";
export { formatManifest, MANIFEST_COLUMNS, parseManifest } from "./manifest.ts";
export { DEFAULT_FRACTIONS, type SplitOptions, splitRows } from "./split.ts";
