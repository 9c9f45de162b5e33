/** @file The clone's way of running TypeScript: from any folder, with signals and exit codes handed through. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { needs } from "../packages/core/src/node/needs-fixture.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".hale-installed");
// Anything else would install while other tests run.
const ready = needs("packages installed by scripts/ready.mjs", () => {
  const current =
    existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(join(root, "package-lock.json"), "utf8");
  return current ? stamp : null;
});

/** Runs the fixture; `signal` is sent to the starter, and to it alone, once the fixture waits. */
function start(cwd: string, args: string[], initCwd: string | undefined, signal?: NodeJS.Signals) {
  const { INIT_CWD: _, ...environment } = process.env;
  const child = spawn(process.execPath, [join(root, "scripts", "ready.mjs"), "scripts/ready-fixture.ts", ...args], {
    cwd,
    env: { ...environment, ...(initCwd !== undefined && { INIT_CWD: initCwd }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => {
    out += text;
    if (signal && out.includes("\n")) {
      child.kill(signal);
      signal = undefined;
    }
  });
  child.stderr.on("data", (text) => {
    err += text;
  });
  return new Promise<{ code: number | null; lines: string[]; err: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, lines: out.trim().split("\n"), err }));
  });
}

describe.skipIf(!ready)("scripts/ready.mjs", () => {
  const elsewhere = realpathSync(tmpdir());

  test("runs where it is called, and where npm was called if npm has gone to the root", async () => {
    const cases: [cwd: string, initCwd: string | undefined, expected: string][] = [
      [elsewhere, undefined, elsewhere],
      [root, elsewhere, elsewhere],
      // Started by a script of a script: npm's folder is not meant.
      [elsewhere, root, elsewhere],
    ];
    for (const [cwd, initCwd, expected] of cases) {
      const { code, lines, err } = await start(cwd, ["a", "b c"], initCwd);
      expect(err).toBe("");
      expect(JSON.parse(lines[0])).toEqual({ cwd: expected, args: ["a", "b c"] });
      expect(code).toBe(0);
    }
  });

  test.each(["SIGINT", "SIGTERM"] as const)("hands %s on, and the exit code back", async (signal) => {
    const { code, lines } = await start(elsewhere, ["wait"], undefined, signal);
    expect(lines.slice(1)).toEqual([signal]);
    expect(code).toBe(3);
  });
});
