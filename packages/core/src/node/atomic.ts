/**
 * @file Writing files so that a kill at any moment leaves the old one or the new one, never half of one: write to a
 * temporary name beside it, flush to disk, rename.
 */
import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "./folder.ts";
import { writeFault } from "./write-fault.ts";

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
    await makeFolder(dirname(path), { file: path });
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
