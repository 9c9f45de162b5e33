/** @file Layouts of the lines that `hale score` and `hale probe` print for each image. */
import * as z from "zod";
import { count, share } from "./common.ts";

const statistics = { min: z.number().nullable(), max: z.number().nullable(), mean: z.number().nullable() };
const object = z.enum(["parametricMap", "segmentation", "secondaryCapture", "report"]);

export const score = z
  .strictObject({
    file: z.string(),
    score: z.number().nullable().describe("Higher is more abnormal. Null where there is an error."),
    p_value: share.nullable().describe("Conformal p-value among held-out normal images."),
    decision: z.enum(["above", "not above", "needs review"]).nullable(),
    threshold: z.number().nullable(),
    meaning: z.string().nullable().describe("The decision in words, or why there is none."),
    error: z.string().nullable(),
    threshold_reason: z.string().optional().describe("Why there is no threshold."),
    domain: z
      .strictObject({ outside: z.boolean(), distance: z.number(), reasons: z.array(z.string()) })
      .optional()
      .describe("Whether the image is unlike the training images, which leaves its decision to a person."),
    aggregation: z.string().optional().describe('Of a volume: "max", "mean" or "top-k:5".'),
    axis: z.enum(["axial", "coronal", "sagittal", "stored"]).optional(),
    highest_slice: count.optional(),
    slices: z.array(z.strictObject({ slice: count, score: z.number() })).optional(),
    not_numbers: count.optional().describe("Samples that were NaN or infinite, and were taken as background."),
    map: z.string().optional(),
    dicom: z.partialRecord(object, z.string()).optional().describe("DICOM objects that were written."),
    leftOut: z.array(z.strictObject({ object: z.union([object, z.literal("all")]), reason: z.string() })).optional(),
  })
  .meta({
    patternProperties: { "^part:": { type: ["number", "null"], description: "A part of the score, by its name." } },
  });

const found = z.strictObject({
  file: z.string(),
  status: z.literal("ok"),
  code: z.null(),
  reason: z.null(),
  kind: z.string(),
  shape: z.array(count),
  spacing: z.array(z.number().nullable()).nullable(),
  orientation: z.string().nullable(),
  photometric: z.string().nullable(),
  transferSyntax: z.string().nullable(),
  modality: z.string().nullable(),
  series: count.nullable(),
  ...statistics,
  sha256: z.string(),
  scaled: z.strictObject(statistics).nullable(),
});

const nothing = z.null();
const refused = z.strictObject({
  file: z.string(),
  status: z.literal("refused"),
  code: z.string(),
  reason: z.string(),
  kind: nothing,
  shape: nothing,
  spacing: nothing,
  orientation: nothing,
  photometric: nothing,
  transferSyntax: nothing,
  modality: nothing,
  series: nothing,
  min: nothing,
  max: nothing,
  mean: nothing,
  sha256: nothing,
  scaled: nothing,
});

export const probe = z.discriminatedUnion("status", [found, refused]);
