/** @file Images from disk, for Node: reads a file within the input budget and decodes it. */
import { readFile, stat } from "node:fs/promises";
import { HaleError } from "@hale/errors";
import { decodeImage } from "../decode.ts";
import { MAX_INPUT_BYTES, tooLarge } from "../limits.ts";
import type { Raster } from "../raster.ts";

export { useInstalledCodecs } from "./dicom.ts";

/**
 * The bytes of a file of at most 512 MB. Throws FILE_NOT_FOUND, FILE_UNREADABLE or IMAGE_TOO_LARGE naming `name`
 * (the path itself unless given).
 */
export async function readImageBytes(path: string, name = path): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_INPUT_BYTES) throw tooLarge(name, "it has more than 512 MB");
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof HaleError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new HaleError("FILE_NOT_FOUND", `There is no file ${name}.`, "Check the path.", { cause });
    }
    throw new HaleError("FILE_UNREADABLE", `The file ${name} cannot be read.`, "Check that it is a readable file.", {
      cause,
    });
  }
}

/** Reads and decodes an image file; throws what `readImageBytes` and `decodeImage` throw. */
export async function readImage(path: string, name = path): Promise<Raster> {
  return decodeImage(await readImageBytes(path, name), name);
}
