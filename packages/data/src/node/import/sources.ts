/**
 * @file The files that an import looks at. Their names may be patients' names: errors speak of "source 2", and only the
 * table beside the key holds a path.
 */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { HaleError } from "@hale/core";
import { dicomFilesIn, filesOfDicomDir, isDicom, isDicomDir, isZip } from "@hale/imaging";
import { readImageBytes, readSibling } from "@hale/imaging/node";
import type { Reason } from "../../import/records.ts";

/** One file, or one entry of an archive. */
export interface SourceFile {
  /** Relative to its source, with forward slashes: what labels go by. */
  path: string;
  /** Where it is on this machine; for the table beside the key. */
  place: string;
  /** Its bytes, of at most 512 MB. Throws a HaleError (which may name the file: never show its sentence). */
  read(): Promise<Uint8Array>;
  /** Those of the file called `name` beside it; null where there is none. */
  sibling(name: string): Promise<Uint8Array | null>;
}

export interface Listing {
  files: SourceFile[];
  /** Places of what cannot be looked at. */
  leftOut: { place: string; reason: Reason }[];
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
  const leftOut: Listing["leftOut"] = [];
  const add = (place: string, path: string) => {
    if (found.size >= MAX_FILES) {
      throw new HaleError(
        "DATASET_INVALID",
        `There are more than ${MAX_FILES} files.`,
        "Import the folders of a collection one by one; the same data set takes them all.",
      );
    }
    if (!found.has(place)) found.set(place, fileAt(place, path));
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
      else if (entry.isSymbolicLink()) leftOut.push({ place, reason: "link" });
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
    if (info.isFile()) {
      const listed = await listedBy(place);
      if (listed === null) add(place, basename(place));
      for (const path of listed?.files ?? []) add(join(dirname(place), path), path);
      leftOut.push(...(listed?.leftOut ?? []));
    } else await visit(place, kindsAbove(place), number);
  }
  const files = [...found.values()].sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  return { files, leftOut };
}

function fileAt(place: string, path: string): SourceFile {
  return { path, place, read: () => readImageBytes(place), sibling: (name) => readSibling(place, name) };
}

/** The files that a DICOMDIR lists; null for any other file. */
async function listedBy(place: string): Promise<{ files: string[]; leftOut: Listing["leftOut"] } | null> {
  const bytes = await readImageBytes(place).catch(() => null);
  if (bytes === null || isZip(bytes) || !isDicom(bytes) || !isDicomDir(bytes)) return null;
  const folder = dirname(place);
  const listing: Awaited<ReturnType<typeof listedBy>> = { files: [], leftOut: [] };
  let paths: string[];
  try {
    paths = filesOfDicomDir(bytes, "");
  } catch {
    // It is damaged, or lists files elsewhere.
    return { files: [], leftOut: [{ place, reason: "damaged" }] };
  }
  for (const path of paths) {
    const real = await realpath(join(folder, path)).catch(() => null);
    if (real === null) listing.leftOut.push({ place: join(folder, path), reason: "missing" });
    else if (!real.startsWith(folder + sep)) listing.leftOut.push({ place: join(folder, path), reason: "link" });
    else listing.files.push(path);
  }
  return listing;
}

/** The file itself, or what lies in it where it is a zip: each entry, or why it cannot be had. */
export async function* unpacked(
  file: SourceFile,
): AsyncGenerator<{ file: SourceFile; bytes: Uint8Array } | { place: string; reason: Reason }> {
  let bytes: Uint8Array;
  try {
    bytes = await file.read();
  } catch (error) {
    yield { place: file.place, reason: reasonOf(error) };
    return;
  }
  if (!isZip(bytes)) {
    yield { file, bytes };
    return;
  }
  try {
    for (const entry of dicomFilesIn(bytes, "")) {
      const name = entry.name.replaceAll("\\", "/");
      if (/(^|\/)(\.|__MACOSX\/)/.test(name)) continue;
      if ("reason" in entry) yield { place: `${file.place}/${name}`, reason: "damaged" };
      else yield { file: entryOf(file, entry.name), bytes: entry.bytes };
    }
  } catch (error) {
    yield { place: file.place, reason: reasonOf(error) };
  }
}

function entryOf(zip: SourceFile, entry: string): SourceFile {
  const name = entry.replaceAll("\\", "/");
  const find = async (wanted: string): Promise<Uint8Array | null> => {
    for (const found of dicomFilesIn(await zipBytes(zip), "", undefined, (other) => other === wanted)) {
      if ("bytes" in found) return found.bytes;
    }
    return null;
  };
  const folder = entry.slice(0, entry.length - name.slice(name.lastIndexOf("/") + 1).length);
  return {
    path: `${zip.path}/${name}`,
    place: `${zip.place}/${name}`,
    async read() {
      const bytes = await find(entry);
      if (bytes === null) throw new HaleError("FILE_UNREADABLE", "An entry of a zip is gone.", "Run the import again.");
      return bytes;
    },
    sibling: (other) => (/[/\\]/.test(other) ? Promise.resolve(null) : find(folder + other)),
  };
}

/** The bytes of the zip that was read last: the entries of a series follow each other. */
let lastZip: { place: string; bytes: Uint8Array } | null = null;

async function zipBytes(zip: SourceFile): Promise<Uint8Array> {
  if (lastZip?.place !== zip.place) lastZip = { place: zip.place, bytes: await zip.read() };
  return lastZip.bytes;
}

/** Lets go of what was kept for the next entry of a zip. */
export function forgetZip(): void {
  lastZip = null;
}

/** Why a file that cannot be read is left out. */
export function reasonOf(error: unknown): Reason {
  if (!(error instanceof HaleError)) return "damaged";
  if (error.code === "IMAGE_UNSUPPORTED") return "unsupported";
  if (error.code === "IMAGE_TOO_LARGE") return "too-large";
  return error.code.startsWith("FILE_") ? "unreadable" : "damaged";
}

function inOut(number: number): HaleError {
  return new HaleError(
    "OPTION_INVALID",
    `Source ${number} is the folder of the data set itself.`,
    "Name a new folder, or that of an earlier import.",
    { setting: "out" },
  );
}

/** "normal" of `/x/normal`, "train/normal" of `/x/train/normal`, "" of `/x`. */
function kindsAbove(place: string): string {
  const parts = place.split(sep);
  let from = parts.length;
  while (from > 0 && KINDS.test(parts[from - 1])) from--;
  return parts.slice(from).join("/");
}
