/** @file A job on disk: what it needs to be done again by another process, and its results until they are fetched. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "@hale/core/node";
import * as z from "zod";
import { fault, scored } from "../schemas.ts";
import { INCLUDES } from "../scoring/protocol.ts";
import { way } from "../scoring/way.ts";

const NAME = "job.json";

const record = z.object({
  id: z.string(),
  detector: z.string(),
  include: z.array(z.enum(INCLUDES)),
  way,
  created: z.iso.datetime(),
  /** Names of the files, in their order; they lie beside the record under their numbers. */
  files: z.array(z.string()),
  /** Bytes on disk. */
  bytes: z.int().min(0),
  /** Of a job that is done. */
  answer: scored
    .omit({ files: true })
    .extend({ outputs: z.array(z.string()) })
    .optional(),
  /** Of one that failed. */
  error: fault.shape.error.optional(),
  ended: z.iso.datetime().optional(),
});
export type JobRecord = z.infer<typeof record>;

export const writeRecord = (folder: string, job: JobRecord) =>
  writeAtomic(join(folder, NAME), JSON.stringify(job), 0o600);

/** Null for what was not accepted wholly, and so never promised. */
export async function readRecord(folder: string): Promise<JobRecord | null> {
  try {
    return record.parse(JSON.parse(await readFile(join(folder, NAME), "utf8")));
  } catch {
    return null;
  }
}
