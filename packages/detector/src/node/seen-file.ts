/** @file `DETECTOR.seen`: the hashes of a detector's images in a file beside it, as JSON. */
import { readFile, stat } from "node:fs/promises";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import * as z from "zod";
import { type SeenRecord, seenSchema } from "../seen.ts";

const MAX_BYTES = 32 * 1024 * 1024;

const seenFile = z.strictObject({
  kind: z.literal("hale seen images"),
  format: z.literal(1),
  seen: seenSchema,
});

/** Where the hashes of a detector's images lie. */
export const seenPath = (detector: string) => `${detector}.seen`;

/** Throws DISK_FULL or FILE_UNWRITABLE. */
export async function writeSeen(path: string, seen: SeenRecord): Promise<void> {
  const file: z.infer<typeof seenFile> = { kind: "hale seen images", format: 1, seen };
  await writeAtomic(path, `${JSON.stringify(file, null, 2)}\n`);
}

/** Null where there is no such file. Throws FILE_UNREADABLE, or DETECTOR_CORRUPT for what is damaged. */
export async function readSeen(path: string): Promise<SeenRecord | null> {
  let text: string;
  try {
    if ((await stat(path)).size > MAX_BYTES) throw damaged(path);
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof HaleError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new HaleError("FILE_UNREADABLE", `${path} cannot be read.`, "Check that it is a readable file.", { cause });
  }
  try {
    return seenFile.parse(JSON.parse(text)).seen;
  } catch (cause) {
    throw damaged(path, cause);
  }
}

const damaged = (path: string, cause?: unknown) =>
  new HaleError("DETECTOR_CORRUPT", `${path} holds no sound list of seen images.`, "Copy it again, or remove it.", {
    cause,
  });
