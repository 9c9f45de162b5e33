/** @file Detectors on disk, for Node. */
import { readFile, stat } from "node:fs/promises";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import type { Device } from "@hale/runtime";
import { Detector } from "../detector.ts";
import { corrupt, MAX_DETECTOR_BYTES } from "../format/archive.ts";

export { readSeen, seenPath, writeSeen } from "./seen-file.ts";

/** The bytes of a detector's file. Throws FILE_NOT_FOUND, FILE_UNREADABLE, or DETECTOR_CORRUPT when it is too long. */
export async function readDetectorBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_DETECTOR_BYTES) throw corrupt(path, "it has more than 512 MB");
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof HaleError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new HaleError("FILE_NOT_FOUND", `There is no detector ${path}.`, "Check the path.", { cause });
    }
    throw new HaleError(
      "FILE_UNREADABLE",
      `The detector ${path} cannot be read.`,
      "Check that it is a readable file.",
      {
        cause,
      },
    );
  }
}

/** Reads and loads a detector; throws what `readDetectorBytes` and `Detector.load` throw. */
export async function readDetector(path: string, device: Device): Promise<Detector> {
  return Detector.load(await readDetectorBytes(path), device, path);
}

/** Writes a packed detector, wholly or not at all. Throws DISK_FULL or FILE_UNWRITABLE. */
export function writeDetector(path: string, bytes: Uint8Array): Promise<void> {
  return writeAtomic(path, bytes);
}
