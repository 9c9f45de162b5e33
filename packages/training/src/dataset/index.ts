/** @file Data sets: what they hold, how they are divided, and what may be wrong with them. Browser-safe. */
export { type AssembleOptions, assembleDataset } from "./assemble.ts";
export {
  type CheckFindings,
  type CountRow,
  countItems,
  type DatasetCheck,
  formatDatasetCheck,
  summariseCheck,
} from "./check.ts";
export { leakingItems } from "./clean.ts";
export {
  auditControls,
  CONTROL_SIZE,
  CONTROLS,
  type ControlInput,
  type ControlName,
  type ControlResult,
  SUSPICIOUS_AUROC,
} from "./controls.ts";
export { readFolders } from "./folders.ts";
export { REASONS, type Reason, SCAN_COLUMNS, type ScanRecord } from "./import/records.ts";
export { formatInput, formatNormalisation, formatSlices, parseNormalisation, parseSlices } from "./input-words.ts";
export {
  clusterOf,
  type Dataset,
  type DatasetInput,
  type Item,
  type ItemScan,
  type Row,
  SPLITS,
  type Split,
  type UnmarkedSlices,
} from "./item.ts";
export {
  type Fingerprint,
  findLeaks,
  fingerprint,
  type Leak,
  type LeakEvidence,
  type LeakOptions,
  NEAR_COPY_THRESHOLD,
} from "./leaks.ts";
export { formatManifest, MANIFEST_COLUMNS, parseManifest } from "./manifest.ts";
export { hmacSha256Hex, KEY_BYTES, openPseudonyms, type PseudonymKind, type Pseudonyms } from "./pseudonym.ts";
export { filePartOf, parseSlicePath, slicePath, stemOf } from "./scan-names.ts";
export { DEFAULT_FRACTIONS, type SplitOptions, splitRows } from "./split.ts";
