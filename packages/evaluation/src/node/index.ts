/** @file Evaluation, controls, report, and the quality of generated images. What needs files or threads. */

export type { Comparison } from "../comparisons.ts";
export { patientsSentence, type SeenTestImages, seenAsWords, seenSentence } from "../seen-images.ts";
export {
  type EvaluatedCase,
  type EvaluateOptions,
  type Evaluation,
  evaluateDetector,
  type PartRow,
  type VolumeEvaluation,
} from "./evaluate.ts";
export { measureQuality, type QualityOptions, type QualityReport, qualityJson } from "./quality/quality.ts";
export { type ReportSource, writeReport } from "./report.ts";
export { patientsKnown } from "./report-figures.ts";
