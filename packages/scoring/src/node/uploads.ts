/**
 * @file Files that somebody sent, as what is to be scored: they lie on disk under names of ours, and are called by their own.
 * The same findings as for files of a folder: DICOM files are put together into their series, headers find their data.
 */
import { HaleError } from "@hale/core";
import { type DicomObject, isDicom, isZip, type LeftOut, readerNamed } from "@hale/imaging";
import type { SourceInstance } from "@hale/imaging/dicom-objects";
import { dicomObjectsOf, readImageBytes } from "@hale/imaging/node";
import { type SourceReader, sourceOrFault } from "../sources.ts";
import type { Opened, Target } from "../target.ts";
import { headOf } from "./head.ts";
import { named } from "./named.ts";
import { opened, openFile } from "./open-file.ts";
import { type OpenTarget, type ReadObjects, seriesTargets } from "./series.ts";

export interface SentFile {
  /** Where it is. */
  path: string;
  /** What it is called: a bare name, different for each file of a call. */
  name: string;
}

/** Headers whose data lie in a file beside them. */
const DETACHED = /\.(mhd|nhdr|hdr)$/i;

/**
 * Targets of the files, in order: each image by itself, and the series of several DICOM files or of a zip. With `readSource`,
 * they tell the frames that they come from. Throws IMAGE_UNSUPPORTED where there is nothing among them to be scored, and
 * what the reading of DICOM files throws.
 */
export async function sentTargets(files: readonly SentFile[], readSource?: SourceReader): Promise<Target[]> {
  const heads = await Promise.all(files.map(({ path }) => headOf(path)));
  const isZipped = (i: number) => isZip(heads[i]);
  const dicom = files.filter((_, i) => isZipped(i) || isDicom(heads[i]));
  const alone = dicom.length === 1 && !isZipped(files.indexOf(dicom[0]));
  const others = files.filter((file) => alone || !dicom.includes(file));
  const detached = others.some(({ name }) => DETACHED.test(name));
  const images = others.filter(({ name }) => !detached || readerNamed(name) !== null);
  const found = images.map((file): [string, OpenTarget] => [file.name, () => openSent(file, others, readSource)]);
  if (!alone && dicom.length > 0) {
    const whole = dicom.length === 1 ? dicom[0].name : "series";
    const places = new Map(dicom.map(({ name, path }) => [name, path]));
    const open = (name: string) => openFile(places.get(name)!, readSource, name);
    found.push(...seriesTargets(await readObjects(dicom, readSource), { fileOf: (name) => name, whole, open }));
  }
  if (found.length > 0) return named(found);
  throw new HaleError(
    "IMAGE_UNSUPPORTED",
    `There is no image in ${files.map(({ name }) => name).join(", ") || "what was sent"}.`,
    "Send pictures, scans or DICOM files; a zip may hold DICOM files.",
  );
}

async function readObjects(files: readonly SentFile[], readSource?: SourceReader): Promise<ReadObjects> {
  const objects: DicomObject[] = [];
  const leftOut: LeftOut[] = [];
  const sources = new Map<string, () => SourceInstance>();
  for (const { path, name } of files) {
    const read = dicomObjectsOf(path, name, (bytes, inside) => {
      if (readSource) sources.set(inside, sourceOrFault(readSource, bytes, inside));
    });
    for await (const one of read) {
      if ("object" in one) objects.push(one.object);
      else leftOut.push(one);
    }
  }
  return { objects, leftOut, sources: readSource ? sources : null };
}

async function openSent(
  { path, name }: SentFile,
  others: readonly SentFile[],
  readSource?: SourceReader,
): Promise<Opened> {
  if (!DETACHED.test(name)) return openFile(path, readSource, name);
  const beside = others.filter((other) => other.name !== name);
  const companions = Object.fromEntries(
    await Promise.all(beside.map(async (other) => [other.name, await readImageBytes(other.path, other.name)])),
  );
  return opened({ bytes: await readImageBytes(path, name), companions }, name);
}
