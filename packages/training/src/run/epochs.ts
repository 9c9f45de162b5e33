/** @file Epochs as iterations: how many steps let a method see every training normal so many times. */
import { HaleError } from "@hale/core";
import type { Dataset } from "@hale/data";
import { methodNamed } from "@hale/methods";
import { partition } from "../partition.ts";
import { noSuchSetting, type RunSettings, splitOf } from "./run-settings.ts";

/** Iterations of `epochs` epochs of a run with these settings. Throws OPTION_INVALID, and what `partition` throws. */
export function iterationsOf(
  epochs: number,
  dataset: Dataset,
  { options, ...split }: Pick<RunSettings, "method" | "seed" | "splitSeed" | "falseAlarmRate" | "options">,
): number {
  if (methodNamed(split.method).learning === "fit") throw noSuchSetting(split.method, "epochs");
  const { batch } = options;
  if (typeof batch !== "number") {
    throw new HaleError(
      "OPTION_INVALID",
      "The method has no batch size to count epochs by.",
      "Give a number of iterations.",
      { setting: "iterations" },
    );
  }
  const { train } = partition(dataset, splitOf(split));
  return Math.max(1, Math.ceil((epochs * train.length) / batch));
}
