/** @file Training in a page's worker: it survives a reload to the bit, keeps to what it was allowed, and learns what Node learns. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PhantomSetOptions } from "@hale/data";
import { readImages, writePhantomSet } from "@hale/data/node";
import { type Card, Detector } from "@hale/detector";
import { readDetector } from "@hale/detector/node";
import type { Raster } from "@hale/imaging";
import { openDevice } from "@hale/runtime/node";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { needs } from "../../../core/src/node/needs-fixture.ts";
import { bundled, CHROMIUM, findChromium, withPage } from "../../../runtime/src/node/page-fixture.ts";
import { runTraining, writeRunDetector } from "../node/index.ts";
import type { TabRun } from "../web/tab-runs.ts";
import { knnOn, PHANTOMS, SAGAN } from "./tab-runs.ts";

const browser = needs(`Chromium at ${CHROMIUM}`, findChromium);
const folder = await mkdtemp(join(tmpdir(), "hale-tab-"));
afterAll(() => rm(folder, { recursive: true }));

const TIMEOUT_MS = 300_000;
const DAY_MS = 24 * 3600 * 1000;

type Made = { kind: "detector"; iteration: number; bytes: string; card: Card };

async function inTab<T>(use: (page: Page) => Promise<T>): Promise<T> {
  const worker = await bundled(new URL("./tab-worker-entry.ts", import.meta.url), "");
  const files = new Map([["/tab-worker.js", worker]]);
  return withPage({ entry: new URL("./tab-entry.ts", import.meta.url), files }, use);
}

/** Calls a function of the page's worker. */
const call = <T>(page: Page, name: string, ...args: unknown[]): Promise<T> =>
  page.evaluate(`call(${[name, ...args].map((arg) => JSON.stringify(arg)).join(", ")})`) as Promise<T>;

async function ready(page: Page): Promise<void> {
  await page.waitForFunction("globalThis.pageReady === true");
}

describe.skipIf(!browser)("training in a page", () => {
  test("paused, reloaded and resumed it ends bit-equal to a run that was not", { timeout: TIMEOUT_MS }, async () => {
    await inTab(async (page) => {
      const kept = { keep: true };
      const straight = await call<Made>(page, "start", "straight", SAGAN, PHANTOMS, true, kept);
      expect(straight).toMatchObject({ kind: "detector", iteration: 6 });
      const paused = await call(page, "start", "paused", SAGAN, PHANTOMS, true, { ...kept, pauseAt: 3 });
      expect(paused).toEqual({ kind: "paused", iteration: 3 });
      await page.reload();
      await ready(page);
      const resumed = await call<Made>(page, "resume", "paused", kept);
      const sums = (id: string) => call<{ newest: string; losses: unknown[] }>(page, "sums", id);
      const own = await sums("paused");
      expect(own).toEqual(await sums("straight"));
      expect(own.newest).toBe("checkpoint-00000006.safetensors");
      expect(own.losses.length).toBeGreaterThanOrEqual(6);
      const { threshold, normalScores, domain, seen } = resumed.card;
      const { created: _, training, ...rest } = straight.card;
      expect(resumed.card).toMatchObject({ ...rest, training: { ...training, seconds: expect.any(Number) } });
      expect({ threshold, normalScores, domain, seen }).not.toEqual({});

      // Both were kept on purpose. One call erases all.
      const runs = await call<TabRun[]>(page, "list");
      expect(runs.map(({ id, kept, iteration, title }) => ({ id, kept, iteration, title }))).toEqual(
        ["paused", "straight"].map((id) => ({ id, kept: true, iteration: 6, title: "Phantoms" })),
      );
      for (const { bytes } of runs) expect(bytes).toBeGreaterThan(100_000);
      expect(await call(page, "eraseAll")).toBe(0);
      expect(await call(page, "list")).toEqual([]);
    });
  });

  test("two tabs do not train one run, seven days are its time, and its end erases it", {
    timeout: TIMEOUT_MS,
  }, async () => {
    await inTab(async (page) => {
      expect(await call(page, "start", "one", SAGAN, PHANTOMS, true, { pauseAt: 1 })).toMatchObject({ kind: "paused" });
      const other = await page.context().newPage();
      await other.goto(page.url());
      await ready(other);
      const here = call<Made>(page, "resume", "one", { stopAt: 3 });
      await expect
        .poll(() => call(other, "resume", "one").catch((error: Error) => error.message), { timeout: 20_000 })
        .toContain("RUN_BUSY");
      // Stopped, it gives a detector of what it has learnt, and can go on.
      expect(await here).toMatchObject({ kind: "detector", iteration: 3 });
      const [{ used, erasedAt }] = await call<TabRun[]>(other, "list");
      expect(erasedAt).toBe(used + 7 * DAY_MS);
      await call(other, "eraseOld", used + 6 * DAY_MS);
      expect(await call(other, "list")).toHaveLength(1);
      expect(await call(other, "resume", "one")).toMatchObject({ kind: "detector", iteration: 6 });
      expect(await call(page, "list")).toEqual([]);

      expect(await call(page, "start", "two", SAGAN, PHANTOMS, true, { pauseAt: 1 })).toMatchObject({ kind: "paused" });
      await call(page, "eraseOld", Date.now() + 8 * DAY_MS);
      expect(await call(page, "list")).toEqual([]);
    });
  });

  test("what the browser does not grant is told, and without consent nothing is kept", {
    timeout: TIMEOUT_MS,
  }, async () => {
    await inTab(async (page) => {
      const unstored = await call(page, "start", "unstored", SAGAN, PHANTOMS, false, { pauseAt: 1 });
      expect(unstored).toMatchObject({ kind: "paused" });
      expect(await call(page, "list")).toEqual([]);
      expect(await call(page, "resume", "unstored", { stopAt: 2 })).toMatchObject({ kind: "detector", iteration: 2 });
      const session = await page.context().newCDPSession(page);
      const { origin } = new URL(page.url());
      await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000 });
      await expect(call(page, "start", "large", SAGAN, PHANTOMS, true)).rejects.toThrow(/DISK_FULL.*no more storage/);
    });
  });

  test("a fit learns what it learns in Node: the same threshold and the same scores", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const data = join(folder, "phantoms");
    await writePhantomSet(data, PHANTOMS satisfies PhantomSetOptions);
    const run = await runTraining(join(folder, "run"), { ...knnOn("cpu"), data });
    await writeRunDetector(run, join(folder, "node.hale"));
    const made = await inTab((page) => call<Made>(page, "start", "knn", knnOn("wasm"), PHANTOMS, true));
    const device = await openDevice({ kind: "cpu", threads: 1 });
    const node = await readDetector(join(folder, "node.hale"), device);
    const tab = await Detector.load(Uint8Array.from(Buffer.from(made.bytes, "base64")), device, "tab.hale");
    const { images: rasters } = await readImages(run.plan.partition.test, (raster): Raster => raster);
    expect(rasters).toHaveLength(6);
    for (const raster of rasters) {
      const [theirs, ours] = [await node.examine(raster), await tab.examine(raster)];
      expect(theirs.score).toBeGreaterThan(0);
      expect(Math.abs(ours.score - theirs.score) / theirs.score).toBeLessThan(1e-4);
    }
    const { threshold } = node.card;
    expect(tab.card.threshold!.value / threshold!.value).toBeCloseTo(1, 4);
    expect(tab.card.dataset).toMatchObject({
      trainNormals: node.card.dataset.trainNormals,
      thresholdNormals: node.card.dataset.thresholdNormals,
    });
    // Logarithms of one version of V8 are not those of another to the last bit.
    const [there, here] = [node.card.domain!, tab.card.domain!];
    expect(here.images).toBe(there.images);
    for (const [name, limit] of Object.entries(there.limits))
      expect(here.limits[name as keyof typeof here.limits]).toBeCloseTo(limit, 9);
    await node.release();
    await tab.release();
  });
});
