/** @file Modules, declarations and source maps of all packages, by the TypeScript compiler and its project references. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./root.ts";

/** Compiles what has changed; browser-safe code is checked without Node's types. False where there are errors. */
export function compile(): boolean {
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-b", "tsconfig.build.json"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  return status === 0;
}
