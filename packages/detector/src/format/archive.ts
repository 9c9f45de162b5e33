/**
 * @file The container of a detector: a zip whose entries are stored and not deflated (weights hardly shrink), so that
 * none can be larger than its file. Reading decides from the directory before it touches an entry.
 */
import { HaleError } from "@hale/core";
import { type UnzipFileInfo, unzipSync, type Zippable, zipSync } from "fflate";

/** Largest detector that is read, in bytes. */
export const MAX_DETECTOR_BYTES = 512 * 1024 * 1024;
/** Largest JSON entry, in bytes: a card with a million scores fits. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;

/** More entries than any version of the format has. */
const MAX_ENTRIES = 16;

const LOCAL_HEADER = 30;
const DIRECTORY_HEADER = 46;
const END_RECORD = 22;
/** No clock in the file: equal contents are equal bytes. Zip dates are local time, and noon is in every zone's day. */
const date = () => new Date(1980, 0, 1, 12);

/** An error for a file that is no sound detector. */
export function corrupt(name: string, reason: string, cause?: unknown): HaleError {
  return new HaleError(
    "DETECTOR_CORRUPT",
    `${name} is not a sound detector: ${reason}.`,
    "Export it or copy it again.",
    {
      cause,
    },
  );
}

/** Packs entries in the given order. The same entries give the same bytes. */
export function writeArchive(entries: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const files: Zippable = {};
  for (const [name, content] of Object.entries(entries)) files[name] = [content, { level: 0, mtime: date(), os: 0 }];
  return zipSync(files);
}

/** What a file of another kind looks like; the name is for the error. */
const OTHER_KINDS: readonly [prefix: readonly number[], kind: string][] = [
  [[0x80], "a Python pickle"],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], "a NumPy array"],
  [[0x08], "a bare ONNX model"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file"],
  [[0x1f, 0x8b], "gzip"],
];
/** Whether it begins as an ONNX model does. */
export const looksLikeModel = (bytes: Uint8Array): boolean => bytes[0] === 0x08;

const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];

const startsWith = (bytes: Uint8Array, prefix: readonly number[]) => prefix.every((byte, i) => bytes[i] === byte);

/**
 * The entries of a zip, by name. Throws DETECTOR_CORRUPT for any other file, for entries that are deflated, doubled, too
 * long or named like paths, and for bytes that belong to no entry. Which entries there must be is the caller's matter.
 */
export function readArchive(bytes: Uint8Array, name: string): Map<string, Uint8Array> {
  if (bytes.length > MAX_DETECTOR_BYTES) throw corrupt(name, "it has more than 512 MB");
  if (!startsWith(bytes, ZIP_MAGIC)) {
    const kind = OTHER_KINDS.find(([prefix]) => startsWith(bytes, prefix))?.[1];
    throw corrupt(name, kind ? `it looks like ${kind}` : "it does not begin as a .hale file does");
  }
  const seen = new Set<string>();
  let expected = END_RECORD;
  /** Called with what the directory says of an entry, before it is read; throwing here also ends a forged directory. */
  const filter = ({ name: entry, size, originalSize, compression }: UnzipFileInfo) => {
    const label = JSON.stringify(entry.slice(0, 80));
    if (!/^[a-z][a-z0-9-]*\.[a-z0-9]+$/.test(entry)) throw corrupt(name, `it holds an entry named ${label}`);
    if (seen.has(entry)) throw corrupt(name, `it holds ${label} twice`);
    if (seen.size >= MAX_ENTRIES) throw corrupt(name, "it holds too many entries");
    if (compression !== 0 || size !== originalSize) throw corrupt(name, `its entry ${label} is compressed`);
    if (size > bytes.length) throw corrupt(name, `its entry ${label} is longer than the file`);
    if (entry.endsWith(".json") && size > MAX_JSON_BYTES) throw corrupt(name, `its entry ${label} is too long`);
    seen.add(entry);
    expected += LOCAL_HEADER + DIRECTORY_HEADER + 2 * entry.length + size;
    return true;
  };
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, { filter });
  } catch (cause) {
    throw cause instanceof HaleError ? cause : corrupt(name, "its directory cannot be read", cause);
  }
  if (expected !== bytes.length) throw corrupt(name, "it holds more or less than its directory says");
  return new Map(Object.entries(entries));
}
