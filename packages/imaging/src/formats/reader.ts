/**
 * @file What a file format is to hale: a folder here whose `reader.ts` exports a `Reader`, and a line in
 * `reader/registry.ts`. Names of formats, extensions, what folders are searched for, help and refusals come from there.
 *
 * A reader itself is light: it knows how its files begin. What decodes them is imported when a file is there to decode.
 */
import type { Raster } from "../raster/raster.ts";
import type { ImageFile } from "./image-file.ts";

/** A file beside the one that is read, by bare name; null where there is none. */
export type Companion = (name: string) => Promise<Uint8Array | null>;

/** A file that is given alone. */
export const alone: Companion = async () => null;

export interface Reader {
  /** What the format is called in results and in `Scan.format`: "png". */
  readonly kind: string;
  /** What people call it: "PNG". */
  readonly title: string;
  /**
   * What names of its files end with, in small letters, without the first dot; the usual one first. Which format a file
   * has is told by its content: names only choose what is looked at in a folder. Of a pair, that of the header.
   */
  readonly extensions: readonly string[];
  /** Bytes from a file's beginning that `recognises` and `resembles` look at, at most. */
  readonly headBytes: number;
  /** Whether a file begins as only files of this format do. Given its head or all of it, however short. */
  recognises(head: Uint8Array): boolean;
  /** A weaker sign, asked for when no reader recognises the file. */
  resembles?(head: Uint8Array): boolean;
  /**
   * Reads a file that was recognised. `name` is used in errors, and to find the other half of a pair. Throws a `HaleError`
   * (IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE, FILE_NOT_FOUND for a missing half) and nothing else, for whatever
   * bytes it is given.
   */
  read(bytes: Uint8Array, name: string, companion: Companion): Promise<ImageFile>;
  /** Of formats of plain pictures: the pixels alone. Throws as `read` does. */
  readonly decode?: (bytes: Uint8Array, name: string) => Promise<Raster>;
  /** Names of files beside it that may hold its samples, as far as its head or its own name tells. */
  companions?(bytes: Uint8Array, name: string): string[];
  /**
   * Reads a file that nobody recognised, where its name says that it holds the samples of a header beside it; null where it
   * does not, or no such header is there. Throws as `read` does.
   */
  readSamples?(bytes: Uint8Array, name: string, companion: Companion): Promise<ImageFile | null>;
}

/** The name behind the last slash of either kind. */
export const bareName = (path: string) => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);

/** Imports once, when first asked; one that failed is tried again. */
export function whenNeeded<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | null = null;
  return () => {
    loaded ??= load().catch((cause: unknown) => {
      loaded = null;
      throw cause;
    });
    return loaded;
  };
}
