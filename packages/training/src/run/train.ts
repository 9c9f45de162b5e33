/**
 * @file A training run from a data set to what a detector is made of: the newest checkpoint is held against method and images,
 * and one of the two kinds of learning takes over. Where files, pictures and devices come from is its place's (`RunPlace`):
 * Node's, or a page's.
 */
import type { Dataset, Item } from "@hale/data";
import { type SeenRecord, seenRecord } from "@hale/detector";
import type { Inheritance, Method } from "@hale/methods";
import type { Device } from "@hale/runtime";
import type { Inherited } from "../first-state.ts";
import { type Partition, partition } from "../partition.ts";
import type { RunFiles } from "./files.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { learnByFit } from "./fit-run.ts";
import { type LearningRun, learnByGradient } from "./gradient-run.ts";
import type { LossLog } from "./loss-log.ts";
import { openMethod, type ReadBackbone } from "./opened-method.ts";
import type { FinishedRun, Learnt, RunControl, RunEvents, RunPlan } from "./run.ts";
import { RunCheckpoints } from "./run-checkpoints.ts";
import { type ImageSource, type RunImages, readRunImages } from "./run-images.ts";
import { checkSettings, isByGradient, type RunSettings, splitOf, withInput, writeRunSettings } from "./run-settings.ts";

export interface InheritedRun extends Inherited {
  /** Sentences for the user about what could not be seen. */
  notes: string[];
}

/** A data set, and where its pictures come from. */
export interface RunData {
  dataset: Dataset;
  source: ImageSource;
}

/** What a run needs of the place that it runs in. */
export interface RunPlace<Data extends RunData = RunData> {
  files: RunFiles;
  openData(settings: RunSettings, onProgress: (done: number, total: number) => void): Promise<Data>;
  /** The images of a run where they are kept prepared; they are read where this is missing or gives null. */
  keptImages?(parts: Partition, method: Method, settings: RunSettings): Promise<RunImages | null>;
  openDevice(settings: RunSettings): Promise<Device>;
  openLog(iteration: number): Promise<LossLog>;
  readBackbone: ReadBackbone;
  /** What a run takes over from another one; refused where the place has no other runs. */
  inherit(inheritance: Inheritance, settings: RunSettings, heldOut: readonly Item[], data: Data): Promise<InheritedRun>;
  /** Keeps images and their hashes once the run is known to be the one that the files are of. */
  keep(images: RunImages, seen: SeenRecord): Promise<void>;
  /** Peak memory so far in bytes; 0 where it cannot be known. */
  memory(): number;
}

/**
 * Trains from scratch or from the newest checkpoint. Throws OPTION_INVALID for settings that do not suit the method, what
 * reading the data throws, CHECKPOINT_MISMATCH where the files are of another run, and `Interrupted`.
 */
export async function trainRun<Data extends RunData>(
  place: RunPlace<Data>,
  given: RunSettings,
  events: RunEvents,
  control: RunControl,
): Promise<FinishedRun> {
  const { files } = place;
  const asked = checkSettings(given);
  const opened = await openMethod(asked, place.readBackbone);
  const { method, recipe, shape, inheritance } = opened;
  const data = await place.openData(asked, (done, total) => events.onProgress?.("Looking into scans", done, total));
  const { dataset, source } = data;
  const settings = withInput(asked, dataset);
  const parts = partition(dataset, splitOf(settings));
  const heldOut = [...parts.selection, ...parts.threshold, ...parts.test];
  const inherited = inheritance ? await place.inherit(inheritance, settings, heldOut, data) : undefined;
  const images =
    (await place.keptImages?.(parts, method, settings)) ??
    (await readRunImages(parts, method, settings, source, (done, total) =>
      events.onProgress?.("Reading images", done, total),
    ));
  const origin = { images, backbone: opened.backbone, inherited: inherited?.arrays };
  const run = { method: method.name, fingerprint: await fingerprintOf(settings, origin) };
  const checkpoints = await RunCheckpoints.open(files, run, settings.keep, settings);
  await writeRunSettings(files, settings);
  await place.keep(images, seenRecord(images.looks.prints));

  let plan: RunPlan | undefined;
  const common: Omit<LearningRun<unknown, unknown>, "settings" | "opened"> = {
    files,
    openLog: place.openLog,
    images,
    device: await place.openDevice(settings),
    checkpoints,
    async announce(of) {
      plan = {
        ...of,
        partition: parts,
        skipped: images.skipped,
        dataset,
        memory: place.memory(),
        damaged: checkpoints.damaged,
        notes: [...(inherited?.notes ?? []), ...images.notes],
      };
      events.onPlan?.(plan);
      await control.proceed?.(plan);
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
    source,
  };
}
