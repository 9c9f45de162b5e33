/** @file What decides how a run goes, as `run.json` in its folder has it. */
import { HaleError } from "@hale/core";
import type { Dataset, DatasetInput } from "@hale/data";
import { aggregationSchema, scanInputSchema } from "@hale/detector";
import { methodNamed, methods } from "@hale/methods";
import * as z from "zod";
import type { PartitionOptions } from "../partition.ts";
import { pathIn, type RunFiles, readText } from "./files.ts";

/** How scans become images, and their scores that of a volume. */
const inputSchema = scanInputSchema.extend({
  unmarked: z.enum(["left-out", "normal"]),
  aggregation: aggregationSchema,
});

/** The settings of a run that concern scans. */
export type RunInput = z.infer<typeof inputSchema>;

const gradientSettings = z.strictObject({
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
  device: z.enum(["cpu", "webgpu", "wasm"]),
  threads: z.int().min(1),
  falseAlarmRate: z.number().gt(0).lt(1),
  selection: z.enum(["pseudo-auc", "last"]),
  /** Between checkpoints: iterations, with selections and example pictures; of a fit normals. */
  every: z.int().min(1),
  keep: z.int().min(1),
  /** Leaves out the convolutions that are faster and round more; a fit never has them. */
  exact: z.boolean().optional(),
  corrupt: z.enum(["refuse", "skip"]),
  /** Missing where the data set holds plain pictures, and filled in when a run on scans starts. */
  input: inputSchema.optional(),
});

/** A fit goes once through the normals, so there is nothing to repeat and nothing to select. */
const fitSettings = gradientSettings.omit({ iterations: true, selection: true, exact: true });

/** Of a method that learns by steps. */
export type GradientSettings = z.infer<typeof gradientSettings>;
/** Of a method that learns by one pass over the normals. */
export type FitSettings = z.infer<typeof fitSettings>;
/** Everything that decides how a run goes; kept as `run.json` in its folder. */
export type RunSettings = GradientSettings | FitSettings;

export const isByGradient = (settings: RunSettings): settings is GradientSettings => "iterations" in settings;

/**
 * Settings that suit their method, checked. Throws OPTION_INVALID where they are for the other kind of learning, or where there
 * is no such method.
 */
export function checkSettings(given: RunSettings): RunSettings {
  const { learning } = methodNamed(given.method);
  if (learning === "gradient") {
    if (isByGradient(given)) return gradientSettings.parse(given);
    throw new HaleError(
      "OPTION_INVALID",
      `${given.method} learns by steps, and nothing says how many.`,
      "Give a number of iterations.",
      { setting: "iterations" },
    );
  }
  for (const name of ["iterations", "selection"] as const) {
    if (name in given) throw noSuchSetting(given.method, name);
  }
  return fitSettings.parse(given);
}

/** The refusal of a setting that a method that learns by a fit does not have. */
export function noSuchSetting(method: string, setting: "iterations" | "epochs" | "selection"): HaleError {
  const why = setting === "selection" ? "there is no checkpoint to select" : `it has no ${setting}`;
  return new HaleError(
    "OPTION_INVALID",
    `${method} learns in one pass over the normals, so ${why}.`,
    "Leave that setting out.",
    { setting },
  );
}

/** What decides who serves what. */
export const splitOf = ({
  method,
  seed,
  splitSeed = seed,
  falseAlarmRate,
}: Pick<RunSettings, "method" | "seed" | "splitSeed" | "falseAlarmRate">): PartitionOptions => ({
  seed: splitSeed,
  falseAlarmRate,
  selects: methodNamed(method).learning === "gradient",
});

/** Settings with all that their data set's scans need: as they are where it has none, or where they have it. */
export function withInput<Settings extends RunSettings>(
  settings: Settings,
  { input }: Pick<Dataset, "input">,
): Settings {
  return input && !settings.input ? { ...settings, input: { ...input, aggregation: { kind: "max" } } } : settings;
}

/** The part of a run's settings that makes images of scans; undefined for plain pictures. */
export function datasetInputOf({ input }: Pick<RunSettings, "input">): DatasetInput | undefined {
  if (!input) return undefined;
  const { aggregation: _, ...rest } = input;
  return rest;
}

const SETTINGS_FILE = "run.json";

export const writeRunSettings = (files: RunFiles, settings: RunSettings) =>
  files.write(SETTINGS_FILE, `${JSON.stringify(settings, null, 2)}\n`);

/** Reads the settings of a run. Throws FILE_NOT_FOUND or CHECKPOINT_CORRUPT. */
export async function readRunSettings(files: RunFiles): Promise<RunSettings> {
  const missing = (cause?: unknown) =>
    new HaleError("FILE_NOT_FOUND", `There is no training run in ${files.name}.`, "Name the folder of a run.", {
      cause,
    });
  const text = await readText(files, SETTINGS_FILE).catch((cause: unknown) => {
    throw missing(cause);
  });
  if (text === null) throw missing();
  try {
    const given = JSON.parse(text) as { method?: unknown };
    const learnsByFit = typeof given.method === "string" && methods.get(given.method)?.learning === "fit";
    return (learnsByFit ? fitSettings : gradientSettings).parse(given);
  } catch (cause) {
    const name = pathIn(files, SETTINGS_FILE);
    throw new HaleError("CHECKPOINT_CORRUPT", `${name} is damaged.`, "Start the run again.", { cause });
  }
}
