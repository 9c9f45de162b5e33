/** @file A folder that takes output files. */
import { join } from "node:path";
import { writeAtomic } from "@hale/core/node";
import type { Sink } from "../outputs.ts";

/** Writes each file wholly or not at all, and calls it by its path. The sink throws what `writeAtomic` throws. */
export function folderSink(folder: string): Sink {
  return async ({ name, bytes }) => {
    const path = join(folder, name);
    await writeAtomic(path, bytes);
    return path;
  };
}
