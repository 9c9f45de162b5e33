/** @file Data sets: what they hold, how they are divided, what may be wrong with them; phantoms. */
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
export { type Cell, csvLines, plainCell } from "./csv.ts";
export { readFolders } from "./folders.ts";
export { REASONS, type Reason, SCAN_COLUMNS, type ScanRecord } from "./import/records.ts";
export { parseNormalisation, parseSlices } from "./input-words.ts";
export {
  type AskedInput,
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
export { findLeaks, type Leak, type LeakEvidence, type LeakOptions } from "./leaks.ts";
export { formatManifest, MANIFEST_COLUMNS, parseManifest } from "./manifest.ts";
export { type Fingerprint, findNearCopies, fingerprint, NEAR_COPY_THRESHOLD } from "./near-copies.ts";
export { LESION_KINDS, type LesionKind } from "./phantoms/lesion.ts";
export { type Phantom, type PhantomOptions, phantom } from "./phantoms/phantom.ts";
export {
  DEMO_COUNTS,
  type PhantomCounts,
  type PhantomItem,
  type PhantomSetOptions,
  phantomSet,
} from "./phantoms/phantom-set.ts";
export { type PhantomVolume, type PhantomVolumeOptions, phantomVolume } from "./phantoms/phantom-volume.ts";
export { hmacSha256Hex, KEY_BYTES, openPseudonyms, type PseudonymKind, type Pseudonyms } from "./pseudonym.ts";
export { filePartOf, parseSlicePath, slicePath, stemOf } from "./scan-names.ts";
export { DEFAULT_FRACTIONS, joinedRows, type SplitOptions, splitRows } from "./split.ts";
export { type ScoredVolume, scoredVolumes } from "./volume-scores.ts";
