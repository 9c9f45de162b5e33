/** @file What of training needs files or threads: the Node half of @hale/training. */

export { readBackboneFile, readPlainFolder } from "../backbone/node/read.ts";
export { type Checkpoint, listCheckpoints, loadCheckpoint, newestCheckpoint, saveCheckpoint } from "./checkpoint.ts";
export * from "./dataset/index.ts";
export { checkDevice, type DeviceCheck } from "./device-check.ts";
export { iterationsOf } from "./epochs.ts";
export {
  type ClassRow,
  type EvaluatedCase,
  type EvaluateOptions,
  type Evaluation,
  evaluateDetector,
  type PartRow,
  type VolumeEvaluation,
} from "./evaluate.ts";
export { EventLog, encodeEvent, type LossLine, readLosses } from "./event-log.ts";
export { writeRunDetector } from "./finish.ts";
export { type PhantomVolumesOptions, writePhantomVolumes } from "./phantom-volumes.ts";
export { writePhantomSet } from "./phantoms.ts";
export { measureQuality, type QualityOptions, type QualityReport, qualityJson } from "./quality/quality.ts";
export { type ReportSource, writeReport } from "./report.ts";
export { type RunInput, type RunSettings, readRunSettings } from "./run-settings.ts";
export {
  type FinishedRun,
  Interrupted,
  type RunControl,
  type RunEvents,
  type RunPlan,
  runTraining,
  type SelectionPoint,
} from "./train.ts";
export { VERSION } from "./version.ts";
export { type ScoredVolume, scoredVolumes } from "./volumes.ts";
