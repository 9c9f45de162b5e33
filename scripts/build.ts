/**
 * @file Builds what is published: each package's `dist/` by the TypeScript compiler, and the command as one bundle, so that
 * it starts in a third of the time. `npm run build`
 */
import { spawnSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Declarations, modules and source maps of all packages; browser-safe code is checked without Node's types. */
function compile(): void {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-b", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * The command with the scripts of its threads beside it, which is where they are looked for. Rolldown, since it follows what
 * each command really uses through the packages' lists of exports; esbuild takes all of a list for all of its users.
 */
async function bundleCommand(): Promise<void> {
  const dir = join(root, "packages", "hale", "dist", "command");
  await rm(dir, { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: root,
    input: {
      main: "apps/cli/src/main.ts",
      "read-worker": "packages/imaging/dist/node/read-worker.js",
      "session-worker": "packages/runtime/dist/node/session-worker.js",
    },
    platform: "node",
    external: /^onnxruntime-/,
  });
  await bundle.write({
    dir,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    comments: { legal: false },
  });
  await bundle.close();
}

compile();
await bundleCommand();
