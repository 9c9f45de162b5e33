/**
 * @file Checkpoints in a folder of their own: `checkpoint-00000500.safetensors` with the arrays and, written last, `.json` with
 * everything else and the SHA-256 of both. A checkpoint without its JSON, or with another hash, does not count.
 */
import type { NamedArray } from "@hale/autodiff";
import { HaleError, sha256Hex } from "@hale/core";
import * as z from "zod";
import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";
import { pathIn, type RunFiles, readText } from "./files.ts";

/** Version of the checkpoint's layout; another one is refused. */
const CHECKPOINT_FORMAT = 3;

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

/** Hash of the hash of the arrays' bytes and of the record beside them, so that a changed digit of either is found. */
async function hashOf(
  bytes: Uint8Array,
  { method, iteration, fingerprint, best, seconds }: CheckpointRecord,
): Promise<string> {
  const fields = [
    await sha256Hex(bytes),
    method,
    iteration,
    fingerprint,
    best && [best.iteration, best.value],
    seconds,
  ];
  return sha256Hex(new TextEncoder().encode(JSON.stringify(fields)));
}

const baseName = (iteration: number) => `checkpoint-${String(iteration).padStart(8, "0")}`;

/**
 * Writes a checkpoint, then removes all but the newest `keep` up to it. Later ones can only be damaged, since a run goes
 * on from its newest sound one; they go too, as does what killed writes left behind.
 */
export async function saveCheckpoint(folder: RunFiles, { arrays, ...rest }: Checkpoint, keep: number): Promise<void> {
  const bytes = encodeSafetensors(arrays);
  const base = baseName(rest.iteration);
  await folder.write(`${base}.safetensors`, bytes);
  const sha256 = await hashOf(bytes, rest);
  await folder.write(`${base}.json`, `${JSON.stringify({ format: CHECKPOINT_FORMAT, ...rest, sha256 }, null, 2)}\n`);
  const kept = (await listCheckpoints(folder)).filter((iteration) => iteration <= rest.iteration).slice(-keep);
  const wanted = new Set(kept.flatMap((one) => [`${baseName(one)}.json`, `${baseName(one)}.safetensors`]));
  // The JSON goes first ("j" before "s"), so that what is left is never half a checkpoint that counts.
  for (const file of (await folder.list()).sort()) if (OURS.test(file) && !wanted.has(file)) await folder.remove(file);
}

/** Files of checkpoints, and temporary ones of writes that were killed. */
const OURS = /^checkpoint-\d{8,}\.(json|safetensors)(\.tmp-\d+)?$/;

/** Iterations of the checkpoints in a folder, oldest first. */
export async function listCheckpoints(folder: RunFiles): Promise<number[]> {
  return (await folder.list())
    .map((file) => /^checkpoint-(\d{8,})\.json$/.exec(file))
    .filter((match) => match !== null)
    .map((match) => Number(match[1]))
    .sort((a, b) => a - b);
}

/** Reads one checkpoint. Throws CHECKPOINT_CORRUPT or CHECKPOINT_MISMATCH. */
export async function loadCheckpoint(folder: RunFiles, iteration: number): Promise<Checkpoint> {
  const name = baseName(iteration);
  const base = pathIn(folder, name);
  const corrupt = (reason: string, cause?: unknown) =>
    new HaleError(
      "CHECKPOINT_CORRUPT",
      `The checkpoint ${base}.json is damaged: ${reason}.`,
      "Delete it to use the one before.",
      { cause },
    );
  let parsed: z.infer<typeof record>;
  try {
    parsed = record.parse(JSON.parse((await readText(folder, `${name}.json`)) ?? ""));
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
  const bytes = await folder.read(`${name}.safetensors`).catch((cause: unknown) => {
    throw corrupt("its arrays are missing", cause);
  });
  if (!bytes) throw corrupt("its arrays are missing");
  if ((await hashOf(bytes, parsed)) !== parsed.sha256 || parsed.iteration !== iteration)
    throw corrupt("it was changed after it was written");
  const { format: _format, sha256: _sha256, ...rest } = parsed;
  return { ...rest, arrays: decodeSafetensors(bytes, `${base}.safetensors`) };
}

/**
 * The newest sound checkpoint, or null where there is none; damaged ones are skipped and named in `damaged`. Throws
 * CHECKPOINT_CORRUPT when there are checkpoints and none is sound.
 */
export async function newestCheckpoint(
  folder: RunFiles,
): Promise<{ checkpoint: Checkpoint | null; damaged: string[] }> {
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
      `No checkpoint in ${folder.name} is sound. ${damaged[0]}`,
      "Start the run again.",
    );
  }
  return { checkpoint: null, damaged };
}
