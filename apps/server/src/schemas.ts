/** @file The words of requests and answers, as zod schemas: they check, give the types, and make the OpenAPI document. */
import { DECISIONS } from "@hale/detector";
import * as z from "zod";
import { FORMATS } from "./answers/format.ts";
import { INCLUDES } from "./scoring/protocol.ts";
import { way } from "./scoring/way.ts";

const words = z.string().max(200);

/** "map,overlay" or "map" given twice. */
const include = z
  .union([words, z.array(words).max(10)])
  .default([])
  .transform((given) => [given].flat().flatMap((text) => text.split(",").filter((word) => word !== "")))
  .pipe(z.array(z.enum(INCLUDES)))
  .transform((list) => [...new Set(list)]);

export const scoreQuery = z.strictObject({
  detector: words.optional().meta({ description: "Name of the detector; may be left out where there is one." }),
  include: include.meta({
    description: `What is wanted beside the scores, separated by commas: ${INCLUDES.join(", ")}.`,
  }),
  ...way.shape,
  format: z.enum(FORMATS).optional().meta({ description: "Form of the answer, before the Accept header." }),
});

export const jobQuery = scoreQuery.omit({ format: true });
export const resultsQuery = scoreQuery.pick({ format: true });

const number = z.number().nullable();

const interval = z.object({
  value: z.number(),
  falseAlarmRate: z.number().meta({ description: "Asked for." }),
  normals: z.int().meta({ description: "Held-out normals that set it." }),
  expectedRate: z.number(),
  low: z.number().meta({ description: "Exact interval of the false-alarm rate that the threshold really has: from" }),
  high: z.number().meta({ description: "to" }),
  level: z.number().meta({ description: "at this level." }),
});

export const fault = z.object({
  error: z.object({
    code: z.string().meta({ description: "Stable, for programs." }),
    fault: z.string().meta({ description: "What is wrong." }),
    remedy: z.string().meta({ description: "What to do." }),
  }),
});

/** A row as hale's command prints it, with more of the threshold, and errors for programs. */
export const result = z.looseObject({
  file: z.string(),
  score: number.meta({ description: "Higher is more abnormal; null where there is an error." }),
  p_value: number.meta({ description: "Conformal p-value among held-out normals." }),
  decision: z.enum(DECISIONS).nullable(),
  meaning: z.string().nullable().meta({ description: "The decision in words, or why there is none." }),
  threshold: number,
  threshold_reason: z.string().optional(),
  threshold_interval: interval.optional(),
  domain: z
    .object({ outside: z.boolean(), distance: z.number(), reasons: z.array(z.string()) })
    .optional()
    .meta({ description: "Whether the image is like the training images." }),
  aggregation: z.string().optional(),
  axis: z.string().optional(),
  highest_slice: z.int().optional(),
  slices: z.array(z.object({ slice: z.int(), score: z.number() })).optional(),
  not_numbers: z.int().optional(),
  map: z.string().optional().meta({ description: "Name of the map among the files." }),
  dicom: z.record(z.string(), z.string()).optional(),
  leftOut: z.array(z.object({ object: z.string(), reason: z.string() })).optional(),
  error: z.string().nullable(),
  error_detail: fault.shape.error.optional(),
});
export type Result = z.infer<typeof result>;

const file = z.object({
  name: z.string(),
  type: z.string(),
  bytes: z.int(),
  data: z.base64().optional().meta({ description: "In JSON answers alone; others carry the bytes themselves." }),
});

const detectorName = z.object({
  name: z.string(),
  method: z.string(),
  sha256: z.string(),
  haleVersion: z.string(),
});

export const scored = z.object({
  detector: detectorName,
  notice: z.string(),
  ...result.partial().shape,
  results: z.array(result),
  notes: z.array(z.string()),
  files: z.array(file),
});
export type Scored = z.infer<typeof scored>;

const STATES = ["queued", "running", "done", "failed"] as const;

export const job = z.object({
  id: z.string(),
  state: z.enum(STATES),
  detector: z.string(),
  created: z.iso.datetime(),
  files: z.int(),
  done: z.int().meta({ description: "Images with a result." }),
  total: z.int().nullable().meta({ description: "Images in all; null until the files were looked through." }),
  error: fault.shape.error.optional(),
  links: z.object({ self: z.string(), events: z.string(), results: z.string() }),
});
export type JobView = z.infer<typeof job>;

export const jobId = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/) });

export const detectorView = z.object({
  ...detectorName.shape,
  loaded: z.iso.datetime(),
  workers: z.int(),
  card: z.record(z.string(), z.unknown()).meta({ description: "The detector's card." }),
});

export const detectorParams = z.strictObject({ name: words });
export const detectors = z.object({ detectors: z.array(detectorView) });
export const state = z.object({ status: z.string() });
