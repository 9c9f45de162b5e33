/**
 * @file The runs that a page keeps for its user: which there are, how large, until when; a lock on each, so that two tabs do not
 * write over each other; and how they are erased. Workstations are shared, so nothing stays for more than seven days unless
 * somebody wants it to.
 */
import { HaleError } from "@hale/core";
import * as z from "zod";
import { listCheckpoints } from "../run/checkpoint.ts";
import { readText } from "../run/files.ts";
import { checkpointsIn } from "../run/run-checkpoints.ts";
import { type Folder, originFiles, runsFolder } from "./origin-files.ts";

const NOTE_FILE = "tab.json";
/** After which a run is erased, counted from when it was last worked on. */
const LIFETIME_MS = 7 * 24 * 3600 * 1000;

const noteSchema = z.strictObject({
  title: z.string(),
  method: z.string(),
  /** Milliseconds since 1970. */
  begun: z.number(),
  used: z.number(),
  /** Whether it stays beyond its time and its end. */
  kept: z.boolean(),
});

export type TabNote = z.infer<typeof noteSchema>;

export interface TabRun extends TabNote {
  id: string;
  /** On disk. */
  bytes: number;
  /** Of the newest checkpoint; of a fit, normals. 0 before the first. */
  iteration: number;
  /** When it is erased, in milliseconds since 1970; null for one that is kept. */
  erasedAt: number | null;
}

/** The files of a run. */
export const tabRunFiles = (id: string) => originFiles([id], id);

export const writeNote = (id: string, note: TabNote) => tabRunFiles(id).write(NOTE_FILE, JSON.stringify(note));

/** Null where a run has none or a damaged one. */
export async function readNote(id: string): Promise<TabNote | null> {
  try {
    return noteSchema.parse(JSON.parse((await readText(tabRunFiles(id), NOTE_FILE)) ?? ""));
  } catch {
    return null;
  }
}

/** All runs, the last one first. Those without a sound note are told as what they are: something to erase. */
export async function listTabRuns(): Promise<TabRun[]> {
  const runs: TabRun[] = [];
  for await (const [id, entry] of (await runsFolder()).entries()) {
    if (entry.kind !== "directory") continue;
    const note = (await readNote(id)) ?? { title: "Damaged run", method: "", begun: 0, used: 0, kept: false };
    runs.push({
      ...note,
      id,
      bytes: await bytesOf(entry as Folder),
      iteration: (await listCheckpoints(checkpointsIn(tabRunFiles(id)))).at(-1) ?? 0,
      erasedAt: note.kept ? null : note.used + LIFETIME_MS,
    });
  }
  return runs.sort((a, b) => b.used - a.used);
}

async function bytesOf(folder: Folder): Promise<number> {
  let bytes = 0;
  for await (const [, entry] of folder.entries()) {
    if (entry.kind === "directory") bytes += await bytesOf(entry as Folder);
    else bytes += (await (entry as FileSystemFileHandle).getFile()).size;
  }
  return bytes;
}

/** Keeps a run beyond its seven days and its end, or no longer. */
export async function keepTabRun(id: string, kept: boolean): Promise<void> {
  const note = await readNote(id);
  if (note) await writeNote(id, { ...note, kept });
}

/**
 * Does something while no other tab may work on the run. Throws RUN_BUSY where one does.
 */
export async function withTabRun<T>(id: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`hale-run/${id}`, { ifAvailable: true }, async (lock) => {
    if (lock) return work();
    throw new HaleError("RUN_BUSY", "Another tab or window trains this run.", "Close it there, or go on in that one.");
  }) as Promise<T>;
}

/** Erases a run. Throws RUN_BUSY while it is trained. */
export const eraseTabRun = (id: string) => withTabRun(id, () => removeTabRun(id));

/** The same for whoever holds its lock. */
export async function removeTabRun(id: string): Promise<void> {
  await (await runsFolder()).removeEntry(id, { recursive: true }).catch((cause: unknown) => {
    if ((cause as Error).name !== "NotFoundError") throw cause;
  });
}

/** Erases all runs, or those that `which` is true of. Runs that are trained just now stay; how many is returned. */
export async function eraseTabRuns(which: (run: TabRun) => boolean = () => true): Promise<number> {
  let busy = 0;
  for (const run of (await listTabRuns()).filter(which)) {
    await eraseTabRun(run.id).catch((error: unknown) => {
      if (!(error instanceof HaleError) || error.code !== "RUN_BUSY") throw error;
      busy++;
    });
  }
  return busy;
}

/** Erases the runs whose time is over. To be called whenever the page opens. */
export const eraseOldTabRuns = (now = Date.now()) =>
  eraseTabRuns(({ erasedAt }) => erasedAt !== null && erasedAt <= now);
