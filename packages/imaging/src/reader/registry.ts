/**
 * @file The formats that are read, and what can be asked of all of them: which one a file has, what its files are called.
 * A new format is its folder in `formats/` and its line here.
 */
import { dicom } from "../formats/dicom/reader.ts";
import { jpeg } from "../formats/jpeg/reader.ts";
import { metaimage } from "../formats/metaimage/reader.ts";
import { nifti } from "../formats/nifti/reader.ts";
import { nrrd } from "../formats/nrrd/reader.ts";
import { png } from "../formats/png/reader.ts";
import type { Reader } from "../formats/reader.ts";
import { tiff } from "../formats/tiff/reader.ts";

/** In the order in which they are asked. DICOM goes first: its preamble may be made to look like any other (CVE-2019-11687). */
export const READERS: readonly Reader[] = [dicom, png, jpeg, tiff, nrrd, nifti, metaimage];

/** Bytes from a file's beginning by which its format is told. */
export const headBytesOf = (readers: readonly Reader[]) => Math.max(...readers.map((reader) => reader.headBytes));
export const HEAD_BYTES = headBytesOf(READERS);

/**
 * The reader of a file, by its content and never by its name; null for a file of no format. `head`: its first
 * `headBytesOf(readers)` bytes, or more. Only beginnings are looked at: a file that goes on as none is for its reader to refuse.
 */
export function readerOf(head: Uint8Array, readers: readonly Reader[] = READERS): Reader | null {
  return (
    readers.find((reader) => reader.recognises(head)) ?? readers.find((reader) => reader.resembles?.(head)) ?? null
  );
}

/** The kind of a file, such as "png"; null for a file of no format. Takes what `readerOf` does. */
export const kindOf = (head: Uint8Array, readers: readonly Reader[] = READERS) => readerOf(head, readers)?.kind ?? null;

/** Whether a file is a plain picture. Takes what `readerOf` does. */
export const isPicture = (head: Uint8Array, readers: readonly Reader[] = READERS) =>
  readerOf(head, readers)?.decode !== undefined;

/** "PNG, JPEG and TIFF". */
export function titlesOf(readers: readonly Reader[] = READERS, last = "and"): string {
  const titles = readers.map((reader) => reader.title);
  return titles.length < 2 ? titles.join("") : `${titles.slice(0, -1).join(", ")} ${last} ${titles.at(-1)}`;
}
