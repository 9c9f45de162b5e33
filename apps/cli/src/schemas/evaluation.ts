/** @file Layouts of `hale evaluate`, `hale quality` and `hale demo` with `--json`. */
import * as z from "zod";
import {
  aggregation,
  clusters,
  comparisons,
  controls,
  count,
  interval,
  label,
  leaks,
  proportion,
  share,
  skipped,
  threshold,
} from "./common.ts";

const operating = z
  .strictObject({
    threshold: z.number(),
    level: z.number(),
    counts: z.strictObject({ truePositive: count, falsePositive: count, trueNegative: count, falseNegative: count }),
    sensitivity: proportion.nullable(),
    specificity: proportion.nullable(),
    caution: z.string().nullable(),
  })
  .nullable()
  .describe("At the detector's threshold, of the images that need no review.");

const pixels = z
  .strictObject({
    pixels: count,
    abnormalPixels: count,
    auroc: share,
    averagePrecision: share,
    bestDice: z.strictObject({ dice: share, threshold: z.number().nullable() }),
    aupro: share,
    auproLimit: share,
    masked: count,
    normals: count,
    unmasked: count,
  })
  .nullable();

const volumes = z
  .strictObject({
    aggregation,
    volumes: z.array(
      z.strictObject({
        path: z.string(),
        label: label.nullable(),
        class: z.string(),
        cluster: z.string(),
        score: z.number(),
      }),
    ),
    normals: count,
    abnormals: count,
    clusters,
    auroc: interval.nullable(),
    averagePrecision: interval.nullable(),
    operating,
    needReview: z.array(z.string()),
    reason: z.string().nullable(),
  })
  .nullable();

export const evaluate = z.strictObject({
  detector: z.strictObject({ file: z.string(), sha256: z.string(), method: z.string() }),
  seed: z.int().describe("Of the bootstrap."),
  threshold,
  dataset: z.string(),
  skipped,
  normals: count,
  abnormals: count,
  clusters,
  auroc: interval,
  averagePrecision: interval,
  operating,
  needsReview: count.describe("Test images that the detector cannot judge: neither above nor not above."),
  classes: z.array(
    z.strictObject({ name: z.string(), images: count, auroc: interval, sensitivity: proportion.nullable() }),
  ),
  parts: z.array(z.strictObject({ name: z.string(), auroc: interval })),
  pixels,
  volumes,
  comparisons,
  seen: z
    .discriminatedUnion("checked", [
      z.strictObject({ checked: z.literal(false), reason: z.string() }),
      z.strictObject({
        checked: z.literal(true),
        images: count,
        seen: z.array(z.strictObject({ path: z.string(), as: z.enum(["exact", "near"]) })),
      }),
    ])
    .describe("Test images that the detector was made with, where its hashes were at hand."),
  controls,
  leaks,
  patients_known: z.enum(["all", "some", "none"]),
  report: z.string().optional(),
});

const comparison = z.strictObject({
  kid: z.strictObject({
    distance: interval,
    standardError: z.number().nullable(),
    level: z.number(),
    generated: count,
    real: count,
    subsets: z
      .strictObject({ size: count, count, seed: z.int(), mean: z.number(), standardDeviation: z.number() })
      .nullable(),
  }),
  precision: proportion,
  density: interval,
  recall: proportion,
  coverage: interval,
  balls: z.strictObject({ precision: count, recall: count }),
  k: count,
});

export const quality = z.strictObject({
  haleVersion: z.string(),
  run: z.string(),
  method: z.string(),
  iteration: count,
  iterations: count,
  seed: z.int(),
  features: z.strictObject({
    network: z.string(),
    layer: z.string(),
    size: count,
    grid: count,
    dimension: count,
    trainedOn: z.string().nullable(),
    weightsSha256: z.string().nullable(),
  }),
  counts: z.strictObject({ samples: count, training: count, heldOut: count, heldOutPatients: count }),
  heldOut: comparison.describe("Samples against normals that nothing was learnt from."),
  training: comparison,
  floor: comparison.describe("Training normals in the samples' place: what samples as good as real images would get."),
  memorisation: z.strictObject({
    superiority: interval,
    nearerThanAll: count,
    nearerThanAllExpected: z.number(),
    nearerThanAllChance: share,
    level: z.number(),
    caution: z.string().nullable(),
  }),
  warning: z.string().nullable(),
  scale: z.number(),
  caution: z.string().nullable(),
  nearest: z.array(z.strictObject({ sample: count, training: z.string(), distance: z.number(), pValue: share })),
  folder: z.string(),
  files: z.array(z.string()),
});

export const demo = z.strictObject({
  report: z.string(),
  auroc: share,
  auroc_untrained: share,
  auroc_best_control: share,
  seconds: z.number(),
});
