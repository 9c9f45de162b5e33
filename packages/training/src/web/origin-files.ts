/**
 * @file The files of a run in the origin's private file system: on this machine's disk, within what the browser grants the page,
 * and seen by no other page. Only pages that were served securely have it.
 */
import { HaleError } from "@hale/core";
import type { RunFiles } from "../run/files.ts";

/** The folder of all runs, in the origin's root. */
const RUNS = "hale-runs";

/** A folder of the origin's private file system, with what TypeScript's own types lack. */
export interface Folder extends FileSystemDirectoryHandle {
  entries(): AsyncIterableIterator<[string, FileSystemFileHandle | FileSystemDirectoryHandle]>;
}

/** The folder of all runs, made where it is missing. Throws FILE_UNWRITABLE where the browser grants a page no files. */
export async function runsFolder(): Promise<Folder> {
  try {
    const root = await navigator.storage.getDirectory();
    return (await root.getDirectoryHandle(RUNS, { create: true })) as Folder;
  } catch (cause) {
    throw new HaleError(
      "FILE_UNWRITABLE",
      `This browser keeps no files for the page (${(cause as Error).message}).`,
      "Open it through https or localhost and not in a private window, or train without keeping anything.",
      { cause },
    );
  }
}

const isMissing = (cause: unknown) => (cause as Error).name === "NotFoundError";

function writeFault(name: string, cause: unknown): HaleError {
  if ((cause as Error).name === "QuotaExceededError") {
    return new HaleError(
      "DISK_FULL",
      `The browser gives this page no more storage: ${name} could not be written.`,
      "Erase runs that are kept, free some space on the disk, and go on from the last checkpoint.",
      { cause },
    );
  }
  return new HaleError(
    "FILE_UNWRITABLE",
    `${name} cannot be written (${(cause as Error).message}).`,
    "Reload the page and go on from the last checkpoint.",
    { cause },
  );
}

/** The files of a run, or of a folder in it; `path` are the folders from that of all runs. Nothing is made before it is written. */
export function originFiles(path: readonly string[], name = path.join("/")): RunFiles {
  async function folder(create: boolean): Promise<Folder | null> {
    let at: FileSystemDirectoryHandle = await runsFolder();
    try {
      for (const part of path) at = await at.getDirectoryHandle(part, { create });
      return at as Folder;
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
  }
  async function put(file: string, content: Uint8Array | string, append: boolean): Promise<void> {
    try {
      const handle = await (await folder(true))!.getFileHandle(file, { create: true });
      // What is written lies beside the file until it is closed, so that a closed tab leaves the old one or the new one.
      const stream = await handle.createWritable({ keepExistingData: append });
      try {
        if (append) await stream.seek((await handle.getFile()).size);
        await stream.write(content as Uint8Array<ArrayBuffer> | string);
        await stream.close();
      } catch (cause) {
        await stream.abort().catch(() => {});
        throw cause;
      }
    } catch (cause) {
      throw cause instanceof HaleError ? cause : writeFault(`${name}/${file}`, cause);
    }
  }
  return {
    name,
    within: (inner) => originFiles([...path, inner], `${name}/${inner}`),
    async list() {
      const files: string[] = [];
      const here = await folder(false);
      if (here) for await (const [file, { kind }] of here.entries()) if (kind === "file") files.push(file);
      return files;
    },
    async read(file) {
      try {
        const handle = await (await folder(false))?.getFileHandle(file);
        // An empty file is one that was made for a write that never ended.
        const blob = await handle?.getFile();
        return blob && blob.size > 0 ? new Uint8Array(await blob.arrayBuffer()) : null;
      } catch (cause) {
        if (isMissing(cause)) return null;
        throw new HaleError("FILE_UNREADABLE", `${name}/${file} cannot be read.`, "Reload the page.", { cause });
      }
    },
    write: (file, content) => put(file, content, false),
    append: (file, text) => put(file, text, true),
    async remove(file) {
      await (await folder(false))?.removeEntry(file).catch((cause: unknown) => {
        if (!isMissing(cause)) throw writeFault(`${name}/${file}`, cause);
      });
    },
  };
}
