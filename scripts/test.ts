/**
 * @file The tests. `npm test`: lint, types, then the project `fast`. `npm run test:slow`: what opens browsers with every
 * method, installs the packages elsewhere, or learns at length. Other arguments go to Vitest, so `npm test -- packages/statistics`
 * runs a part.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name: string) => join(root, "node_modules", ".bin", name);

function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}

const [first, ...others] = process.argv.slice(2);
const slow = first === "--slow";
const rest = slow ? others : process.argv.slice(2);
if (!slow && rest.length === 0) {
  run(bin("biome"), ["check", "--error-on-warnings", "."]);
  run(bin("tsc"), ["--noEmit"]);
}
run(bin("vitest"), ["run", "--project", slow ? "slow" : "fast", ...rest]);
