/** @file A run's files by the path of its folder: what it has kept so far. */
import { join } from "node:path";
import * as checkpoints from "../run/checkpoint.ts";
import * as losses from "../run/loss-log.ts";
import * as settings from "../run/run-settings.ts";
import { folderFiles } from "./folder-files.ts";

/** Where a run keeps its checkpoints. */
export const checkpointsIn = (folder: string) => join(folder, "checkpoints");

/** `saveCheckpoint` into a folder of checkpoints. */
export const saveCheckpoint = (folder: string, checkpoint: checkpoints.Checkpoint, keep: number) =>
  checkpoints.saveCheckpoint(folderFiles(folder), checkpoint, keep);

/** Iterations of the checkpoints in a folder of them, oldest first. */
export const listCheckpoints = (folder: string) => checkpoints.listCheckpoints(folderFiles(folder));

/** Reads one checkpoint of a folder of them. Throws CHECKPOINT_CORRUPT or CHECKPOINT_MISMATCH. */
export const loadCheckpoint = (folder: string, iteration: number) =>
  checkpoints.loadCheckpoint(folderFiles(folder), iteration);

/** `newestCheckpoint` of a folder of checkpoints. */
export const newestCheckpoint = (folder: string) => checkpoints.newestCheckpoint(folderFiles(folder));

/** The losses of a run so far; a last line that a kill cut off is left out. */
export const readLosses = (folder: string) => losses.readLosses(folderFiles(folder));

/** Reads the settings of a run. Throws FILE_NOT_FOUND or CHECKPOINT_CORRUPT. */
export const readRunSettings = (folder: string) => settings.readRunSettings(folderFiles(folder));
