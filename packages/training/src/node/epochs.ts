/** @file Epochs as iterations: how many steps let a method see every training normal so many times. */
import { HaleError } from "@hale/core";
import { loadDataset } from "@hale/data/node";
import { methodNamed } from "@hale/methods";
import { partition } from "../partition.ts";
import { datasetInputOf, noSuchSetting, type RunSettings, splitOf } from "./run-settings.ts";

/** Iterations of `epochs` epochs of a run with these settings. Throws what `loadDataset` and `partition` throw. */
export async function iterationsOf(
  epochs: number,
  {
    data,
    options,
    input,
    ...split
  }: Pick<RunSettings, "data" | "method" | "seed" | "splitSeed" | "falseAlarmRate" | "options" | "input">,
): Promise<number> {
  if (methodNamed(split.method).learning === "fit") throw noSuchSetting(split.method, "epochs");
  const { batch } = options;
  if (typeof batch !== "number") {
    throw new HaleError(
      "OPTION_INVALID",
      "The method has no batch size to count epochs by.",
      "Give a number of iterations.",
      {
        setting: "iterations",
      },
    );
  }
  const { train } = partition(await loadDataset(data, { input: datasetInputOf({ input }) }), splitOf(split));
  return Math.max(1, Math.ceil((epochs * train.length) / batch));
}
