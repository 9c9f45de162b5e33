/** @file For tests: many who want a lock that was left behind. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { lockRun } from "./lock.ts";

/** Expects that of three at once never two hold it, that one does, and that nothing is left; `trials` times. */
export async function raceForLocks(base: string, trials: number): Promise<void> {
  for (let trial = 0; trial < trials; trial++) {
    const folder = join(base, `race-${trial % 8}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "lock.json"), JSON.stringify({ process: 2 ** 30, machine: hostname() }));
    let [holders, most] = [0, 0];
    const contenders = Array.from({ length: 3 }, async () => {
      const unlock = await lockRun(folder).catch(() => null);
      if (!unlock) return;
      most = Math.max(most, ++holders);
      // Long enough for the others to come.
      await new Promise((resolve) => setTimeout(resolve, 1));
      holders--;
      await unlock();
    });
    await Promise.all(contenders);
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  }
}
