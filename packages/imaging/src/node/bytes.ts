/** @file Bytes of files, within the input budget. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
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
    checkFile(await stat(path), name);
    return await readFile(path);
  } catch (cause) {
    throw readFault(cause, name);
  }
}

/** The same for a thread that has nothing else to do: a small file takes a tenth of the processor time. */
export function readImageBytesNow(path: string, name = path): Uint8Array {
  try {
    // A pipe that takes the file's place would keep an open without this flag waiting.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      checkFile(fstatSync(file), name);
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw readFault(cause, name);
  }
}

/** A pipe or a device has no size, and may never end. */
function checkFile(info: { isFile(): boolean; size: number }, name: string): void {
  if (!info.isFile()) throw new HaleError("FILE_UNREADABLE", `${name} is not a file.`, "Give a file.");
  if (info.size > MAX_INPUT_BYTES) throw tooLarge(name, "it has more than 512 MB");
}

function readFault(cause: unknown, name: string): HaleError {
  if (cause instanceof HaleError) return cause;
  if ((cause as NodeJS.ErrnoException).code === "ENOENT")
    return new HaleError("FILE_NOT_FOUND", `There is no file ${name}.`, "Check the path.", { cause });
  return new HaleError("FILE_UNREADABLE", `The file ${name} cannot be read.`, "Check that it is a readable file.", {
    cause,
  });
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
