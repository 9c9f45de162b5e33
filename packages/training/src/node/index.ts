/** @file Runs: trainer, checkpoints, selection, calibration, and the detector at the end. What needs files or threads. */

export { checkDevice, type DeviceCheck } from "../device-check.ts";
export type { Checkpoint } from "../run/checkpoint.ts";
export { iterationsOf } from "../run/epochs.ts";
export type { LossLine } from "../run/loss-log.ts";
export type { RunControl, SelectionPoint } from "../run/run.ts";
export {
  type FitSettings,
  type GradientSettings,
  isByGradient,
  noSuchSetting,
  type RunInput,
  type RunSettings,
} from "../run/run-settings.ts";
export { writeRunDetector } from "./finish.ts";
export { listCheckpoints, readLosses, readRunSettings } from "./run-folder.ts";
export { writePairs, writeSheet } from "./sheet.ts";
export {
  type FinishedRun,
  type FolderRunControl,
  Interrupted,
  type RunEvents,
  type RunPlan,
  runTraining,
} from "./train.ts";
export { type OpenedRun, type OpenRunOptions, openRun } from "./trained-run.ts";
