/**
 * @file What a run takes over from another one: its checkpoint is found, both runs' settings are held together, and images
 * that are held out here must not have been learnt from there.
 */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HaleError } from "@hale/core";
import type { Item } from "@hale/data";
import { isOpenedAs, type OpenedDataset, openDataset } from "@hale/data/node";
import { type Inheritance, methodNamed } from "@hale/methods";
import { arraysUnder } from "../first-state.ts";
import { partition } from "../partition.ts";
import type { Checkpoint } from "../run/checkpoint.ts";
import { datasetInputOf, type RunSettings, splitOf } from "../run/run-settings.ts";
import type { InheritedRun } from "../run/train.ts";
import { loadCheckpoint, newestCheckpoint, readRunSettings } from "./run-folder.ts";

/**
 * The arrays that the prefixes name, of a run's newest checkpoint or of the one that is named. `heldOut` are the images of
 * this run that nothing may be learnt from, `data` its data set. Throws FILE_NOT_FOUND, CHECKPOINT_CORRUPT and CHECKPOINT_MISMATCH.
 */
export async function inherit(
  { from, prefixes, alike }: Inheritance,
  settings: RunSettings,
  heldOut: readonly Item[],
  data: OpenedDataset,
): Promise<InheritedRun> {
  const { checkpoint, folder } = await checkpointAt(from);
  if (checkpoint.method !== settings.method) {
    throw new HaleError(
      "CHECKPOINT_MISMATCH",
      `${from} is of a run of ${checkpoint.method}, not of ${settings.method}.`,
      `Name a run of ${settings.method}, or one of its checkpoints.`,
    );
  }
  const other = await settingsOf(folder);
  if (other) checkAlike(from, settings, other, alike);
  const arrays = arraysUnder(checkpoint.arrays, prefixes);
  const learnt = other && (await filesLearntFrom(other, data));
  if (!learnt)
    return {
      prefixes,
      arrays,
      notes: [`It is not known which images ${from} learnt from, and so whether it has seen those held out here.`],
    };
  const seen = heldOut.filter(({ file }) => learnt.has(file));
  if (seen.length === 0) return { prefixes, arrays, notes: [] };
  throw new HaleError(
    "CHECKPOINT_MISMATCH",
    `${from} has learnt from ${seen.length} of the images that are held out here, ${seen[0].path} among them.`,
    `Use its data and what holds out the same images (split seed ${splitOf(other).seed}, false-alarm rate ${other.falseAlarmRate}), or name another run.`,
  );
}

/** The settings of a run that are to be read from its folder, where that is known and still there. */
async function settingsOf(folder: string): Promise<RunSettings | null> {
  try {
    return await readRunSettings(folder);
  } catch (error) {
    if (error instanceof HaleError && error.code === "FILE_NOT_FOUND") return null;
    throw error;
  }
}

/** A checkpoint and the folder of its run, from either one's path. */
async function checkpointAt(path: string): Promise<{ checkpoint: Checkpoint; folder: string }> {
  const missing = (what: string, cause?: unknown) =>
    new HaleError("FILE_NOT_FOUND", what, "Name a run's folder, or one of its checkpoint-*.json.", { cause });
  const found = await stat(path).catch((cause: unknown) => {
    throw missing(`There is no run and no checkpoint at ${path}.`, cause);
  });
  if (found.isDirectory()) {
    const { checkpoint } = await newestCheckpoint(join(path, "checkpoints"));
    if (!checkpoint) throw missing(`The folder ${path} has no checkpoint.`);
    return { checkpoint, folder: path };
  }
  const iteration = /^checkpoint-(\d{8,})\.(json|safetensors)$/.exec(basename(path))?.[1];
  if (!iteration) throw missing(`${path} is no checkpoint.`);
  const checkpoint = await loadCheckpoint(dirname(path), Number(iteration));
  return { checkpoint, folder: dirname(dirname(path)) };
}

/** Throws CHECKPOINT_MISMATCH with all that differs between two runs and must not. */
function checkAlike(from: string, here: RunSettings, there: RunSettings, alike: readonly string[]): void {
  const of = ({ size, channels, options }: RunSettings): Record<string, unknown> => ({
    size,
    channels,
    ...Object.fromEntries(alike.map((name) => [name, options[name]])),
  });
  const [mine, its] = [of(here), of(there)];
  const different = Object.keys(mine).filter((name) => mine[name] !== its[name]);
  if (different.length === 0) return;
  throw new HaleError(
    "CHECKPOINT_MISMATCH",
    `${from} was trained otherwise: ${different.map((name) => `${name} ${its[name]} there, ${mine[name]} here`).join("; ")}.`,
    "Train with its settings, or name another run.",
  );
}

/** Files that a run learnt from, itself or in a run that it took over from; null where the data is not to be had. */
async function filesLearntFrom(settings: RunSettings, open: OpenedDataset): Promise<Set<string> | null> {
  const method = methodNamed(settings.method);
  const before = method.inherits?.(method.options.parse(settings.options));
  let files: string[];
  try {
    const input = datasetInputOf(settings);
    const same = isOpenedAs(open, settings.data, input);
    const { dataset } = same ? open : await openDataset(settings.data, { input, store: open.store });
    const { train, unlabelled } = partition(dataset, splitOf(settings));
    files = [...train, ...(method.needsUnlabelled ? unlabelled : [])].map(({ file }) => file);
  } catch (error) {
    if (error instanceof HaleError) return null;
    throw error;
  }
  if (!before) return new Set(files);
  const other = await checkpointAt(before.from).then(
    ({ folder }) => settingsOf(folder),
    () => null,
  );
  const earlier = other && (await filesLearntFrom(other, open));
  return earlier && new Set([...files, ...earlier]);
}
