/** @file The thread that reads files for guarded.ts: opens paths, reads, and hands results over. */
import { createHash } from "node:crypto";
import { type MessagePort, parentPort } from "node:worker_threads";
import type { FileSource, ReadRequest } from "../reader/guard/protocol.ts";
import { type OpenedFile, openGiven, serve } from "../reader/guard/serve.ts";
import { readImageBytesNow, readSibling } from "./bytes.ts";
import { useInstalledCodecs } from "./codecs.ts";

/** Web Crypto takes no more than 2 GB at once. */
const HASH_STEP = 2 ** 26;

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += HASH_STEP) hash.update(bytes.subarray(at, at + HASH_STEP));
  return hash.digest("hex");
}

async function open(source: FileSource, name: string): Promise<OpenedFile> {
  if (!("path" in source)) return openGiven(source);
  return {
    bytes: readImageBytesNow(source.path, name),
    companion: (sibling) => readSibling(source.path, sibling),
  };
}

useInstalledCodecs();
const port = parentPort as MessagePort;
port.on("message", async (request: ReadRequest) => {
  const [answer, handOver] = await serve(request, open, sha256);
  port.postMessage(answer, handOver);
});
port.postMessage({ kind: "ready" });
