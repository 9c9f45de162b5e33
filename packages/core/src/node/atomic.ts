/**
 * @file Writing files so that a kill at any moment leaves the old one or the new one, never half of one: write to a
 * temporary name beside it, flush to disk, rename.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { HaleError } from "../error.ts";

/**
 * Writes `content` as `path`, creating its folder; `mode` are the file's rights. The temporary file has a name that nobody
 * can guess and is made anew, so that a link that was planted there is neither followed nor written through; a link at
 * `path` itself is replaced. Throws DISK_FULL or FILE_UNWRITABLE.
 */
export async function writeAtomic(path: string, content: Uint8Array | string, mode = 0o666): Promise<void> {
  const temporary = temporaryName(path);
  let handle: FileHandle | undefined;
  let made = false;
  try {
    await mkdir(dirname(path), { recursive: true });
    handle = await open(temporary, "wx", mode);
    made = true;
    await handle.writeFile(content);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, path);
  } catch (cause) {
    await handle?.close().catch(() => {});
    if (made) await rm(temporary, { force: true }).catch(() => {});
    throw writeFault(path, cause);
  }
}

/** A name beside `path` that is no one's yet, and cannot be foreseen: digits behind `.tmp-`, by which leftovers are known. */
export const temporaryName = (path: string) => `${path}.tmp-${randomBytes(8).readBigUInt64BE()}`;

const CLOSED = ["ENOENT", "EACCES", "EPERM", "EROFS"];

/** The folder above that is there. */
function nearestFolder(path: string): string {
  const above = dirname(resolve(path));
  return existsSync(above) || above === dirname(above) ? above : nearestFolder(above);
}

/** The typed error for a failed write. */
export function writeFault(path: string, cause: unknown): HaleError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HaleError(
      "DISK_FULL",
      `The disk is full: ${path} could not be written.`,
      "Free some space and resume.",
      { cause },
    );
  }
  // Making folders says that the path is missing where the folder above takes nothing new.
  const closed = code !== undefined && CLOSED.includes(code) && `: nothing can be made in ${nearestFolder(path)}`;
  return new HaleError(
    "FILE_UNWRITABLE",
    `${path} cannot be written${closed || ""} (${code ?? message}).`,
    closed ? "Write elsewhere, or check that folder's permissions." : "Check the folder and its permissions.",
    { cause },
  );
}
