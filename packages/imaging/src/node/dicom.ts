/** @file DICOM from disk, for Node: single files, folders, DICOMDIR and zips. */
import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { HaleError } from "@hale/core";
import { dicomFilesIn, filesOfDicomDir, isDicomDir, isZip } from "../formats/dicom/container.ts";
import { outlineDicom } from "../formats/dicom/outline.ts";
import type { DicomObject } from "../formats/dicom/read.ts";
import type { LeftOut } from "../formats/dicom/series.ts";
import { isDicom } from "../formats/dicom/start.ts";
import { readImageBytes } from "./bytes.ts";
import "./codecs.ts";
import { sharedReader } from "./reader.ts";

export interface FolderProgress {
  /** Files looked at, and files found so far in all. */
  done: number;
  total: number;
}

/** The name is that of the object: relative to the folder, behind its zip's where it lies in one. */
type OnFile = (bytes: Uint8Array, name: string) => void;

/**
 * Reads the DICOM objects of a folder with all that is below it, of a zip, of the files that a DICOMDIR lists, or of
 * one file; one after the other, in the order of their names. What is no DICOM image is left out with a reason; a zip
 * or DICOMDIR whose names lead out of it is refused. Names are relative to the folder. Symbolic links are not
 * followed. `onFile` is given the bytes of each object that was read, which are not kept.
 */
export async function readDicomFolder(
  path: string,
  onProgress: (progress: FolderProgress) => void = () => {},
  onFile: OnFile = () => {},
): Promise<{ objects: DicomObject[]; leftOut: LeftOut[] }> {
  const objects: DicomObject[] = [];
  const leftOut: LeftOut[] = [];
  for await (const found of dicomObjectsIn(path, onProgress, onFile)) {
    if ("object" in found) objects.push(found.object);
    else leftOut.push(found);
  }
  return { objects, leftOut };
}

/** The same, object by object, for those who do not keep all of them. */
export async function* dicomObjectsIn(
  path: string,
  onProgress: (progress: FolderProgress) => void = () => {},
  onFile: OnFile = () => {},
): AsyncGenerator<{ object: DicomObject } | LeftOut> {
  const stats = await lstat(await realpath(path).catch(() => path)).catch(() => null);
  if (!stats) throw new HaleError("FILE_NOT_FOUND", `There is no file or folder ${path}.`, "Check the path.");
  const { root, files, missing } = stats.isDirectory()
    ? { root: path, ...(await filesBelow(path)) }
    : await filesOfFile(path);
  yield* missing;
  for (const [i, file] of files.entries()) {
    yield* dicomObjectsOf(join(root, file), file.split(sep).join("/"), onFile);
    onProgress({ done: i + 1, total: files.length });
  }
}

interface Files {
  root: string;
  files: string[];
  missing: LeftOut[];
}

/** A DICOMDIR stands for the files that it lists, any other file for itself. */
async function filesOfFile(path: string): Promise<Files> {
  const root = dirname(path);
  const name = basename(path);
  const bytes = await readImageBytes(path, name);
  if (isZip(bytes) || !isDicom(bytes) || !isDicomDir(bytes)) return { root, files: [name], missing: [] };
  const folder = await realpath(root);
  const files: string[] = [];
  const missing: LeftOut[] = [];
  for (const file of filesOfDicomDir(bytes, name)) {
    const real = await realpath(join(root, file)).catch(() => null);
    if (real === null) missing.push({ name: file, reason: "the DICOMDIR lists it, and it is not there", lost: true });
    else if (!isBelow(folder, real))
      missing.push({ name: file, reason: "it is a link that leads out of the folder", lost: true });
    else files.push(file);
  }
  return { root, files, missing };
}

const isBelow = (folder: string, path: string) => {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && way !== path;
};

/** Files below a folder, relative to it and in the order of their names; links and devices apart. */
export async function filesBelow(root: string): Promise<{ files: string[]; missing: LeftOut[] }> {
  const files: string[] = [];
  const missing: LeftOut[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) files.push(path);
      else missing.push({ name: path, reason: "it is a link or a device", lost: false });
    }
  }
  return { files: files.sort(), missing };
}

/** The DICOM objects of one file or zip that is called `name`; what is none is left out with a reason. */
export async function* dicomObjectsOf(
  path: string,
  name: string,
  onFile: OnFile,
): AsyncGenerator<{ object: DicomObject } | LeftOut> {
  try {
    const bytes = await readImageBytes(path, name);
    if (!isZip(bytes)) {
      yield await objectOf(bytes, name, onFile);
      return;
    }
    for (const entry of dicomFilesIn(bytes, name)) {
      const inside = `${name}/${entry.name}`;
      if ("reason" in entry) yield { name: inside, reason: entry.reason, lost: true };
      else yield await objectOf(entry.bytes, inside, onFile);
    }
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    yield { name, reason: error.fault, lost: true };
  }
}

async function objectOf(bytes: Uint8Array, name: string, onFile: OnFile): Promise<{ object: DicomObject } | LeftOut> {
  if (!isDicom(bytes)) return { name, reason: "it is not DICOM", lost: false };
  if (isDicomDir(bytes)) return { name, reason: "it is a DICOMDIR, a list of other files", lost: false };
  try {
    const object = await sharedReader().dicom({ bytes }, name);
    onFile(bytes, name);
    return { object };
  } catch (error) {
    if (error instanceof HaleError && error.code !== "FILE_NOT_FOUND") {
      return { name, reason: error.fault, lost: mayHavePixels(bytes, name) };
    }
    throw error;
  }
}

/** A report or a plan is no loss to a series; what cannot be told may be one. */
function mayHavePixels(bytes: Uint8Array, name: string): boolean {
  try {
    return outlineDicom(bytes, name).hasPixels;
  } catch {
    return true;
  }
}
