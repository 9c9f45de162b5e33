/** @file A thousand locks that were left behind, and three who want each. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { raceForLocks } from "./lock-fixture.ts";

test("at most one holds a lock in a thousand trials", { timeout: 600_000 }, async () => {
  const base = await mkdtemp(join(tmpdir(), "hale-locks-"));
  try {
    await raceForLocks(base, 1000);
  } finally {
    await rm(base, { recursive: true });
  }
});
