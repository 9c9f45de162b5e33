/**
 * @file What a page was given (files, folders, zips) as sources of images: a file by itself, with the files beside it that
 * it needs, or all DICOM files of one series. Nothing is kept but where the bytes are, so that a source can be opened again.
 */
import { HaleError, isUnreadableImage } from "@hale/core";
import { stemOf } from "@hale/data";
import {
  assembleSeries,
  bareName,
  dicomFilesIn,
  type GuardedReader,
  HEAD_BYTES,
  isDicom,
  isDicomDir,
  isZip,
  oneScan,
  outlineDicom,
  pictureOf,
  readerNamed,
  readerOf,
} from "@hale/imaging";
import { type SourceReader, sourceOrFault } from "../sources.ts";
import type { Opened } from "../target.ts";

/** A file with the path that it has in what was dropped. */
export interface GivenFile {
  path: string;
  blob: Blob;
}

/** A file of a drop or of a zip in it. */
interface Member {
  path: string;
  bytes(): Promise<Uint8Array>;
}

/** One file, or one DICOM series. */
export interface ImageSource {
  /** What it is called in tables: its path, or of a series the folder and the number of files. */
  file: string;
  /** What files about it are named by. */
  name: string;
  series: boolean;
  /** Files that it is made of; those of a series in no order. */
  members: readonly Member[];
  /** Files beside it, by bare name in small letters. */
  beside: ReadonlyMap<string, Member>;
  /** Why it cannot be opened, where that is known already. */
  fault?: HaleError;
}

export interface FoundSources {
  sources: ImageSource[];
  /** Files that are no images, nor called like one. */
  others: string[];
}

/** Bytes by which a file's kind is told; a DICOM file's lie behind its preamble. */
const HEAD = Math.max(HEAD_BYTES, 1024);

/** Beginnings of files that are read before their turn: most of the time goes into asking for them. */
const AHEAD = 64;

/**
 * Sources of all that was given, in the order of their paths. A zip is looked into, not a zip inside it. What cannot be read is a
 * source with a fault, so that it has a row. `signal` ends the search.
 */
export async function findSources(
  files: readonly GivenFile[],
  onProgress: (done: number, total: number) => void = () => {},
  signal?: AbortSignal,
): Promise<FoundSources> {
  const found: FoundSources = { sources: [], others: [] };
  const series = new Map<string, Member[]>();
  const plain: { member: Member; head: Uint8Array }[] = [];
  const ordered = [...files].sort((a, b) => compare(a.path, b.path));
  const heads: Promise<ArrayBuffer>[] = [];
  for (const [i, { path, blob }] of ordered.entries()) {
    signal?.throwIfAborted();
    while (heads.length < Math.min(ordered.length, i + AHEAD)) {
      const head = ordered[heads.length].blob.slice(0, HEAD).arrayBuffer();
      // It is asked for below; until then nobody hears of a fault.
      head.catch(() => {});
      heads.push(head);
    }
    try {
      const head = new Uint8Array(await heads[i]);
      if (!isZip(head)) await sort({ path, bytes: async () => new Uint8Array(await blob.arrayBuffer()) }, head);
      else await lookInto(blob, path);
    } catch (error) {
      found.sources.push(broken(path, refusalOf(error, path)));
    }
    onProgress(i + 1, ordered.length);
  }

  async function lookInto(blob: Blob, path: string): Promise<void> {
    for (const entry of dicomFilesIn(await zipBytes(blob), path, undefined, isOwnFile)) {
      signal?.throwIfAborted();
      const inside = `${path}/${entry.name}`;
      if ("reason" in entry) {
        const fault = new HaleError("IMAGE_CORRUPT", `${inside}: ${entry.reason}.`, "Pack it again.");
        found.sources.push(broken(inside, fault));
      } else {
        const bytes = async () => fromZip(await zipBytes(blob), path, entry.name);
        await sort({ path: inside, bytes }, entry.bytes, entry.bytes);
      }
    }
  }

  /** Puts a file where it belongs. */
  async function sort(member: Member, head: Uint8Array, known?: Uint8Array): Promise<void> {
    if (!isDicom(head)) {
      plain.push({ member, head: head.slice(0, HEAD) });
      return;
    }
    const bytes = known ?? (await member.bytes());
    if (isDicomDir(bytes)) return;
    let key: string;
    try {
      const { instance, hasPixels } = outlineDicom(bytes, member.path);
      // Reports and plans are no images; nobody misses them.
      if (!hasPixels) {
        found.others.push(member.path);
        return;
      }
      key = instance?.seriesUid ? `${instance.studyUid} ${instance.seriesUid}` : `alone ${member.path}`;
    } catch (error) {
      found.sources.push(broken(member.path, refusalOf(error, member.path)));
      return;
    }
    series.set(key, [...(series.get(key) ?? []), member]);
  }

  const byFolder = new Map<string, Map<string, Member>>();
  for (const { member } of plain) {
    const folder = folderOf(member.path);
    const inside = byFolder.get(folder) ?? new Map<string, Member>();
    inside.set(bareName(member.path).toLowerCase(), member);
    byFolder.set(folder, inside);
  }
  const needed = new Set<Member>();
  for (const { member, head } of plain) {
    const beside = byFolder.get(folderOf(member.path))!;
    for (const name of companionsOf(head, member.path)) {
      const companion = beside.get(name.toLowerCase());
      if (companion && companion !== member) needed.add(companion);
    }
  }
  for (const { member, head } of plain) {
    const known = readerOf(head) !== null;
    if (!known && (needed.has(member) || readerNamed(member.path) === null)) {
      if (!needed.has(member)) found.others.push(member.path);
      continue;
    }
    const beside = byFolder.get(folderOf(member.path))!;
    found.sources.push({ file: member.path, name: stem(member.path), series: false, members: [member], beside });
  }
  for (const members of series.values()) {
    const [first] = members;
    const file = members.length === 1 ? first.path : `${folderOf(first.path) || "."} (${members.length} files)`;
    const name = members.length === 1 ? stem(first.path) : stem(folderOf(first.path) || first.path);
    found.sources.push({ file, name, series: true, members, beside: new Map() });
  }
  found.sources.sort((a, b) => compare(a.members[0]?.path ?? a.file, b.members[0]?.path ?? b.file));
  return { ...found, sources: distinct(found.sources) };
}

/**
 * Reads a source in the reader's worker: one picture or scan of a file, of a series as many scans as it makes. Throws what
 * `GuardedReader.read` throws, and IMAGE_UNSUPPORTED for a file of several scans. With `readSource`, DICOM scans tell their frames.
 */
export async function openSource(
  source: ImageSource,
  reader: GuardedReader,
  readSource?: SourceReader,
): Promise<Opened[]> {
  if (source.fault) throw source.fault;
  if (source.series) return openSeries(source, reader, readSource);
  const [member] = source.members;
  const bytes = await member.bytes();
  const companions: Record<string, Uint8Array> = {};
  for (const name of companionsOf(bytes, member.path)) {
    const companion = source.beside.get(name.toLowerCase());
    if (companion && companion !== member) companions[name] = await companion.bytes();
  }
  const name = bareName(member.path);
  const scan = oneScan(await reader.read({ bytes, companions }, name, true), name);
  const raster = pictureOf(scan);
  return [raster ? { kind: "picture", raster } : { kind: "scan", scan }];
}

async function openSeries(
  { file, members }: ImageSource,
  reader: GuardedReader,
  readSource?: SourceReader,
): Promise<Opened[]> {
  const objects = [];
  const faults: HaleError[] = [];
  const sources = new Map<string, ReturnType<typeof sourceOrFault>>();
  for (const member of members) {
    const bytes = await member.bytes();
    if (readSource) sources.set(member.path, sourceOrFault(readSource, bytes, member.path));
    try {
      objects.push(await reader.dicom({ bytes }, member.path, true));
    } catch (error) {
      if (!isUnreadableImage(error)) throw error;
      faults.push(error);
    }
  }
  const { series, leftOut } = assembleSeries(objects);
  const lost = [...faults.map(({ fault }) => fault), ...leftOut.filter((one) => one.lost).map(({ reason }) => reason)];
  if (series.length === 0) {
    throw faults[0] ?? new HaleError("IMAGE_CORRUPT", `${file} makes no scan: ${lost[0]}.`, "Fetch it again.");
  }
  return series.map(({ scan, instances, slices, notes }): Opened => {
    const frames = () => {
      const read = instances.map(({ name }) => sources.get(name)!());
      return slices.map(({ instance, frame }) => ({ instance: read[instance], frame: frame + 1 }));
    };
    return { kind: "scan", scan, notes: [...notes, ...lost], ...(readSource && { frames }) };
  });
}

const compare = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });
const folderOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const stem = (path: string) => stemOf(bareName(path));

const companionsOf = (bytes: Uint8Array, path: string): string[] =>
  readerOf(bytes)?.companions?.(bytes, bareName(path)) ?? [];

/** What Apple's archiver adds is about files, and no file. */
const isOwnFile = (entry: string) => !/(^|\/)(__MACOSX|\.)/.test(entry);

/** The zip that was read last, since files of one are opened one after the other. */
let lastZip: { blob: Blob; bytes: Promise<Uint8Array> } | null = null;

function zipBytes(blob: Blob): Promise<Uint8Array> {
  if (lastZip?.blob !== blob) lastZip = { blob, bytes: blob.arrayBuffer().then((buffer) => new Uint8Array(buffer)) };
  return lastZip.bytes;
}

function fromZip(zip: Uint8Array, name: string, wanted: string): Uint8Array {
  for (const found of dicomFilesIn(zip, name, undefined, (entry) => entry === wanted)) {
    if ("bytes" in found) return found.bytes;
    throw new HaleError("IMAGE_CORRUPT", `${wanted} cannot be read: ${found.reason}.`, "Pack the zip again.");
  }
  throw new HaleError("FILE_NOT_FOUND", `${name} no longer holds ${wanted}.`, "Drop it again.");
}

const broken = (path: string, fault: HaleError): ImageSource => ({
  file: path,
  name: stem(path),
  series: false,
  members: [],
  beside: new Map(),
  fault,
});

const refusalOf = (error: unknown, path: string): HaleError =>
  error instanceof HaleError
    ? error
    : new HaleError("FILE_UNREADABLE", `${path} could not be read.`, "It may have been moved. Drop it again.", {
        cause: error,
      });

/** Names of files about sources, each once. */
function distinct(sources: readonly ImageSource[]): ImageSource[] {
  const taken = new Set<string>();
  return sources.map((source) => {
    let name = source.name;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${source.name} (${number})`;
    taken.add(name.toLowerCase());
    return { ...source, name };
  });
}
