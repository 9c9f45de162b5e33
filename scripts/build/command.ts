/**
 * @file The command as one bundle with chunks, so that it starts in a fraction of the time: what a command does not need is
 * in chunks that it does not load.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { writeNotices } from "./notices.ts";
import { JPEG_DECODER } from "./page-reader.ts";
import { packageFolder, ROOT } from "./root.ts";

/**
 * The scripts of threads and processes lie beside the command's, which is where they are looked for. By Rolldown, since it follows what each
 * command really uses through the packages' lists of exports; esbuild takes all of a list for all of its users.
 */
export async function bundleCommand(page: readonly string[]): Promise<void> {
  const dir = join(packageFolder("hale"), "dist", "command");
  await rm(dir, { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: ROOT,
    input: {
      main: "apps/cli/src/main.ts",
      "read-worker": "packages/imaging/dist/node/read-worker.js",
      "session-worker": "packages/runtime/dist/node/session-worker.js",
      "score-worker": "apps/server/src/scoring/score-worker.ts",
    },
    platform: "node",
    external: /^onnxruntime-/,
  });
  const { output } = await bundle.write({
    dir,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    comments: { legal: false },
  });
  await bundle.close();
  const modules = output.flatMap((part) => (part.type === "chunk" ? Object.keys(part.modules) : []));
  await writeNotices("hale", [...modules, ...page, JPEG_DECODER]);
}
