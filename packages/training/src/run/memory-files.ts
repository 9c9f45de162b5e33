/** @file The files of a run in memory alone: where nothing may be kept, and for tests. */
import { joinedBytes } from "@hale/core";
import type { RunFiles } from "./files.ts";

/** Files by path; `within` shares them. */
export function memoryFiles(name: string, all = new Map<string, Uint8Array<ArrayBuffer>>(), prefix = ""): RunFiles {
  const bytesOf = (content: Uint8Array | string) =>
    typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content);
  return {
    name,
    within: (folder) => memoryFiles(`${name}/${folder}`, all, `${prefix}${folder}/`),
    list: async () =>
      [...all.keys()]
        .filter((path) => path.startsWith(prefix))
        .map((path) => path.slice(prefix.length))
        .filter((path) => !path.includes("/")),
    read: async (file) => all.get(prefix + file) ?? null,
    async write(file, content) {
      all.set(prefix + file, bytesOf(content));
    },
    async append(file, text) {
      all.set(prefix + file, bytesOf(joinedBytes([all.get(prefix + file) ?? new Uint8Array(), bytesOf(text)])));
    },
    async remove(file) {
      all.delete(prefix + file);
    },
  };
}
