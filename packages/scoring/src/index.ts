/** @file Everything between a file and a finding, the same in Node and browsers. Files on disk are left to `@hale/scoring/node`. */
export { inputAsked, refusePicture } from "./asked.ts";
export {
  identityOf,
  type ObjectLibrary,
  type ObjectSettings,
  SEGMENT_ABOVE,
  type SegmentAbove,
  type WrittenObjects,
  writeObjects,
} from "./dicom-objects.ts";
export {
  ENDINGS,
  OBJECT_ENDINGS,
  type ObjectKind,
  type OutputFile,
  pictureFiles,
  type Sink,
  scanFiles,
} from "./outputs.ts";
export {
  errorRow,
  pictureRow,
  type Row,
  type RowError,
  type RowVolume,
  rowColumns,
  rowRecord,
  type Sentences,
  scanRow,
} from "./row.ts";
export { type ScanSettings, scoreScan } from "./scan.ts";
export { framesOf, type SourceReader } from "./sources.ts";
export { type ScoringOptions, scoreTargets } from "./stream.ts";
export { csvHead, csvRow } from "./table.ts";
export type { Opened, OpenedPicture, OpenedScan, Target } from "./target.ts";
