/**
 * @file Checkpoints on disk: `checkpoint-00000500.safetensors` with the arrays and, written last, `.json` with everything
 * else and the SHA-256 of both. A checkpoint without its JSON, or with another hash, does not count.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import * as z from "zod";
import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";

/** Version of the checkpoint's layout; another one is refused. */
const CHECKPOINT_FORMAT = 2;

const record = z.object({
  format: z.number(),
  method: z.string(),
  iteration: z.int().min(0),
  /** Fingerprint of options, data and seed: a run can only be resumed as itself. */
  fingerprint: z.string(),
  /** The best value of the selection criterion so far, and where it was. */
  best: z.object({ iteration: z.int(), value: z.number() }).nullable(),
  seconds: z.number(),
  sha256: z.string(),
});

export type CheckpointRecord = Omit<z.infer<typeof record>, "format" | "sha256">;

export interface Checkpoint extends CheckpointRecord {
  arrays: Map<string, NamedArray>;
}

/** Hash of the arrays' bytes and of the record beside them, so that a changed digit of either is found. */
function hashOf(bytes: Uint8Array, { method, iteration, fingerprint, best, seconds }: CheckpointRecord): string {
  const fields = [method, iteration, fingerprint, best && [best.iteration, best.value], seconds];
  return createHash("sha256").update(bytes).update(JSON.stringify(fields)).digest("hex");
}

const baseName = (iteration: number) => `checkpoint-${String(iteration).padStart(8, "0")}`;

/**
 * Writes a checkpoint, then removes all but the newest `keep` up to it. Later ones can only be damaged, since a run goes
 * on from its newest sound one; they go too, as does what killed writes left behind.
 */
export async function saveCheckpoint(folder: string, { arrays, ...rest }: Checkpoint, keep: number): Promise<void> {
  const bytes = encodeSafetensors(arrays);
  const base = join(folder, baseName(rest.iteration));
  await writeAtomic(`${base}.safetensors`, bytes);
  const sha256 = hashOf(bytes, rest);
  await writeAtomic(`${base}.json`, `${JSON.stringify({ format: CHECKPOINT_FORMAT, ...rest, sha256 }, null, 2)}\n`);
  const kept = (await listCheckpoints(folder)).filter((iteration) => iteration <= rest.iteration).slice(-keep);
  const wanted = new Set(kept.flatMap((one) => [`${baseName(one)}.json`, `${baseName(one)}.safetensors`]));
  // The JSON goes first ("j" before "s"), so that what is left is never half a checkpoint that counts.
  for (const file of (await filesIn(folder)).sort())
    if (OURS.test(file) && !wanted.has(file)) await rm(join(folder, file), { force: true });
}

/** Files of checkpoints, and temporary ones of writes that were killed. */
const OURS = /^checkpoint-\d{8,}\.(json|safetensors)(\.tmp-\d+)?$/;

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new HaleError("FILE_UNREADABLE", `The folder ${folder} cannot be read.`, "Check its permissions.", { cause });
  }
}

/** Iterations of the checkpoints in a folder, oldest first. */
export async function listCheckpoints(folder: string): Promise<number[]> {
  return (await filesIn(folder))
    .map((file) => /^checkpoint-(\d{8,})\.json$/.exec(file))
    .filter((match) => match !== null)
    .map((match) => Number(match[1]))
    .sort((a, b) => a - b);
}

/** Reads one checkpoint. Throws CHECKPOINT_CORRUPT or CHECKPOINT_MISMATCH. */
export async function loadCheckpoint(folder: string, iteration: number): Promise<Checkpoint> {
  const base = join(folder, baseName(iteration));
  const corrupt = (reason: string, cause?: unknown) =>
    new HaleError(
      "CHECKPOINT_CORRUPT",
      `The checkpoint ${base}.json is damaged: ${reason}.`,
      "Delete it to use the one before.",
      { cause },
    );
  let parsed: z.infer<typeof record>;
  try {
    parsed = record.parse(JSON.parse(await readFile(`${base}.json`, "utf8")));
  } catch (cause) {
    throw corrupt("it is not a checkpoint's record", cause);
  }
  if (parsed.format !== CHECKPOINT_FORMAT) {
    throw new HaleError(
      "CHECKPOINT_MISMATCH",
      `The checkpoint ${base}.json has format ${parsed.format}; this version of hale writes ${CHECKPOINT_FORMAT}.`,
      "Resume it with the version that wrote it.",
    );
  }
  const bytes = await readFile(`${base}.safetensors`).catch((cause: unknown) => {
    throw corrupt("its arrays are missing", cause);
  });
  if (hashOf(bytes, parsed) !== parsed.sha256 || parsed.iteration !== iteration)
    throw corrupt("it was changed after it was written");
  const { format: _format, sha256: _sha256, ...rest } = parsed;
  return { ...rest, arrays: decodeSafetensors(bytes, `${base}.safetensors`) };
}

/**
 * The newest sound checkpoint, or null where there is none; damaged ones are passed over and named in `damaged`. Throws
 * CHECKPOINT_CORRUPT when there are checkpoints and none is sound.
 */
export async function newestCheckpoint(folder: string): Promise<{ checkpoint: Checkpoint | null; damaged: string[] }> {
  const damaged: string[] = [];
  const iterations = await listCheckpoints(folder);
  for (const iteration of iterations.reverse()) {
    try {
      return { checkpoint: await loadCheckpoint(folder, iteration), damaged };
    } catch (error) {
      if (!(error instanceof HaleError) || error.code !== "CHECKPOINT_CORRUPT") throw error;
      damaged.push(error.fault);
    }
  }
  if (damaged.length > 0) {
    throw new HaleError(
      "CHECKPOINT_CORRUPT",
      `No checkpoint in ${folder} is sound. ${damaged[0]}`,
      "Start the run again.",
    );
  }
  return { checkpoint: null, damaged };
}
