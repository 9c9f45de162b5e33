/** @file Names of files: which are called like images, and what is left without their extension. Content decides when they are read. */
import { bareName, type Reader } from "../formats/reader.ts";
import { READERS } from "./registry.ts";

/** The reader with an extension that the name ends with, and that extension: the longest, in any case. */
function named(path: string, readers: readonly Reader[]): { reader: Reader; extension: string } | null {
  const name = bareName(path).toLowerCase();
  let best: ReturnType<typeof named> = null;
  for (const reader of readers) {
    for (const extension of reader.extensions) {
      if (name.endsWith(`.${extension}`) && extension.length > (best?.extension.length ?? 0))
        best = { reader, extension };
    }
  }
  return best;
}

/** The reader whose files are called like this one; null where none is. */
export const readerNamed = (path: string, readers: readonly Reader[] = READERS) => named(path, readers)?.reader ?? null;

/** A path without the extension by which its format is known: "a/p07" for "a/p07.nii.gz", "a/x.txt" for itself. */
export function withoutExtension(path: string, readers: readonly Reader[] = READERS): string {
  const found = named(path, readers);
  return found ? path.slice(0, -found.extension.length - 1) : path;
}
