/** @file Bytes of files, within the input budget. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HaleError } from "@hale/core";
import { MAX_INPUT_BYTES, tooLarge } from "../raster/limits.ts";

/**
 * The bytes of a file of at most 512 MB. Throws FILE_NOT_FOUND, FILE_UNREADABLE or IMAGE_TOO_LARGE naming `name`
 * (the path itself unless given).
 */
export async function readImageBytes(path: string, name = path): Promise<Uint8Array> {
  try {
    const info = await stat(path);
    // A pipe or a device has no size, and may never end.
    if (!info.isFile()) throw new HaleError("FILE_UNREADABLE", `${name} is not a file.`, "Give a file.");
    if (info.size > MAX_INPUT_BYTES) throw tooLarge(name, "it has more than 512 MB");
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof HaleError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new HaleError("FILE_NOT_FOUND", `There is no file ${name}.`, "Check the path.", { cause });
    }
    throw new HaleError("FILE_UNREADABLE", `The file ${name} cannot be read.`, "Check that it is a readable file.", {
      cause,
    });
  }
}

/**
 * The bytes of the file called `sibling` in the folder of `path`; null where there is none. A header must not name a file
 * elsewhere: a name that is more than a name (`../`, a path) finds nothing. Throws as `readImageBytes` does.
 */
export async function readSibling(path: string, sibling: string): Promise<Uint8Array | null> {
  if (sibling === "" || sibling === "." || sibling === ".." || /[/\\\0]/.test(sibling) || basename(sibling) !== sibling)
    return null;
  try {
    return await readImageBytes(join(dirname(path), sibling), sibling);
  } catch (error) {
    if (error instanceof HaleError && error.code === "FILE_NOT_FOUND") return null;
    throw error;
  }
}
