/**
 * @file The folder for what waits: uploads until they are scored, results until they are delivered. Nobody else on the machine
 * may look into it, and what a killed server left there is erased, but for jobs, which were accepted.
 */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { lockRun, makeFolder } from "@hale/core/node";

const PRIVATE = 0o700;

export class Spool {
  private used = 0;

  private constructor(
    readonly folder: string,
    private readonly most: number,
    private readonly unlock: () => Promise<void>,
  ) {}

  /** Opens it, and erases what was left behind. Throws OPTION_INVALID where others may look into it, RUN_BUSY where another serves. */
  static async open(folder: string, most: number): Promise<Spool> {
    await makeFolder(folder, { mode: PRIVATE });
    const { uid, mode } = await lstat(folder).then((info) => {
      if (!info.isDirectory()) throw notPrivate(folder);
      return info;
    });
    if (process.getuid && (uid !== process.getuid() || (mode & 0o077) !== 0)) throw notPrivate(folder);
    const spool = new Spool(folder, most, await lockRun(folder, "serving"));
    for (const name of ["requests", "detectors"]) await rm(join(folder, name), { recursive: true, force: true });
    for (const name of ["requests", "detectors", "jobs"]) {
      await makeFolder(join(folder, name), { mode: PRIVATE });
    }
    return spool;
  }

  /** A new folder for a request or a job, and the name that it has. */
  async make(kind: "requests" | "jobs"): Promise<{ id: string; folder: string }> {
    const id = randomBytes(16).toString("hex");
    const folder = join(this.folder, kind, id);
    await mkdir(folder, { mode: PRIVATE });
    return { id, folder };
  }

  /** Whether so many more bytes may wait. */
  hasRoom(bytes: number): boolean {
    return this.used + bytes <= this.most;
  }

  /** Counts bytes that wait; a negative number those that do not any more. */
  count(bytes: number): void {
    this.used += bytes;
  }

  get bytes(): number {
    return this.used;
  }

  async close(): Promise<void> {
    for (const name of ["requests", "detectors"]) await rm(join(this.folder, name), { recursive: true, force: true });
    await this.unlock();
  }
}

/** Erases what waits in a folder; that it is gone already is no fault. */
export const erase = (folder: string) => rm(folder, { recursive: true, force: true });

function notPrivate(folder: string): HaleError {
  return new HaleError(
    "OPTION_INVALID",
    `${folder} is not a folder that its owner alone may look into.`,
    "Choose one that is not there yet, or make it yours with mode 0700.",
  );
}
