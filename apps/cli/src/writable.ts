/** @file Whether a result can be written, found out before it is computed. */
import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { HaleError } from "@hale/core";
import { makeFolder, writeFault } from "@hale/core/node";

/** Makes the file's folder. Throws FILE_UNWRITABLE or DISK_FULL where the file could not be written there. */
export async function checkWritable(file: string): Promise<void> {
  try {
    await makeFolder(dirname(file), { file });
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    throw writeFault(file, cause);
  }
  const there = await stat(file).catch(() => null);
  if (there?.isDirectory()) throw new HaleError("FILE_UNWRITABLE", `${file} is a folder.`, "Name a file.");
}
