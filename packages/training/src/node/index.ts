/** @file Runs: trainer, checkpoints, selection, calibration, and the detector at the end. What needs files or threads. */
export { type Checkpoint, listCheckpoints } from "./checkpoint.ts";
export { checkDevice, type DeviceCheck } from "./device-check.ts";
export { iterationsOf } from "./epochs.ts";
export { type LossLine, readLosses } from "./event-log.ts";
export { writeRunDetector } from "./finish.ts";
export type { SelectionPoint } from "./run.ts";
export {
  type FitSettings,
  type GradientSettings,
  isByGradient,
  noSuchSetting,
  type RunInput,
  type RunSettings,
  readRunSettings,
} from "./run-settings.ts";
export { writePairs, writeSheet } from "./sheet.ts";
export {
  type FinishedRun,
  Interrupted,
  type RunControl,
  type RunEvents,
  type RunPlan,
  runTraining,
} from "./train.ts";
export { type OpenedRun, type OpenRunOptions, openRun } from "./trained-run.ts";
