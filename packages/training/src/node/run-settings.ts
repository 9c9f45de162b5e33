/** @file What decides how a run goes, as `run.json` in its folder has it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import type { DatasetInput } from "@hale/data";
import { datasetInput } from "@hale/data/node";
import { aggregationSchema, scanInputSchema } from "@hale/detector";
import * as z from "zod";
import type { PartitionOptions } from "../partition.ts";

/** How scans become images, and their scores that of a volume. */
const inputSchema = scanInputSchema.extend({
  unmarked: z.enum(["left-out", "normal"]),
  aggregation: aggregationSchema,
});

/** The settings of a run that concern scans. */
export type RunInput = z.infer<typeof inputSchema>;

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
  /** Missing where the data set holds plain pictures, and filled in when a run on scans starts. */
  input: inputSchema.optional(),
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

/** Settings with all that their data set's scans need: as they are where it has none. Throws what `loadDataset` throws. */
export async function withInput(settings: RunSettings): Promise<RunSettings> {
  if (settings.input) return settings;
  const input = await datasetInput(settings.data);
  return input ? { ...settings, input: { ...input, aggregation: { kind: "max" } } } : settings;
}

/** The part of a run's settings that makes images of scans; undefined for plain pictures. */
export function datasetInputOf({ input }: Pick<RunSettings, "input">): DatasetInput | undefined {
  if (!input) return undefined;
  const { aggregation: _, ...rest } = input;
  return rest;
}

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
