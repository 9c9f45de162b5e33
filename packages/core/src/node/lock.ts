/**
 * @file One process a run: two in one folder would write over each other's checkpoints. The lock is a file that names its
 * process; one whose process is gone (a kill, a crash, a restart) is taken over.
 */
import { mkdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { HaleError } from "../error.ts";
import { writeFault } from "./atomic.ts";

interface Owner {
  process: number;
  machine: string;
}

/**
 * Takes the run folder, which is made where it is missing, and returns what gives it back. Throws RUN_BUSY while another
 * process works in it; whether one on another machine still does cannot be known, so its lock is respected. `doing` is
 * what the refusal says of the other: other folders than a run's are locked in the same way.
 */
export async function lockRun(folder: string, doing = "training"): Promise<() => Promise<void>> {
  const path = join(folder, "lock.json");
  const mine: Owner = { process: process.pid, machine: hostname() };
  const write = () => writeFile(path, JSON.stringify(mine), { flag: "wx" });
  let made: string | undefined;
  try {
    made = await mkdir(folder, { recursive: true });
    await write().catch(async (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EEXIST") throw cause;
      const owner = await readOwner(path);
      if (owner && isAlive(owner)) throw busy(folder, path, owner, doing);
      await rm(path, { force: true });
      await write();
    });
  } catch (cause) {
    throw cause instanceof HaleError ? cause : writeFault(path, cause);
  }
  return async () => {
    await rm(path, { force: true });
    // A run that could not begin leaves nothing behind.
    if (made) await rmdir(folder).catch(() => {});
  };
}

/** Null for a lock that was cut off while it was written: its process is gone too. */
async function readOwner(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return null;
  }
}

function isAlive({ process: id, machine }: Owner): boolean {
  if (machine !== hostname()) return true;
  // A second run of this very process is as dangerous as one of another.
  try {
    process.kill(id, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

function busy(folder: string, path: string, { process: id, machine }: Owner, doing: string): HaleError {
  return new HaleError(
    "RUN_BUSY",
    `Process ${id} on ${machine} is ${doing} in ${folder}.`,
    `Wait for it or choose another folder; if there is no such process any more, delete ${path}.`,
    { setting: "out" },
  );
}
