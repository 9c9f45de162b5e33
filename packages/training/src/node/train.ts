/** @file A training run in a folder of its own, of a data set on disk. */
import { join } from "node:path";
import { lockRun } from "@hale/core/node";
import { type ImageStore, isOpenedAs, type OpenedDataset, openDataset, readImages } from "@hale/data/node";
import { writeSeen } from "@hale/detector/node";
import { readBackboneFile } from "@hale/methods/node";
import { openDevice } from "@hale/runtime/node";
import type { FinishedRun, RunControl, RunEvents } from "../run/run.ts";
import type { ImageSource } from "../run/run-images.ts";
import { SEEN_FILE } from "../run/run-looks.ts";
import { datasetInputOf, type RunSettings } from "../run/run-settings.ts";
import { type RunData, trainRun } from "../run/train.ts";
import { openEventLog } from "./event-log.ts";
import { folderFiles } from "./folder-files.ts";
import { inherit } from "./inherit.ts";

export { type FinishedRun, Interrupted, type RunEvents, type RunPlan } from "../run/run.ts";
export type { FitSettings, GradientSettings, RunSettings } from "../run/run-settings.ts";

export interface FolderRunControl extends RunControl {
  /** The data set of the run, where the command has opened it already. */
  data?: OpenedDataset;
}

interface FolderRunData extends RunData {
  opened: OpenedDataset;
}

/** The pictures of a data set on disk, kept in a store. */
export const storedImages = (store: ImageStore): ImageSource => ({
  read: (items, turn, options) => readImages(items, (raster, _, item) => turn(raster, item), { ...options, store }),
  keepOnly: (files) => store.keepOnly(files),
});

/**
 * Trains in `folder`, from scratch or from its newest checkpoint. Throws RUN_BUSY while another process does, OPTION_INVALID for
 * settings that do not suit the method, what reading the data throws, CHECKPOINT_MISMATCH where the folder holds another run, and
 * `Interrupted`.
 */
export async function runTraining(
  folder: string,
  given: RunSettings,
  events: RunEvents = {},
  control: FolderRunControl = {},
): Promise<FinishedRun> {
  const unlock = await lockRun(folder);
  try {
    return await trainRun<FolderRunData>(
      {
        files: folderFiles(folder),
        async openData(settings, onProgress) {
          const opened = await dataOf(settings, onProgress, control);
          return { opened, dataset: opened.dataset, source: storedImages(opened.store) };
        },
        openDevice: ({ device, threads }) => openDevice({ kind: device, threads }),
        openLog: (iteration) => openEventLog(folder, iteration),
        readBackbone: readBackboneFile,
        inherit: (inheritance, settings, heldOut, { opened }) => inherit(inheritance, settings, heldOut, opened),
        keep: (_, seen) => writeSeen(join(folder, SEEN_FILE), seen),
        memory: peakMemory,
      },
      given,
      events,
      control,
    );
  } finally {
    await unlock();
  }
}

/** The data set of a run, which the command may have opened already. */
async function dataOf(
  settings: RunSettings,
  onProgress: (done: number, total: number) => void,
  { data }: FolderRunControl,
): Promise<OpenedDataset> {
  const input = datasetInputOf(settings);
  if (data && isOpenedAs(data, settings.data, input ?? data.dataset.input)) return data;
  return openDataset(settings.data, { input, onProgress });
}

/** Largest resident memory of this process so far, in bytes. */
function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}
