/**
 * @file What holds DICOM files: zips and DICOMDIR. Names in either are data from strangers: those that lead out of
 * their folder are refused with the whole container. Nothing is ever unpacked to disk.
 */

import CRC32 from "crc-32";
import { Inflate } from "fflate";
import { mediaClassOf, readFile } from "./file.ts";
import { DICOM_LIMITS, type DicomLimits, damaged, refusalOf, tooBig, unreadable } from "./refuse.ts";

/** A file of a container, or why it is left out. */
export type Contained = { name: string; bytes: Uint8Array } | { name: string; reason: string };

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

interface Entry {
  name: string;
  method: number;
  flags: number;
  crc: number;
  packed: number;
  header: number;
}

/**
 * The files of a zip, one after the other, each inflated when it is asked for. Sizes are counted, not believed; all
 * files together keep the budget. Throws for a damaged zip, and for names that are absolute or lead out of their
 * folder, and symbolic links; leaves out what cannot be unpacked and zips within zips. Only `wanted` ones are unpacked.
 */
export function* dicomFilesIn(
  zip: Uint8Array,
  name: string,
  limits: DicomLimits = DICOM_LIMITS,
  wanted: (entry: string) => boolean = () => true,
): Generator<Contained> {
  if (zip.length > limits.inputBytes) throw tooBig(name, `it has more than ${limits.inputBytes} bytes`);
  let entries: Entry[];
  try {
    entries = readDirectory(zip, name);
  } catch (error) {
    throw refusalOf(name, error);
  }
  let left = Math.min(limits.inflatedBytes, zip.length * limits.inflateRatio);
  for (const entry of entries) {
    if (entry.name.endsWith("/") || !wanted(entry.name)) continue;
    const packed = packedBytes(zip, entry);
    if (typeof packed === "string") {
      yield { name: entry.name, reason: packed };
      continue;
    }
    const bytes = unpack(packed, entry.method, Math.min(left, limits.inputBytes));
    if (bytes === "too large") {
      throw tooBig(
        name,
        `its files unfold to more than ${Math.min(limits.inflatedBytes, zip.length * limits.inflateRatio)} bytes, or one of them is too large`,
      );
    }
    left -= bytes?.length ?? 0;
    if (bytes === null || CRC32.buf(bytes) >>> 0 !== entry.crc) {
      yield { name: entry.name, reason: "it is damaged in its zip" };
    } else if (isZip(bytes)) yield { name: entry.name, reason: "it is a zip within a zip" };
    else yield { name: entry.name, bytes };
  }
}

function readDirectory(zip: Uint8Array, name: string): Entry[] {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  let end = zip.length - 22;
  const stop = Math.max(0, end - 65535);
  while (end >= stop && view.getUint32(end, true) !== END_OF_DIRECTORY) end--;
  if (end < stop) throw damaged(name, "the zip has no directory");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) throw unreadable(name, "it is a zip of more than 4 GB or 65534 files");
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > zip.length || view.getUint32(at, true) !== DIRECTORY_ENTRY)
      throw damaged(name, "the zip's directory breaks off");
    const nameLength = view.getUint16(at + 28, true);
    const flags = view.getUint16(at + 8, true);
    const bytes = zip.subarray(at + 46, at + 46 + nameLength);
    const path = new TextDecoder((flags & 0x800) !== 0 ? "utf-8" : "iso-8859-1").decode(bytes);
    if (!isInside(path)) throw unreadable(name, "the zip holds a name that leads out of its folder");
    // Made on Unix: the upper half of the attributes is the mode; 0xA000 is a symbolic link, 0x8000 a plain file.
    const kind = (view.getUint32(at + 38, true) >>> 16) & 0xf000;
    if (kind !== 0 && kind !== 0x8000 && kind !== 0x4000)
      throw unreadable(name, "the zip holds a symbolic link or a device");
    entries.push({
      name: path,
      method: view.getUint16(at + 10, true),
      flags,
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      header: view.getUint32(at + 42, true),
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** True for a relative path that stays in its folder, in the notations of Unix and Windows. */
export function isInside(path: string): boolean {
  if (path === "" || path.includes("\0") || /^[/\\]|^[A-Za-z]:/.test(path)) return false;
  return path.split(/[/\\]/).every((part) => part !== "..");
}

/** The packed bytes of an entry, or why there are none. */
function packedBytes(zip: Uint8Array, entry: Entry): Uint8Array | string {
  if ((entry.flags & 1) !== 0) return "it is encrypted";
  if (entry.method !== 0 && entry.method !== 8) return `it is packed by a method (${entry.method}) that is not read`;
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const at = entry.header;
  if (at + 30 > zip.length || view.getUint32(at, true) !== LOCAL_HEADER) return "its zip breaks off";
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (start + entry.packed > zip.length) return "its zip breaks off";
  return zip.subarray(start, start + entry.packed);
}

/** Bytes of an entry; null when they are damaged. */
function unpack(packed: Uint8Array, method: number, budget: number): Uint8Array | null | "too large" {
  if (method === 0) return packed.length > budget ? "too large" : packed;
  const pieces: Uint8Array[] = [];
  let total = 0;
  let finished = false;
  const stream = new Inflate((piece, final) => {
    total += piece.length;
    if (total <= budget) pieces.push(piece);
    finished ||= final;
  });
  try {
    const PIECE = 65536;
    for (let at = 0; at < packed.length && !finished; at += PIECE) {
      stream.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
      if (total > budget) return "too large";
    }
  } catch {
    return null;
  }
  if (!finished) return null;
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * Relative paths, with slashes, of the files that a DICOMDIR lists (PS3.3, F.3.2.2: Referenced File ID), each once.
 * Throws for one that leads out of its folder.
 */
export function filesOfDicomDir(bytes: Uint8Array, name: string, limits: DicomLimits = DICOM_LIMITS): string[] {
  try {
    const { data } = readFile(bytes, name, limits);
    const paths = data.items(0x00041220).flatMap((record) => {
      const parts = record.strings(0x00041500);
      return parts.length === 0 ? [] : [parts];
    });
    for (const parts of paths) {
      const plain = parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[/\\:\0]/.test(part));
      if (!plain) throw unreadable(name, "it lists a file outside its folder");
    }
    return [...new Set(paths.map((parts) => parts.join("/")))];
  } catch (error) {
    throw refusalOf(name, error);
  }
}

/** True for a DICOMDIR: Media Storage Directory Storage. */
export function isDicomDir(bytes: Uint8Array): boolean {
  return mediaClassOf(bytes) === "1.2.840.10008.1.3.10";
}
