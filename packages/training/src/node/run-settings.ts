/** @file What decides how a run goes, as `run.json` in its folder has it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HaleError } from "@hale/errors";
import { z } from "zod";
import type { PartitionOptions } from "../trainer/partition.ts";

export const settingsSchema = z.strictObject({
  data: z.string(),
  method: z.string(),
  /** The method's own options, complete. */
  options: z.record(z.string(), z.unknown()),
  size: z.int(),
  channels: z.union([z.literal(1), z.literal(3)]),
  seed: z.int().min(0),
  /** Which normals are held out follows from this, or from the seed where it is missing. */
  splitSeed: z.int().min(0).optional(),
  iterations: z.int().min(1),
  device: z.enum(["cpu", "webgpu"]),
  threads: z.int().min(1),
  falseAlarmRate: z.number().gt(0).lt(1),
  selection: z.enum(["pseudo-auc", "last"]),
  /** Iterations between selections, checkpoints and example pictures. */
  every: z.int().min(1),
  keep: z.int().min(1),
  corrupt: z.enum(["refuse", "skip"]),
});

/** Everything that decides how a run goes; kept as `run.json` in its folder. */
export type RunSettings = z.infer<typeof settingsSchema>;

/** What decides who serves what. */
export const splitOf = ({
  seed,
  splitSeed = seed,
  falseAlarmRate,
}: Pick<RunSettings, "seed" | "splitSeed" | "falseAlarmRate">): PartitionOptions => ({
  seed: splitSeed,
  falseAlarmRate,
});

export const settingsFile = (folder: string) => join(folder, "run.json");

/** Reads the settings of a run folder. Throws FILE_NOT_FOUND or CHECKPOINT_CORRUPT. */
export async function readRunSettings(folder: string): Promise<RunSettings> {
  const text = await readFile(settingsFile(folder), "utf8").catch((cause: unknown) => {
    throw new HaleError(
      "FILE_NOT_FOUND",
      `There is no training run in ${folder}.`,
      "Name the folder that hale train --out made.",
      { cause },
    );
  });
  try {
    return settingsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new HaleError("CHECKPOINT_CORRUPT", `${settingsFile(folder)} is damaged.`, "Start the run again.", { cause });
  }
}
