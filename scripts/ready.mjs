/**
 * @file Runs a TypeScript file of this repository, after installing what is missing. Plain JavaScript without imports of
 * ours, since on a fresh machine nothing is there yet.
 *
 *   node scripts/ready.mjs apps/cli/src/main.ts demo --json
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`hale needs Node 20 or newer; this is ${process.versions.node}.`);
  process.exit(2);
}

// The lock file as it was when node_modules was made; another one means that something is missing.
const lock = readFileSync(join(root, "package-lock.json"), "utf8");
const stamp = join(root, "node_modules", ".hale-installed");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.error("Installing what is missing (npm ci) ...");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // .npmrc keeps the packages' own install scripts from running: that of onnxruntime-node fetches CUDA libraries.
  const result = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (result.status !== 0) {
    console.error("The packages could not be installed. Check the connection to the npm registry and try again.");
    process.exit(result.status ?? 1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

const [script, ...rest] = process.argv.slice(2);
const loader = pathToFileURL(join(root, "node_modules", "tsx", "dist", "loader.mjs")).href;
// Training frees and asks for the same large blocks in every step. Left to itself, glibc gives them back to the kernel and
// fetches them anew, which took 8 % of the time; one arena for all threads spares up to a tenth of the memory.
const memory = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: `${2 ** 25}`, MALLOC_TRIM_THRESHOLD_: `${2 ** 32}` };
// `npm run` goes to the root; paths are meant from where it was called.
const here = process.cwd();
const cwd = process.env.INIT_CWD && here === realpathSync(root) ? process.env.INIT_CWD : here;
const child = spawn(process.execPath, ["--conditions=hale-source", "--import", loader, join(root, script), ...rest], {
  stdio: "inherit",
  cwd,
  env: { ...memory, ...process.env },
});
// Whoever sends a signal may know only this process. A terminal sends its own to both; the command takes two within a second as one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`Node could not be started again: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
