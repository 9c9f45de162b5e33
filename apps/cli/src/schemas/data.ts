/** @file Layouts of the commands of `hale data` with `--json`. */
import * as z from "zod";
import { controls, count, datasetInput, leaks, skipped, split } from "./common.ts";

export const dataCheck = z.strictObject({
  name: z.string(),
  images: count.describe("Slices, where there are volumes."),
  scans: count,
  input: datasetInput.nullable(),
  counts: z.array(
    z.strictObject({ split, label: z.enum(["normal", "abnormal", "unlabelled"]), class: z.string(), images: count }),
  ),
  patients: z.strictObject({ train: count, val: count, test: count }),
  masks: count,
  leaks,
  nearCopies: z.boolean().describe("Whether near copies were looked for."),
  controls,
  controlsOn: z.string(),
  skipped,
  warnings: z.array(z.string()),
});

export const dataClean = z.strictObject({
  manifest: z.string(),
  images: count,
  leftOut: z.array(z.string()),
});

export const dataSplit = z.strictObject({ manifest: z.string(), train: count, val: count, test: count });

export const dataImport = z.strictObject({
  counts: z.strictObject({
    scans: count,
    normal: count,
    abnormal: count,
    unlabelled: count,
    masks: count,
    patients: count,
    withoutPatient: count,
    studies: count,
    modalities: z.record(z.string(), count),
  }),
  added: count,
  known: count,
  newlyLabelled: count,
  leftOut: z.record(z.string(), count).describe("Files by the reason why they were left out."),
  dryRun: z.boolean(),
  stopped: z.boolean(),
  key: z.string(),
  keyMade: z.boolean(),
  sources: z.string(),
  warnings: z.array(z.string()),
});
