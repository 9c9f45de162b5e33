/** @file What several layouts of `--json` have in common. Only types of it are in the command: the schemas are for programs that read it. */
import { aggregationSchema, cardSchema, scanInputSchema } from "@hale/detector";
import * as z from "zod";

export const count = z.int().min(0);
export const share = z.number().min(0).max(1);
export const label = z.union([z.literal(0), z.literal(1)]);
export const split = z.enum(["train", "val", "test"]);
export const threshold = cardSchema.shape.threshold;
export const aggregation = aggregationSchema;

export const interval = z
  .strictObject({
    estimate: z.number(),
    low: z.number().nullable(),
    high: z.number().nullable(),
    reason: z.string().nullable().describe("Why there is no interval; null where there is one."),
  })
  .describe("An estimate with its 95 % interval over patients or groups.");

export const proportion = z.strictObject({
  successes: count,
  trials: count,
  value: share,
  low: share,
  high: share,
});

export const clusters = z.strictObject({
  clusters: count,
  abnormalClusters: count,
  normalClusters: count,
  caution: z.string().nullable(),
  /** Of the intervals that were drawn by these clusters. */
  level: z.number().optional(),
  resamples: count.optional(),
  redrawn: count.optional(),
  seed: z.int().optional(),
});

export const skipped = z.array(z.strictObject({ path: z.string(), reason: z.string() }));

export const datasetInput = scanInputSchema.extend({ unmarked: z.enum(["left-out", "normal"]) });

export const leaks = z.array(
  z.strictObject({
    kind: z.enum(["patient", "group", "file", "identical", "near-copy"]),
    a: z.string(),
    b: z.string(),
    splits: z.tuple([split, split]),
    detail: z.string(),
    similarity: z.number(),
  }),
);

const controlName = z.enum(["brightness", "mean-image", "blur", "pca", "pool"]);

export const controls = z
  .array(
    z.strictObject({
      name: controlName,
      auroc: interval,
      averagePrecision: interval,
      direction: z.string(),
    }),
  )
  .nullable()
  .describe("What trivial properties of the images alone reach.");

export const comparisons = z
  .array(
    z.strictObject({
      control: controlName,
      difference: interval,
      pValue: share.nullable(),
      verdict: z.enum(["above", "below", "undecided"]),
    }),
  )
  .nullable();
