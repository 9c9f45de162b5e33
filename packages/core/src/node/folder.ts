/**
 * @file Making folders, one level after the other. Node's own recursive mkdir does not return where the system says that a path
 * is missing whose folder is there, as file systems do that take nothing new (/proc on Linux).
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFault } from "./write-fault.ts";

/** For whom a folder is made. */
export interface FolderPurpose {
  /** Rights of the folders that are made. */
  mode?: number;
  /** The file that is to be written in it, which faults then name; without it they name the folder. */
  file?: string;
}

/**
 * Makes the folder, and those above that are missing; at most twice as many steps as its path has levels. True where it was made, false
 * where it was there. Throws DISK_FULL or FILE_UNWRITABLE, which names what is there and takes nothing new.
 */
export async function makeFolder(path: string, { mode = 0o777, file = path }: FolderPurpose = {}): Promise<boolean> {
  const levels: string[] = [];
  try {
    let at = path;
    let found = await makeOne(at, mode);
    for (; found === "missing" && dirname(at) !== at; found = await makeOne(at, mode)) {
      levels.unshift(at);
      at = dirname(at);
    }
    for (const level of levels) found = await makeOne(level, mode, true);
    return found === "made";
  } catch (cause) {
    throw writeFault(file, cause);
  }
}

/**
 * "missing": the folder above is not there or takes nothing new, which some systems do not tell apart; `hasParent`, it is there,
 * and that is thrown. Throws what the system says otherwise.
 */
async function makeOne(path: string, mode: number, hasParent = false): Promise<"made" | "there" | "missing"> {
  try {
    await mkdir(path, { mode });
    return "made";
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT" && !hasParent) return "missing";
    // Some systems say of a folder that is there that it may not be made, instead of that it is there.
    if (await isFolder(path)) return "there";
    throw cause;
  }
}

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
