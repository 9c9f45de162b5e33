/**
 * @file What `hale score` is to look at: files by name, globs and folders; DICOM files of a folder are put together into
 * their series, whatever they are called.
 */
import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HaleError } from "@hale/core";
import { stemOf } from "@hale/data";
import { assembleSeries, isDicom, isLocalizer, isZip, READERS, readerNamed } from "@hale/imaging";
import type { SourceInstance } from "@hale/imaging/dicom-objects";
import { readDicomFolder } from "@hale/imaging/node";
import { glob } from "tinyglobby";
import { type SourceReader, sourceOrFault } from "../sources.ts";
import type { Opened, Target } from "../target.ts";
import { openFile, openStream } from "./open-file.ts";

/** Stands for the image that is given on standard input. */
const STANDARD_INPUT = "-";

/** How a target opens; null where its file is read as it is. */
type Open = (() => Promise<Opened>) | null;

const DICOM = READERS.find(({ kind }) => kind === "dicom")!;
/** Of all formats whose files stand alone; DICOM files are found by what they hold, and put together into series. */
const EXTENSIONS = READERS.filter((reader) => reader !== DICOM).flatMap(({ extensions }) => extensions);

/**
 * Targets of the patterns, each file once, in order. Links in a folder are not followed: they may lead out of it, or to what is there already. Throws FILE_NOT_FOUND for a pattern that finds nothing, and what the
 * reading of DICOM folders throws. With `readSource`, series tell the frames that they come from.
 */
export async function findTargets(patterns: readonly string[], readSource?: SourceReader): Promise<Target[]> {
  const found = new Map<string, Open>();
  /** Where files really are: none is scored twice, whatever it is called. */
  const seen = new Set<string>();
  const add = async (file: string, open: Open) => {
    const real = await realpath(file).catch(() => file);
    if (open === null && seen.has(real)) return;
    if (open === null) seen.add(real);
    found.set(file, open);
  };
  for (const pattern of patterns) {
    if (pattern === STANDARD_INPUT) {
      await add(pattern, () => openStream(process.stdin, "Standard input", readSource));
      continue;
    }
    const info = await stat(pattern).catch(() => null);
    let matches = 0;
    if (info?.isDirectory()) {
      const folder = pattern.replace(/\\/g, "/").replace(/(.)\/$/, "$1");
      const names = `**/*.{${EXTENSIONS.join(",")}}`;
      const files = await glob([names], { caseSensitiveMatch: false, cwd: folder, followSymbolicLinks: false });
      const series = await seriesIn(folder, folder, readSource);
      matches = files.length + series.length;
      for (const file of files.sort()) await add(join(folder, file), null);
      for (const [file, scan] of series) await add(file, scan);
    } else if (info?.isFile() && (await isCollection(pattern))) {
      const series = await seriesIn(pattern, dirname(pattern), readSource);
      matches = series.length;
      for (const [file, scan] of series) await add(file, scan);
    } else if (info?.isFile()) {
      matches = 1;
      await add(pattern, null);
    } else {
      const options = { caseSensitiveMatch: false, absolute: pattern.startsWith("/"), followSymbolicLinks: false };
      const files = await glob([pattern], options);
      matches = files.length;
      for (const match of files.sort()) await add(match, null);
    }
    if (matches === 0) {
      throw new HaleError(
        "FILE_NOT_FOUND",
        `No images match ${pattern} in ${process.cwd()}.`,
        "Check the path; quote globs. Links in a folder are not followed.",
      );
    }
  }
  return named(found, readSource);
}

/**
 * The DICOM series below a folder, in a zip, or of a DICOMDIR (`path`); a series of one file goes by the file's name, in
 * `root`, others by the path.
 */
async function seriesIn(path: string, root: string, readSource?: SourceReader): Promise<[string, Open][]> {
  if (path === root) {
    const all = await glob(["**/*"], { cwd: root, followSymbolicLinks: false });
    const others = all.filter(
      (file) => !/\.[a-z]\w*$/i.test(basename(file)) || readerNamed(file) === DICOM || /\.zip$/i.test(file),
    );
    if (!(await some(others, (file) => beginsAsDicomOrZip(join(root, file))))) return [];
  }
  const sources = new Map<string, () => SourceInstance>();
  const { objects, leftOut } = await readDicomFolder(path, undefined, (bytes, name) => {
    if (readSource) sources.set(name, sourceOrFault(readSource, bytes, name));
  });
  const { series, leftOut: unused } = assembleSeries(objects);
  const names = numbered(
    series.map(({ instances }) => (instances.length === 1 ? join(root, instances[0].name) : path)),
    (name, number) => `${name} (series ${number})`,
  );
  const rows = series.map(({ scan, instances, slices, notes }, i): [string, Open] => {
    const file = names[i];
    if (isLocalizer(instances[0].imageType)) return [file, refuseLocalizer];
    const frames = () => {
      const read = instances.map(({ name }) => sources.get(name)!());
      return slices.map(({ instance, frame }) => ({ instance: read[instance], frame: frame + 1 }));
    };
    return [file, async () => ({ kind: "scan", scan, frames: readSource && frames, notes })];
  });
  // What is lost has a row that says why; so has what should be DICOM by its name, a copy perhaps.
  const others = [...leftOut, ...unused].filter(({ name, lost }) => lost || readerNamed(name) === DICOM);
  return [
    ...rows,
    ...others.map(({ name, reason, lost, cause }): [string, Open] => [
      join(root, name),
      async () => {
        if (lost) throw new HaleError("IMAGE_CORRUPT", `${sentence(reason)}`, REMEDIES[cause ?? "unread"]);
        return openFile(join(root, name), readSource);
      },
    ]),
  ];
}

/** As an import leaves them out. */
async function refuseLocalizer(): Promise<never> {
  throw new HaleError(
    "IMAGE_UNSUPPORTED",
    "It is a localizer, which only shows where other images lie.",
    "Score it by its own name where you mean it.",
  );
}

/** What to do about a file that is in no scan. */
const REMEDIES = {
  unread: "Its series was scored without it.",
  mixed: "Fetch the missing images, or score each stack in a folder of its own.",
  "too-large": "Score parts of it.",
} as const;

const sentence = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

/** Names that occur several times get numbers, from 1. */
function numbered(names: readonly string[], form: (name: string, number: number) => string): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    if (names.filter((other) => other === name).length === 1) return name;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return form(name, seen.get(name)!);
  });
}

async function some(files: readonly string[], test: (file: string) => Promise<boolean>): Promise<boolean> {
  for (const file of files) if (await test(file)) return true;
  return false;
}

async function beginsAsDicomOrZip(file: string): Promise<boolean> {
  const head = await headOf(file);
  return isZip(head) || isDicom(head);
}

/** A zip, or a DICOMDIR by its name (PS3.10, 8.6). */
async function isCollection(file: string): Promise<boolean> {
  return /^dicomdir$/i.test(basename(file)) || isZip(await headOf(file));
}

/** The first kilobyte of a file; nothing where it cannot be read. */
async function headOf(file: string): Promise<Uint8Array> {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return new Uint8Array(0);
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(1024) });
    return buffer.subarray(0, bytesRead);
  } catch {
    return new Uint8Array(0);
  } finally {
    await handle.close();
  }
}

/** Named by their stem, or by the whole path where several have the same; whatever the disk thinks of capitals. */
function named(found: ReadonlyMap<string, Open>, readSource?: SourceReader): Target[] {
  const stems = [...found.keys()].map((file) => stemOf(basename(resolve(file))));
  const count = new Map<string, number>();
  for (const stem of stems) count.set(stem.toLowerCase(), (count.get(stem.toLowerCase()) ?? 0) + 1);
  const taken = new Set<string>();
  return [...found].map(([file, open], i) => {
    const wanted = count.get(stems[i].toLowerCase()) === 1 ? stems[i] : file.replace(/[\\/:]+/g, "_");
    let name = wanted;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted} (${number})`;
    taken.add(name.toLowerCase());
    return { file, name, open: open ?? (() => openFile(file, readSource)) };
  });
}
