/**
 * @file What is to be looked at: files by name, globs and folders; DICOM files of a folder are put together into
 * their series, whatever they are called.
 */
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HaleError } from "@hale/core";
import { isDicom, isZip, READERS, readerNamed } from "@hale/imaging";
import type { SourceInstance } from "@hale/imaging/dicom-objects";
import { readDicomFolder } from "@hale/imaging/node";
import { glob } from "tinyglobby";
import { type SourceReader, sourceOrFault } from "../sources.ts";
import type { Target } from "../target.ts";
import { headOf } from "./head.ts";
import { named } from "./named.ts";
import { openFile, openStream } from "./open-file.ts";
import { DICOM, type OpenTarget, seriesTargets } from "./series.ts";

/** Stands for the image that is given on standard input. */
const STANDARD_INPUT = "-";

/** How a target opens; null where its file is read as it is. */
type Open = OpenTarget | null;

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
  return named([...found].map(([file, open]) => [file, open ?? (() => openFile(file, readSource))]));
}

/**
 * The DICOM series below a folder, in a zip, or of a DICOMDIR (`path`); a series of one file goes by the file's name, in
 * `root`, others by the path.
 */
async function seriesIn(path: string, root: string, readSource?: SourceReader): Promise<[string, OpenTarget][]> {
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
  return seriesTargets(
    { objects, leftOut, sources: readSource ? sources : null },
    { fileOf: (name) => join(root, name), whole: path, open: (name) => openFile(join(root, name), readSource) },
  );
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
