/**
 * @file A run as its newest checkpoint has it, opened to be looked at: method, weights, and the images that it learnt
 * from and held out, proven to be the same. Nothing is locked, so a run can be looked at while it trains.
 */
import { join } from "node:path";
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import type { Item } from "@hale/data";
import { loadDataset, loadImages } from "@hale/data/node";
import { type ImageShape, type Method, methodNamed, type Recipe } from "@hale/methods";
import { readBackboneFile } from "@hale/methods/node";
import { arraysUnder, partition } from "@hale/training";
import {
  BEST,
  datasetInputOf,
  fingerprintOf,
  newestCheckpoint,
  type RunSettings,
  readRunSettings,
  splitOf,
} from "@hale/training/node";

export interface OpenedImages {
  items: Item[];
  /** [C, S, S] in [-1, 1]. */
  images: Float32Array[];
}

export interface OpenedRun {
  settings: RunSettings;
  method: Method;
  recipe: Recipe;
  shape: ImageShape;
  /** Of the checkpoint. */
  iteration: number;
  arrays: ReadonlyMap<string, NamedArray>;
  /** Normals that the networks learnt from. */
  training: OpenedImages;
  /** Normals that they did not: those that select a checkpoint and those that set the threshold. */
  heldOut: OpenedImages;
}

export interface OpenOptions {
  /** Where the data set is now, if not where the run was started. */
  data?: string;
  /** Refuses methods that will not do, before anything slow is done. */
  accepts?(recipe: Recipe, method: Method): void;
  onProgress?(done: number, total: number): void;
}

/**
 * Opens the run in `folder`. Throws FILE_NOT_FOUND where there is no run or it has no checkpoint yet, and
 * CHECKPOINT_MISMATCH where the images are not those that it was started with.
 */
export async function openRun(folder: string, { data, accepts, onProgress }: OpenOptions = {}): Promise<OpenedRun> {
  const settings = await readRunSettings(folder);
  const method = methodNamed(settings.method);
  const shape: ImageShape = { size: settings.size, channels: settings.channels };
  const options = method.options.parse(settings.options);
  const backboneFile = method.backbone?.(options);
  const backbone = backboneFile ? await readBackboneFile(backboneFile) : undefined;
  const inheritance = method.inherits?.(options);
  const recipe = method.create(options, shape, backbone);
  accepts?.(recipe, method);

  const { checkpoint } = await newestCheckpoint(join(folder, "checkpoints"));
  if (!checkpoint) {
    throw new HaleError(
      "FILE_NOT_FOUND",
      `The run in ${folder} has no checkpoint yet.`,
      `It writes one every ${settings.every} iterations; go on with hale train --resume ${folder}.`,
    );
  }
  const dataset = await loadDataset(data ?? settings.data, { input: datasetInputOf(settings) });
  const parts = partition(dataset, splitOf(settings));
  const total = parts.train.length + parts.unlabelled.length + parts.selection.length + parts.threshold.length;
  let read = 0;
  const load = async (items: Item[]): Promise<OpenedImages> => {
    if (items.length === 0) return { items, images: [] };
    const start = read;
    read += items.length;
    return loadImages(items, {
      ...shape,
      corrupt: settings.corrupt,
      onProgress: (done) => onProgress?.(start + done, total),
    });
  };
  const training = await load(parts.train);
  const unlabelled = await load(parts.unlabelled);
  const selection = await load(parts.selection);
  const threshold = await load(parts.threshold);
  const fingerprint = fingerprintOf(settings, {
    train: training.images,
    unlabelled: unlabelled.images,
    selection: selection.images,
    backbone: [...(backbone?.weights.values() ?? [])].map((weight) => weight.data),
    // What a run took over it keeps as it was, so the other run is not needed.
    ...(inheritance && {
      inherited: [...arraysUnder(checkpoint.arrays, inheritance.prefixes).values()].map(({ data }) => data),
    }),
  });
  if (checkpoint.fingerprint !== fingerprint) {
    throw new HaleError(
      "CHECKPOINT_MISMATCH",
      `The images of ${data ?? settings.data} are not those that the run in ${folder} was started with.`,
      "Without them nobody can tell a copy from an image of its own; name the data set as it was with --data.",
    );
  }
  return {
    settings,
    method,
    recipe,
    shape,
    iteration: checkpoint.iteration,
    arrays: new Map([...checkpoint.arrays].filter(([name]) => !name.startsWith(BEST))),
    training,
    heldOut: {
      items: [...selection.items, ...threshold.items],
      images: [...selection.images, ...threshold.images],
    },
  };
}
