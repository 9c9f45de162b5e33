/**
 * @file A training run from a data set to what a detector is made of, in a folder of its own: the method and the images are
 * opened, the newest checkpoint is held against them, and one of the two kinds of learning takes over.
 */
import { join } from "node:path";
import { lockRun, writeAtomic } from "@hale/core/node";
import { isOpenedAs, type OpenedDataset, openDataset } from "@hale/data/node";
import { seenRecord } from "@hale/detector";
import { writeSeen } from "@hale/detector/node";
import { openDevice } from "@hale/runtime/node";
import { partition } from "../partition.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { learnByFit } from "./fit-run.ts";
import { type LearningRun, learnByGradient } from "./gradient-run.ts";
import { inherit } from "./inherit.ts";
import { openMethod } from "./opened-method.ts";
import type { FinishedRun, Learnt, RunControl, RunEvents, RunPlan } from "./run.ts";
import { RunCheckpoints, refuseOtherSettings } from "./run-checkpoints.ts";
import { readRunImages } from "./run-images.ts";
import { SEEN_FILE } from "./run-looks.ts";
import {
  checkSettings,
  datasetInputOf,
  isByGradient,
  type RunSettings,
  settingsFile,
  splitOf,
  withInput,
} from "./run-settings.ts";

export {
  type FinishedRun,
  Interrupted,
  type RunControl,
  type RunEvents,
  type RunPlan,
} from "./run.ts";
export type { FitSettings, GradientSettings, RunSettings } from "./run-settings.ts";

/**
 * Trains in `folder`, from scratch or from its newest checkpoint. Throws RUN_BUSY while another process does, OPTION_INVALID for
 * settings that do not suit the method, what reading the data throws, CHECKPOINT_MISMATCH where the folder holds another run, and
 * `Interrupted`.
 */
export async function runTraining(
  folder: string,
  given: RunSettings,
  events: RunEvents = {},
  control: RunControl = {},
): Promise<FinishedRun> {
  const unlock = await lockRun(folder);
  try {
    return await trainIn(folder, given, events, control);
  } finally {
    await unlock();
  }
}

async function trainIn(
  folder: string,
  given: RunSettings,
  events: RunEvents,
  control: RunControl,
): Promise<FinishedRun> {
  const asked = checkSettings(given);
  await refuseOtherSettings(folder, asked);
  const opened = await openMethod(asked);
  const { method, recipe, shape, inheritance } = opened;
  const data = await dataOf(asked, events, control);
  const { dataset } = data;
  const settings = withInput(asked, dataset);
  const parts = partition(dataset, splitOf(settings));
  const heldOut = [...parts.selection, ...parts.threshold, ...parts.test];
  const inherited = inheritance ? await inherit(inheritance, settings, heldOut, data) : undefined;
  const images = await readRunImages(parts, method, settings, data.store, (done, total) =>
    events.onProgress?.("Reading images", done, total),
  );
  const origin = { images, backbone: opened.backbone, inherited: inherited?.arrays };
  const run = { method: method.name, fingerprint: fingerprintOf(settings, origin) };
  const checkpoints = await RunCheckpoints.open(folder, run, settings.keep, settings);
  await writeAtomic(settingsFile(folder), `${JSON.stringify(settings, null, 2)}\n`);
  await writeSeen(join(folder, SEEN_FILE), seenRecord(images.looks.prints));

  let plan: RunPlan | undefined;
  const common: Omit<LearningRun<unknown, unknown>, "settings" | "opened"> = {
    folder,
    images,
    device: await openDevice({ kind: settings.device, threads: settings.threads }),
    checkpoints,
    announce(of) {
      plan = {
        ...of,
        partition: parts,
        skipped: images.skipped,
        dataset,
        memory: peakMemory(),
        damaged: checkpoints.damaged,
        notes: [...(inherited?.notes ?? []), ...images.notes],
      };
      events.onPlan?.(plan);
    },
    events,
    control,
  };
  let learnt: Learnt;
  if (recipe.learning === "gradient" && isByGradient(settings)) {
    learnt = await learnByGradient({ ...common, settings, opened: { ...opened, recipe }, inherited });
  } else if (recipe.learning === "fit" && !isByGradient(settings)) {
    learnt = await learnByFit({ ...common, settings, opened: { ...opened, recipe } });
  } else throw new TypeError(`The settings of ${method.name} are for the other kind of learning.`);
  return {
    ...learnt,
    settings,
    plan: plan!,
    method,
    recipe,
    shape,
    threshold: images.threshold,
    looks: images.looks,
    store: data.store,
  };
}

/** The data set of a run, which the command may have opened already. */
async function dataOf(settings: RunSettings, events: RunEvents, { data }: RunControl): Promise<OpenedDataset> {
  const input = datasetInputOf(settings);
  if (data && isOpenedAs(data, settings.data, input ?? data.dataset.input)) return data;
  return openDataset(settings.data, {
    input,
    onProgress: (done, total) => events.onProgress?.("Looking into scans", done, total),
  });
}

/** Largest resident memory of this process so far, in bytes. */
function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}
