/**
 * @file What `hale score` is to look at: files by name, globs and folders; DICOM files of a folder are put together into
 * their series, whatever they are called.
 */
import { open, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { HaleError } from "@hale/errors";
import { assembleSeries, isDicom, type Scan } from "@hale/imaging";
import type { SourceFrame, SourceInstance } from "@hale/imaging/dicom-objects";
import { readDicomFolder, readScan } from "@hale/imaging/node";
import { stemOf } from "@hale/training";
import { glob } from "tinyglobby";

/** Reads what written objects need to know of a DICOM file; throws a HaleError where it does not say enough. */
export type SourceReader = (bytes: Uint8Array, name: string) => SourceInstance;

/** A scan with, where it is a DICOM series and was asked for, the frame that each slice of it comes from. */
export interface Opened {
  scan: Scan;
  /** Throws the HaleError of a file that cannot be referred to. */
  frames?: () => SourceFrame[];
}

/** One row of the result. */
export interface Target {
  /** As it is called in the row. */
  file: string;
  /** What files about it are named by. */
  name: string;
  /** Null where the file itself is to be read, which may be a plain picture. */
  scan: (() => Promise<Opened>) | null;
}

const KINDS = "{png,jpg,jpeg,tif,tiff,nii,nii.gz,nrrd,nhdr,mha,mhd}";

/**
 * Targets of the patterns, each once, in order. Throws FILE_NOT_FOUND for a pattern that finds nothing, and what the
 * reading of DICOM folders throws. With `readSource`, series tell the frames that they come from.
 */
export async function findTargets(patterns: readonly string[], readSource?: SourceReader): Promise<Target[]> {
  const found = new Map<string, Target["scan"]>();
  for (const pattern of patterns) {
    const info = await stat(pattern).catch(() => null);
    if (info?.isFile()) found.set(pattern, null);
    else {
      const before = found.size;
      const folder = pattern.replace(/\\/g, "/").replace(/\/$/, "");
      const inside = info?.isDirectory() ? `${folder}/**/*.${KINDS}` : pattern;
      const files = await glob([inside], { caseSensitiveMatch: false, absolute: pattern.startsWith("/") });
      for (const match of files.sort()) found.set(match, null);
      if (info?.isDirectory()) for (const [file, scan] of await seriesIn(folder, readSource)) found.set(file, scan);
      if (files.length === 0 && found.size === before) {
        throw new HaleError("FILE_NOT_FOUND", `No images match ${pattern}.`, "Check the path; quote globs.");
      }
    }
  }
  return named(found);
}

/** The DICOM series below a folder; a series of one file goes by the file's name, others by the folder's. */
async function seriesIn(folder: string, readSource?: SourceReader): Promise<[string, Target["scan"]][]> {
  const absolute = folder.startsWith("/");
  const all = await glob([`${folder}/**/*`], { absolute });
  const others = all.filter((file) => !/\.[a-z]\w*$/i.test(basename(file)) || /\.(dcm|dicom|ima)$/i.test(file));
  if (!(await some(others, beginsAsDicom))) return [];
  const sources = new Map<string, () => SourceInstance>();
  const { objects, leftOut } = await readDicomFolder(folder, undefined, (bytes, name) => {
    if (readSource) sources.set(name, sourceOrFault(readSource, bytes, name));
  });
  const { series, leftOut: unused } = assembleSeries(objects);
  const many = series.filter(({ instances }) => instances.length > 1).length > 1;
  const rows = series.map(({ scan, instances, slices }, i): [string, Target["scan"]] => {
    const file =
      instances.length === 1 ? join(folder, instances[0].name) : `${folder}${many ? ` (series ${i + 1})` : ""}`;
    const frames = () => {
      const read = instances.map(({ name }) => sources.get(name)!());
      return slices.map(({ instance, frame }) => ({ instance: read[instance], frame: frame + 1 }));
    };
    return [file, async () => ({ scan, frames: readSource && frames })];
  });
  // What should be DICOM by its name, a copy perhaps, has a row of its own, that may say why it has no score.
  const damaged = [...leftOut, ...unused].filter(({ name }) => /\.(dcm|dicom|ima)$/i.test(name));
  return [
    ...rows,
    ...damaged.map(({ name }): [string, Target["scan"]] => [
      join(folder, name),
      async () => {
        const source = sources.get(name);
        return { scan: await readScan(join(folder, name)), frames: source && (() => allFrames(source())) };
      },
    ]),
  ];
}

/** The source, or what was wrong with it for whoever asks; the bytes are not kept. */
function sourceOrFault(readSource: SourceReader, bytes: Uint8Array, name: string): () => SourceInstance {
  try {
    const source = readSource(bytes, name);
    return () => source;
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    return () => {
      throw error;
    };
  }
}

/** The frames of one DICOM file, in its own order. */
export function framesOf(bytes: Uint8Array, file: string, readSource: SourceReader): () => SourceFrame[] {
  const source = sourceOrFault(readSource, bytes, file);
  return () => allFrames(source());
}

const allFrames = (instance: SourceInstance): SourceFrame[] =>
  Array.from({ length: instance.frames }, (_, k) => ({ instance, frame: k + 1 }));

async function some(files: readonly string[], test: (file: string) => Promise<boolean>): Promise<boolean> {
  for (const file of files) if (await test(file)) return true;
  return false;
}

async function beginsAsDicom(file: string): Promise<boolean> {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return false;
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(1024) });
    return isDicom(buffer.subarray(0, bytesRead));
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

/** Named by their stem, or by the whole path where several have the same. */
function named(found: ReadonlyMap<string, Target["scan"]>): Target[] {
  const stem = (file: string) => stemOf(basename(file));
  const count = new Map<string, number>();
  for (const file of found.keys()) count.set(stem(file), (count.get(stem(file)) ?? 0) + 1);
  return [...found].map(([file, scan]) => ({
    file,
    name: count.get(stem(file)) === 1 ? stem(file) : file.replace(/[\\/:]+/g, "_"),
    scan,
  }));
}
