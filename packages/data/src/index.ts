/** @file Data sets: what they hold, how they are divided, what may be wrong with them; phantoms. */
export { type AssembleOptions, assembleDataset } from "./assemble.ts";
export { type CheckFindings, type CountRow, countItems, type DatasetCheck, formatDatasetCheck } from "./check.ts";
export { leakingItems } from "./clean.ts";
export { CONTROL_SIZE, type ControlInput, type ControlName, type ControlResult, SUSPICIOUS_AUROC } from "./controls.ts";
export { type Cell, csvLines } from "./csv.ts";
export { checkOf, evidenceOf, type ImageEvidence } from "./evidence.ts";
export { readFolders } from "./folders.ts";
export { REASONS, type Reason, type ScanRecord } from "./import/records.ts";
export { parseNormalisation, parseSlices } from "./input-words.ts";
export {
  type AskedInput,
  clusterOf,
  type Dataset,
  type DatasetInput,
  type Item,
  type ItemScan,
  type Row,
  type Split,
  type UnmarkedSlices,
} from "./item.ts";
export { findLeaks, type Leak, type LeakEvidence, type LeakOptions } from "./leaks.ts";
export { parseManifest } from "./manifest.ts";
export { type Fingerprint, findNearCopies, fingerprint } from "./near-copies.ts";
export { LESION_KINDS, type LesionKind } from "./phantoms/lesion.ts";
export { type Phantom, type PhantomOptions, phantom } from "./phantoms/phantom.ts";
export { type PhantomCounts, type PhantomItem, type PhantomSetOptions, phantomSet } from "./phantoms/phantom-set.ts";
export type { PhantomVolume, PhantomVolumeOptions } from "./phantoms/phantom-volume.ts";
export { openPseudonyms, type PseudonymKind, type Pseudonyms } from "./pseudonym.ts";
export { type ReadImages, readItems, type Skipped } from "./read-items.ts";
export { filePartOf, isScanName, stemOf } from "./scan-names.ts";
export { joinedRows, type SplitOptions, splitRows } from "./split.ts";
export { type ScoredVolume, scoredVolumes } from "./volume-scores.ts";
