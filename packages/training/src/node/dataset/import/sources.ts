/**
 * @file The files that an import looks at. Their names may be patients' names: errors speak of "source 2", and only the
 * table beside the key holds a path.
 */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { HaleError } from "@hale/errors";
import { readImageBytes } from "@hale/imaging/node";

/** One file, or one entry of an archive. */
export interface SourceFile {
  /** Relative to its source, with forward slashes: what labels go by. */
  path: string;
  /** Where it is on this machine; for the table beside the key. */
  place: string;
  /** Its bytes, of at most 512 MB. Throws HaleErrors that name `name`. */
  read(name: string): Promise<Uint8Array>;
}

export interface Listing {
  files: SourceFile[];
  /** Links, which are not followed: they could lead anywhere. */
  links: number;
}

/** Beyond this it is not a collection but somebody's disk. */
const MAX_FILES = 1_000_000;
const KINDS = /^(normal|abnormal|unlabelled|masks|train|val|test)$/;

/**
 * All files of the sources (files and folders), sorted by place, each once. Hidden files and what lies in `out` are passed
 * over. A folder that is itself called like a kind (`scans/normal`) keeps that name in its files' paths. Throws
 * FILE_NOT_FOUND, FILE_UNREADABLE or DATASET_INVALID.
 */
export async function listSources(sources: readonly string[], out: string): Promise<Listing> {
  const found = new Map<string, SourceFile>();
  const avoid = await realpath(out).catch(() => resolve(out));
  let links = 0;
  const add = (place: string, path: string) => {
    if (found.size >= MAX_FILES) {
      throw new HaleError(
        "DATASET_INVALID",
        `There are more than ${MAX_FILES} files.`,
        "Import the folders of a collection one by one; the same --out takes them all.",
      );
    }
    if (!found.has(place)) found.set(place, { path, place, read: (name) => readImageBytes(place, name) });
  };
  const visit = async (folder: string, path: string, number: number): Promise<void> => {
    if (folder === avoid) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
      throw new HaleError(
        "FILE_UNREADABLE",
        `A folder of source ${number} cannot be read.`,
        "Check the permissions of the folders in it.",
      );
    });
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const place = join(folder, entry.name);
      const inside = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) await visit(place, inside, number);
      else if (entry.isFile()) add(place, inside);
      else if (entry.isSymbolicLink()) links++;
    }
  };
  for (const [index, source] of sources.entries()) {
    const number = index + 1;
    const place = await realpath(source).catch(() => {
      throw new HaleError(
        "FILE_NOT_FOUND",
        `There is no file or folder that source ${number} names.`,
        "Check its path.",
      );
    });
    const info = await stat(place);
    if (place === avoid) throw inOut(number);
    if (info.isFile()) add(place, basename(place));
    else await visit(place, kindsAbove(place), number);
  }
  const files = [...found.values()].sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  return { files, links };
}

function inOut(number: number): HaleError {
  return new HaleError(
    "OPTION_INVALID",
    `Source ${number} is the folder of --out itself.`,
    "Name a new folder, or that of an earlier import, with --out.",
  );
}

/** "normal" of `/x/normal`, "train/normal" of `/x/train/normal`, "" of `/x`. */
function kindsAbove(place: string): string {
  const parts = place.split(sep);
  let from = parts.length;
  while (from > 0 && KINDS.test(parts[from - 1])) from--;
  return parts.slice(from).join("/");
}
