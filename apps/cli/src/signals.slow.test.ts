/**
 * @file A training that is asked to stop by the system: the command itself, as the clone starts it, and on a terminal. Each time
 * it saves, its exit code says who asked, and it can go on.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceOptions } from "@hale/core/node";
import { writePhantomSet } from "@hale/data/node";
import { listCheckpoints } from "@hale/training/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needs } from "../../../packages/core/src/node/needs-fixture.ts";
import { runHale } from "./cli-fixture.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const LONG =
  "--iterations 100000 --every 100000 --size 32 --set width=8 --set batch=2 --set residualBlocks=0 --threads 1";

const DIRECT = [process.execPath, ...sourceOptions(), MAIN];
const READY = [process.execPath, join(ROOT, "scripts", "ready.mjs"), "apps/cli/src/main.ts"];
const installed = needs("packages installed by scripts/ready.mjs", () => {
  const stamp = join(ROOT, "node_modules", ".hale-installed");
  const lock = readFileSync(join(ROOT, "package-lock.json"), "utf8");
  return existsSync(stamp) && readFileSync(stamp, "utf8") === lock ? stamp : null;
});
const terminal = needs("script of util-linux", () =>
  spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ? "script" : null,
);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-signals-"));
  const counts = { trainNormal: 12, unlabelled: 4, valNormal: 20, testNormal: 0, testAbnormal: 0 };
  await writePhantomSet(join(folder, "scans"), { seed: 3, size: 32, counts });
});
afterAll(() => rm(folder, { recursive: true }));

/** Begins a long training, asks it to stop once it trains, and waits for its end. */
async function stopped([program, ...args]: string[], ask: (child: ChildProcess) => void) {
  const child = spawn(program, args, { cwd: folder });
  let [said, asked] = ["", false];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      said += text;
      if (asked || !said.includes("Estimated")) return;
      asked = true;
      ask(child);
    });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, said };
}

/** That the run lies saved where it stopped, and nobody holds it. */
async function expectSaved(run: string): Promise<void> {
  const [at] = await listCheckpoints(join(folder, run, "checkpoints"));
  const { code, err } = await runHale(folder, ["train", "--resume", run, "--until", String(at + 1)]);
  expect([code, err]).toEqual([0, expect.stringContaining(`Going on from iteration ${at}.`)]);
}

test("SIGTERM saves, and ends with 143", async () => {
  const { code, said } = await stopped([...DIRECT, "train", "scans", "--out", "term", ...LONG.split(" ")], (child) =>
    child.kill("SIGTERM"),
  );
  expect(said).toMatch(/Stopped at iteration \d+, and saved\. Go on with: hale train --resume term\n$/);
  expect(code).toBe(143);
  await expectSaved("term");
});

test.skipIf(!installed).each([
  ["SIGTERM", 143],
  ["SIGINT", 3],
] as const)("%s to whoever started it in the clone saves, and ends with %i", async (signal, expected) => {
  const run = `ready-${signal}`;
  const { code, said } = await stopped([...READY, "train", "scans", "--out", run, ...LONG.split(" ")], (child) =>
    child.kill(signal),
  );
  expect(said).toMatch(/Stopped at iteration \d+, and saved/);
  expect(code).toBe(expected);
  await expectSaved(run);
});

test.skipIf(!installed || !terminal)(
  "Ctrl-C on a terminal, whose first process it is, saves and ends with 3",
  async () => {
    const command = `exec ${[...READY, "train", "scans", "--out", "typed", ...LONG.split(" ")].join(" ")}`;
    const { code, said } = await stopped(["script", "-qec", command, "/dev/null"], (child) =>
      child.stdin!.write("\x03"),
    );
    expect(said).toMatch(/Stopped at iteration \d+, and saved/);
    expect(code).toBe(3);
    await expectSaved("typed");
  },
);

test.skipIf(!installed || !terminal)("a terminal that is closed leaves a run that is saved", async () => {
  const command = `exec ${[...READY, "train", "scans", "--out", "closed", ...LONG.split(" ")].join(" ")}`;
  await stopped(["script", "-qec", command, "/dev/null"], (child) => child.kill("SIGKILL"));
  // Nobody is left to wait for it.
  const checkpoints = join(folder, "closed", "checkpoints");
  await expect.poll(() => listCheckpoints(checkpoints), { timeout: 60_000, interval: 200 }).toHaveLength(1);
  await expect.poll(() => existsSync(join(folder, "closed", "lock")), { timeout: 60_000 }).toBe(false);
  await expectSaved("closed");
});
