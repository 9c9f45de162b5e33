/**
 * @file The layout of every line that `--json` prints, by its name without version. JSON Schemas for other programs are made of these:
 * docs/schemas, kept by schemas.test.ts.
 */
import { cardSchema } from "@hale/detector";
import * as z from "zod";
import { count, share, threshold } from "./common.ts";
import { dataCheck, dataClean, dataImport, dataSplit } from "./data.ts";
import { demo, evaluate, quality } from "./evaluation.ts";
import { probe, score } from "./images.ts";

const layer = z.strictObject({
  name: z.string(),
  op: z.string(),
  shape: z.array(count).nullable(),
  feature: z.string().optional(),
  node: z.string().optional().describe("Of an ONNX file: the node's name."),
  outputs: z.array(z.string()).optional(),
  modules: z.array(z.string()).optional(),
  reason: z.string().optional(),
});

const numbers = z.tuple([z.number(), z.number(), z.number()]);

const train = z.strictObject({
  detector: z.string(),
  iterations: count.optional(),
  normals: count.optional().describe("Of a fit: the normals that it went through."),
  selected: z.strictObject({ iteration: count, pseudoAuc: share.nullable() }),
  seconds: z.number(),
  threshold,
});

const doctor = z.strictObject({
  node: z.string(),
  platform: z.string(),
  cpu: z.string(),
  memory: z.string(),
  devices: z.array(
    z.strictObject({
      kind: z.enum(["cpu", "webgpu"]),
      ok: z.boolean(),
      error: z.number().nullable().optional(),
      tolerance: z.number().optional(),
      milliseconds: z.number().optional(),
      onnxruntime: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
});

/** One line each; `score` and `probe` print one for every image. */
export const SCHEMAS = {
  "backbone layers": z.strictObject({ network: z.string(), size: count, layers: z.array(layer) }),
  "backbone show": z.strictObject({
    file: z.string(),
    name: z.string(),
    origin: z.string(),
    licence: z.string(),
    trainedOn: z.string().optional(),
    identity: z.string().optional(),
    size: count,
    input: z.strictObject({ size: count, channelOrder: z.enum(["RGB", "BGR"]), mean: numbers, std: numbers }),
    weightsSha256: z.string(),
    layers: z.array(z.strictObject({ layer: z.string(), channels: count })),
    all: z.array(layer),
  }),
  "data check": dataCheck,
  "data clean": dataClean,
  "data import": dataImport,
  "data split": dataSplit,
  demo,
  doctor,
  error: z
    .strictObject({ error: z.strictObject({ code: z.string(), fault: z.string(), remedy: z.string() }) })
    .describe("In place of a result, from any command."),
  evaluate,
  probe,
  quality,
  score,
  show: cardSchema,
  stopped: z
    .strictObject({ run: z.string(), iteration: count })
    .describe("In place of a result, from a training that was asked to stop, and has saved."),
  train,
} satisfies Record<string, z.ZodType>;
