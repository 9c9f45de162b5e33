/** @file Training in a page: in its worker, with what it keeps in the origin's private file system. */
export type { LossLine } from "../run/loss-log.ts";
export type { RunEvents, RunPlan } from "../run/run.ts";
export type { FitSettings, GradientSettings, RunSettings } from "../run/run-settings.ts";
export type { RunData } from "../run/train.ts";
/** @public */
export { folderData, phantomData, type TabFile } from "./tab-data.ts";
/** @public */
export {
  eraseOldTabRuns,
  eraseTabRun,
  eraseTabRuns,
  keepTabRun,
  listTabRuns,
  type TabNote,
  type TabRun,
} from "./tab-runs.ts";
/** @public */
export { type TabChoice, type TabMethod, type TabPreset, tabMethods, tabSettings } from "./tab-settings.ts";
/** @public */
export { type NewTabRun, type TabEstimate, type TabOutcome, TabTrainer } from "./tab-trainer.ts";
