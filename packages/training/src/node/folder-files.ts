/** @file The files of a run in a folder on disk. */
import { appendFile, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { makeFolder, writeAtomic, writeFault } from "@hale/core/node";
import type { RunFiles } from "../run/files.ts";

const isMissing = (cause: unknown) => (cause as NodeJS.ErrnoException).code === "ENOENT";

/** The folder need not be there; writing makes it. */
export function folderFiles(folder: string): RunFiles {
  const at = (file: string) => join(folder, file);
  return {
    name: folder,
    within: (inner) => folderFiles(at(inner)),
    async list() {
      try {
        return await readdir(folder);
      } catch (cause) {
        if (isMissing(cause)) return [];
        throw new HaleError("FILE_UNREADABLE", `The folder ${folder} cannot be read.`, "Check its permissions.", {
          cause,
        });
      }
    },
    async read(file) {
      try {
        return await readFile(at(file));
      } catch (cause) {
        if (isMissing(cause)) return null;
        throw new HaleError("FILE_UNREADABLE", `${at(file)} cannot be read.`, "Check that it is a readable file.", {
          cause,
        });
      }
    },
    write: (file, content) => writeAtomic(at(file), content),
    async append(file, text) {
      try {
        await makeFolder(folder, { file: at(file) });
        await appendFile(at(file), text);
      } catch (cause) {
        throw writeFault(at(file), cause);
      }
    },
    remove: (file) => rm(at(file), { force: true }),
  };
}
