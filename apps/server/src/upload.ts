/**
 * @file The files of a request, from the wire to the disk: counted while they come, kept under names of ours. What they are
 * called by the client is for rows alone, and never a path.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { writeFault } from "@hale/core/node";
import type { SentFile } from "@hale/scoring/node";
import type { FastifyRequest } from "fastify";
import { bodyTooLarge, busy, invalid } from "./faults.ts";
import type { Limits } from "./settings.ts";
import type { Spool } from "./spool.ts";

/** The field that files have in a form. */
const FIELD = "file";

/** What is received so far; a folder that fails is the caller's to erase. */
export interface Received {
  files: SentFile[];
  bytes: number;
}

/** Characters that are more than a name: separators, control characters, marks of direction. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}/\\:*?"<>|]/gu;
const LONGEST = 120;

/** A bare name of what the client calls a file; different from all of `taken`, whatever the case of letters. */
function safeName(given: string | undefined, taken: ReadonlySet<string>): string {
  const bare = (given ?? "")
    .replace(/^.*[/\\]/, "")
    .replace(UNSAFE, "_")
    .trim();
  const wanted = /^\.*$/.test(bare) ? "image" : shortened(bare);
  const dot = wanted.indexOf(".", 1);
  const [stem, ending] = dot < 0 ? [wanted, ""] : [wanted.slice(0, dot), wanted.slice(dot)];
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem} (${number})${ending}`;
  return name;
}

/** Names end with what tells their format. */
const shortened = (name: string) => {
  const chars = [...name];
  return chars.length <= LONGEST ? name : chars.slice(-LONGEST).join("");
};

/**
 * Receives the files of a request into `folder`, adding to `received` as they come. Throws HttpFault for what is no form, is
 * too large or has no files, DISK_FULL, and what the reader of multipart throws.
 */
export async function receive(
  request: FastifyRequest,
  folder: string,
  spool: Spool,
  { bodyBytes, fileBytes, files: most }: Limits,
  received: Received,
): Promise<void> {
  const { raw } = request;
  let current: Readable | null = null;
  let total = 0;
  const ended = new Promise<never>((_, reject) => {
    const stop = (fault: Error) => {
      raw.unpipe();
      raw.pause();
      current?.destroy();
      reject(fault);
    };
    // Not of files alone: what stands before and between parts has no length of its own.
    raw.on("data", (chunk: Buffer) => {
      total += chunk.length;
      if (total > bodyBytes) stop(bodyTooLarge(bodyBytes));
      else if (!spool.hasRoom(chunk.length)) stop(busy(30));
    });
    raw.once("close", () => {
      if (!raw.complete) stop(invalid("The request was broken off.", "Send it again."));
    });
  });
  ended.catch(() => {});
  const taken = new Set<string>();
  const each = async () => {
    const limits = { fileSize: fileBytes, files: most, fields: 0, parts: most, headerPairs: 64 };
    for await (const part of request.parts({ limits })) {
      if (part.type !== "file") throw invalid("A part is no file.", "Give settings in the query.");
      if (part.fieldname !== FIELD) {
        throw invalid(`A file is sent as ${JSON.stringify(part.fieldname.slice(0, 40))}.`, `Send it as ${FIELD}.`);
      }
      const name = safeName(part.filename, taken);
      taken.add(name.toLowerCase());
      const path = join(folder, String(received.files.length));
      received.files.push({ path, name });
      current = part.file;
      part.file.on("data", (chunk: Buffer) => {
        received.bytes += chunk.length;
        spool.count(chunk.length);
      });
      await pipeline(part.file, createWriteStream(path, { flags: "wx", mode: 0o600 })).catch((cause) => {
        throw isOfDisk(cause) ? writeFault("What was sent", cause) : cause;
      });
      current = null;
      if (part.file.truncated) throw bodyTooLarge(fileBytes);
    }
  };
  const all = each();
  all.catch(() => {});
  await Promise.race([all, ended]);
  if (received.files.length === 0) throw invalid("The request has no file.", `Send at least one as ${FIELD}.`);
}

const isOfDisk = (cause: unknown) => ["ENOSPC", "EDQUOT", "EIO"].includes((cause as NodeJS.ErrnoException).code ?? "");
