/**
 * @file One process a run: two in one folder would write over each other's checkpoints. The lock is a file that names its
 * process; one whose process is gone (a kill, a crash, a restart) is taken over.
 */
import { randomBytes } from "node:crypto";
import { link, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { HaleError } from "../error.ts";
import { temporaryName } from "./atomic.ts";
import { makeFolder } from "./folder.ts";
import { writeFault } from "./write-fault.ts";

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
  let made = false;
  try {
    made = await makeFolder(folder, { file: path });
    for (let attempt = 0; !(await create(path)); attempt++) {
      const owner = await readOwner(path);
      if (owner && isAlive(owner)) throw busy(folder, path, owner, doing);
      // Whoever else finds the same lock left behind tries as well; after so many turns they have it among themselves.
      if (attempt >= ATTEMPTS) throw busy(folder, path, owner ?? ME, doing);
      if (await takeOver(folder, path)) break;
      await wait(1 + Math.random() * 4 * (attempt + 1));
    }
  } catch (cause) {
    throw writeFault(path, cause);
  }
  return async () => {
    await rm(path, { force: true });
    // A run that could not begin leaves nothing behind.
    if (made) await rmdir(folder).catch(() => {});
  };
}

const ME: Owner = { process: process.pid, machine: hostname() };
const ATTEMPTS = 40;
const CLAIM = /^\.lock-claim-(\d+)-\d+$/;
/** File systems without hard links. */
const NO_LINKS = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "EXDEV"]);

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes the lock with its content in one step, where none is; false where one is. */
async function create(path: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${temporaryName(basename(path))}`);
  await writeFile(temporary, JSON.stringify(ME), { flag: "wx" });
  try {
    await link(temporary, path).catch(async (cause: NodeJS.ErrnoException) => {
      if (!NO_LINKS.has(cause.code ?? "")) throw cause;
      await writeFile(path, JSON.stringify(ME), { flag: "wx" });
    });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Takes a lock whose process is gone; false where somebody else is about to, or has. Who wants to take over says so first,
 * in a file of its own, and then looks for others who say the same: of two, the later one sees the earlier. Nobody takes
 * a lock away who has seen another claim, nor one that is not the dead one any more.
 */
async function takeOver(folder: string, path: string): Promise<boolean> {
  const name = `.lock-claim-${process.pid}-${randomBytes(8).readBigUInt64BE()}`;
  const claim = join(folder, name);
  await writeFile(claim, JSON.stringify(ME), { flag: "wx" });
  try {
    for (const other of await readdir(folder)) {
      const id = CLAIM.exec(other)?.[1];
      if (id === undefined || other === name) continue;
      const { machine } = (await readOwner(join(folder, other))) ?? ME;
      if (isAlive({ process: Number(id), machine })) return false;
      await rm(join(folder, other), { force: true });
    }
    const owner = await readOwner(path);
    if (owner && isAlive(owner)) return false;
    await rm(path, { force: true });
    return await create(path);
  } finally {
    await rm(claim, { force: true });
  }
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
