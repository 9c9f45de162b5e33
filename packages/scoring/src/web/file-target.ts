/** @file A file that a page was given (an input, a drop, an answer to `fetch`) as something to be scored. */
import { type GuardedReader, oneScan, pictureOf } from "@hale/imaging";
import type { Opened, Target } from "../target.ts";

/** Bytes with a name. */
export interface NamedBlob {
  readonly name: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * A target that reads `file` in the reader's worker. Opening throws what `GuardedReader.read` throws, and
 * IMAGE_UNSUPPORTED for a file of several scans.
 */
export function fileTarget(file: NamedBlob, reader: GuardedReader): Target {
  const { name } = file;
  return {
    file: name,
    name,
    async open(): Promise<Opened> {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const scan = oneScan(await reader.read({ bytes }, name, true), name);
      const raster = pictureOf(scan);
      return raster ? { kind: "picture", raster } : { kind: "scan", scan };
    },
  };
}
