/**
 * @file A run as its newest checkpoint has it, opened to be looked at: method, weights, and the images that it learnt
 * from and held out, proven to be the same. Nothing is locked, so a run can be looked at while it trains.
 */
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { openDataset } from "@hale/data/node";
import type { ImageShape, Method, Recipe } from "@hale/methods";
import { readBackboneFile } from "@hale/methods/node";
import { arraysUnder } from "../first-state.ts";
import { partition } from "../partition.ts";
import { fingerprintOf } from "../run/fingerprint.ts";
import { openMethod } from "../run/opened-method.ts";
import { takenApart } from "../run/run-checkpoints.ts";
import { type ItemImages, readRunImages } from "../run/run-images.ts";
import { datasetInputOf, type RunSettings, splitOf } from "../run/run-settings.ts";
import { checkpointsIn, newestCheckpoint, readRunSettings } from "./run-folder.ts";
import { storedImages } from "./train.ts";

export interface OpenedRun {
  settings: RunSettings;
  method: Method;
  recipe: Recipe;
  shape: ImageShape;
  /** Of the checkpoint; of a fit, normals. */
  iteration: number;
  /** What the checkpoint holds, without the best state so far. */
  arrays: ReadonlyMap<string, NamedArray>;
  /** Normals that the networks learnt from. */
  training: ItemImages;
  /** Normals that they did not: those that select a checkpoint and those that set the threshold. */
  heldOut: ItemImages;
}

export interface OpenRunOptions {
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
export async function openRun(folder: string, { data, accepts, onProgress }: OpenRunOptions = {}): Promise<OpenedRun> {
  const settings = await readRunSettings(folder);
  const { method, recipe, shape, backbone, inheritance } = await openMethod(settings, readBackboneFile);
  accepts?.(recipe, method);

  const { checkpoint } = await newestCheckpoint(checkpointsIn(folder));
  if (!checkpoint) {
    const unit = method.learning === "gradient" ? "iterations" : "normals";
    throw new HaleError(
      "FILE_NOT_FOUND",
      `The run in ${folder} has no checkpoint yet.`,
      `It writes one every ${settings.every} ${unit}; let it go on.`,
      { setting: "resume" },
    );
  }
  const { dataset, store } = await openDataset(data ?? settings.data, { input: datasetInputOf(settings) });
  const images = await readRunImages(
    partition(dataset, splitOf(settings)),
    method,
    settings,
    storedImages(store),
    onProgress,
  );
  // What a run took over it keeps as it was, so the other run is not needed.
  const inherited = inheritance ? arraysUnder(checkpoint.arrays, inheritance.prefixes) : undefined;
  if (checkpoint.fingerprint !== (await fingerprintOf(settings, { images, backbone, inherited }))) {
    throw new HaleError(
      "CHECKPOINT_MISMATCH",
      `The images of ${data ?? settings.data} are not those that the run in ${folder} was started with.`,
      "Without them nobody can tell a copy from an image of its own; name the data set as it was.",
      { setting: "data" },
    );
  }
  const { selection, threshold } = images;
  return {
    settings,
    method,
    recipe,
    shape,
    iteration: checkpoint.iteration,
    arrays: takenApart(checkpoint.arrays).arrays,
    training: images.train,
    heldOut: {
      items: [...selection.items, ...threshold.items],
      images: [...selection.images, ...threshold.images],
    },
  };
}
