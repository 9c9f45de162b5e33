/** @file An answer in each of its forms. Files go out as they are read; JSON alone holds them in memory, within a limit. */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { Zip, ZipPassThrough } from "fflate";
import { HttpFault } from "../faults.ts";
import type { Scored } from "../schemas.ts";
import type { AnswerFile } from "./files.ts";
import type { Format } from "./format.ts";

export interface Written {
  type: string;
  headers: Readonly<Record<string, string>>;
  body: Scored | Readable;
}

/** `answer` without its files. Throws HttpFault where JSON would be too large. */
export async function written(
  answer: Omit<Scored, "files">,
  files: readonly AnswerFile[],
  format: Format,
  jsonBytes: number,
): Promise<Written> {
  const listed = files.map(({ name, type, bytes }) => ({ name, type, bytes }));
  const whole = { ...answer, files: listed };
  if (format === "zip") {
    const body = Readable.from(zipped(whole, files));
    return { type: "application/zip", headers: { "content-disposition": 'attachment; filename="results.zip"' }, body };
  }
  if (format === "multipart") {
    const boundary = `hale-${randomBytes(18).toString("hex")}`;
    const type = `multipart/related; type="application/json"; boundary=${boundary}`;
    return { type, headers: {}, body: Readable.from(related(whole, files, boundary)) };
  }
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > jsonBytes) {
    throw new HttpFault(
      406,
      "NOT_ACCEPTABLE",
      `The files of the answer have more than ${jsonBytes} bytes, too many for JSON.`,
      "Accept application/zip or multipart/related.",
    );
  }
  const data = await Promise.all(files.map(async ({ path }) => (await readFile(path)).toString("base64")));
  return {
    type: "application/json",
    headers: {},
    body: { ...answer, files: listed.map((file, i) => ({ ...file, data: data[i] })) },
  };
}

const jsonOf = (answer: Scored) => `${JSON.stringify(answer, null, 2)}\n`;

/** Names of others in headers: no character of theirs can end a line or a quotation (RFC 8187). */
const encoded = (name: string) =>
  encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

async function* related(answer: Scored, files: readonly AnswerFile[], boundary: string): AsyncGenerator<Buffer> {
  const head = (lines: readonly string[]) => Buffer.from(`--${boundary}\r\n${lines.join("\r\n")}\r\n\r\n`);
  const newline = Buffer.from("\r\n");
  yield head(["Content-Type: application/json", "Content-ID: <results>"]);
  yield Buffer.from(jsonOf(answer));
  yield newline;
  for (const { name, type, path, bytes } of files) {
    yield head([
      `Content-Type: ${type}`,
      `Content-Length: ${bytes}`,
      `Content-Location: ${encoded(name)}`,
      `Content-Disposition: attachment; filename*=UTF-8''${encoded(name)}`,
    ]);
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
    yield newline;
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

/** Stored, not compressed: pictures and maps are already. */
async function* zipped(answer: Scored, files: readonly AnswerFile[]): AsyncGenerator<Buffer> {
  const ready: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    ready.push(chunk);
  });
  const take = () => ready.splice(0).map((chunk) => Buffer.from(chunk));
  const begin = (name: string) => {
    const entry = new ZipPassThrough(name);
    zip.add(entry);
    return entry;
  };
  begin("results.json").push(Buffer.from(jsonOf(answer)), true);
  yield* take();
  for (const { name, path } of files) {
    const entry = begin(name);
    for await (const chunk of createReadStream(path)) {
      entry.push(chunk as Buffer);
      yield* take();
    }
    entry.push(new Uint8Array(0), true);
    yield* take();
  }
  zip.end();
  yield* take();
}
