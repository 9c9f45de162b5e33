import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lockRun } from "./lock.ts";
import { raceForLocks } from "./lock-fixture.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "hale-lock-"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe("a run folder", () => {
  test("is one process's at a time, and free again when that is done", async () => {
    const folder = join(base, "one");
    const unlock = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toMatchObject({ code: "RUN_BUSY", message: expect.stringContaining(folder) });
    await unlock();
    await (await lockRun(folder))();
  });

  test("is taken over from a process that is gone, or that was cut off while it took it", async () => {
    const folder = base;
    // No process has an id this high (Linux ends at 2^22).
    for (const left of [JSON.stringify({ process: 2 ** 30, machine: hostname() }), '{"proc', ""]) {
      await writeFile(join(folder, "lock.json"), left);
      const unlock = await lockRun(folder);
      expect(JSON.parse(await readFile(join(folder, "lock.json"), "utf8"))).toMatchObject({ process: process.pid });
      await unlock();
    }
  });

  test("stays with a process on another machine, which cannot be asked", async () => {
    await writeFile(join(base, "lock.json"), JSON.stringify({ process: 1, machine: "elsewhere" }));
    await expect(lockRun(base)).rejects.toThrow(/elsewhere.*delete/);
    await rm(join(base, "lock.json"));
  });

  test("that was made for a run that could not begin disappears with it; one with files in it stays", async () => {
    await (await lockRun(join(base, "empty")))();
    const unlock = await lockRun(join(base, "full"));
    await writeFile(join(base, "full", "run.json"), "{}");
    await unlock();
    expect((await readdir(base)).sort()).toEqual(["full"]);
  });

  test("that was left behind goes to one of many who want it, each time", async () => {
    await raceForLocks(base, 30);
  });
});
