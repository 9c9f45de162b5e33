/** @file `DETECTOR.seen`: the hashes of a detector's images in a file beside it, as JSON, bound to it by its SHA-256. */
import { readFile, stat } from "node:fs/promises";
import { HaleError, sha256Hex } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import * as z from "zod";
import { type SeenRecord, seenSchema } from "../seen.ts";

const MAX_BYTES = 32 * 1024 * 1024;

const seenFile = z.strictObject({
  kind: z.literal("hale seen images"),
  format: z.literal(1),
  /** SHA-256 of the detector's file, in hexadecimal digits; without it, of a run whose detector is not written yet. */
  detector: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  seen: seenSchema,
});

/** Where the hashes of a detector's images lie. */
export const seenPath = (detector: string) => `${detector}.seen`;

/** `detector`, the bytes of the detector's file, binds the hashes to it. Throws DISK_FULL or FILE_UNWRITABLE. */
export async function writeSeen(path: string, seen: SeenRecord, detector?: Uint8Array): Promise<void> {
  const file: z.infer<typeof seenFile> = {
    kind: "hale seen images",
    format: 1,
    detector: detector && (await sha256Hex(detector)),
    seen,
  };
  await writeAtomic(path, `${JSON.stringify(file, null, 2)}\n`);
}

/**
 * Null where there is no such file. Throws FILE_UNREADABLE; DETECTOR_CORRUPT for what is damaged; DETECTOR_MISMATCH where
 * `detector`, the bytes of a detector's file, is given and the hashes are not bound to it: those of another detector would
 * say of images that it was made with that they are new to it.
 */
export async function readSeen(path: string, detector?: Uint8Array): Promise<SeenRecord | null> {
  let text: string;
  try {
    if ((await stat(path)).size > MAX_BYTES) throw damaged(path);
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof HaleError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new HaleError("FILE_UNREADABLE", `${path} cannot be read.`, "Check that it is a readable file.", { cause });
  }
  const file = parse(path, text);
  if (detector && file.detector !== (await sha256Hex(detector))) {
    throw new HaleError(
      "DETECTOR_MISMATCH",
      `${path} ${file.detector ? "belongs to another detector, or to another version of this one" : "does not say which detector it belongs to"}.`,
      "Copy the detector and its .seen file again, both from where they were written, or remove the .seen file.",
    );
  }
  return file.seen;
}

function parse(path: string, text: string): z.infer<typeof seenFile> {
  try {
    return seenFile.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(path, cause);
  }
}

const damaged = (path: string, cause?: unknown) =>
  new HaleError("DETECTOR_CORRUPT", `${path} holds no sound list of seen images.`, "Copy it again, or remove it.", {
    cause,
  });
