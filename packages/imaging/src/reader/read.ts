/** @file Reads a file of any format: told by its content, read by its format's reader, and given in one form. */
import type { ImageFile } from "../formats/image-file.ts";
import { alone, type Companion, type Reader } from "../formats/reader.ts";
import { corrupt, MAX_INPUT_BYTES, tooLarge, unsupported } from "../raster/limits.ts";
import type { Raster } from "../raster/raster.ts";
import { READERS, readerOf, titlesOf } from "./registry.ts";

/**
 * Reads a file of at most 512 MB of any format. `name` is used in errors, and to find the other half of a pair. Throws a
 * `HaleError` (IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE, FILE_NOT_FOUND for a missing half) and nothing else, for
 * whatever bytes it is given. `readers` are those of all formats unless given.
 */
export async function readImageFile(
  bytes: Uint8Array,
  name: string,
  companion: Companion = alone,
  readers: readonly Reader[] = READERS,
): Promise<ImageFile> {
  checkBytes(bytes, name);
  const reader = readerOf(bytes, readers);
  if (reader) return reader.read(bytes, name, companion);
  for (const other of readers) {
    const file = await other.readSamples?.(bytes, name, companion);
    if (file) return file;
  }
  throw unsupported(name, `it is none of ${titlesOf(readers)}`, "Give one of these.");
}

/**
 * Decodes a plain picture (of a TIFF the first page) of at most 512 MB and 2^28 pixels, the same in Node and browsers. `name`
 * is used in errors only. Throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE, and nothing else, for whatever bytes it
 * is given.
 */
export async function decodeImage(
  bytes: Uint8Array,
  name: string,
  readers: readonly Reader[] = READERS,
): Promise<Raster> {
  checkBytes(bytes, name);
  const decode = readerOf(bytes, readers)?.decode;
  if (decode) return decode(bytes, name);
  const pictures = readers.filter((reader) => reader.decode);
  throw unsupported(name, `it is neither ${titlesOf(pictures, "nor")}`);
}

function checkBytes(bytes: Uint8Array, name: string): void {
  if (bytes.length === 0) throw corrupt(name, "it is empty");
  if (bytes.length > MAX_INPUT_BYTES) throw tooLarge(name, "it has more than 512 MB");
}
