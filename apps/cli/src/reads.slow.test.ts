/** @file No command decodes a file twice: train, evaluate, check and demo, on pictures and on volumes with masks. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFiles, writePhantomSet, writePhantomVolumes } from "@hale/data/node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { countReads } from "../../../packages/data/src/node/reads-fixture.ts";
import { run } from "./program.ts";

const LIMIT = 240_000;
let root = "";
const at = (name: string) => join(root, name);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-reads-"));
  const counts = { trainNormal: 12, unlabelled: 4, valNormal: 6, testNormal: 5, testAbnormal: 5 };
  await writePhantomSet(at("pictures"), { seed: 5, size: 32, counts });
});
afterAll(() => rm(root, { recursive: true }));

/** Runs a command and gives how often it decoded each file. */
async function readsOf(...args: string[]): Promise<Map<string, number>> {
  const said: string[] = [];
  const listen = (line: unknown) => void said.push(String(line));
  const spies = [vi.spyOn(console, "log"), vi.spyOn(console, "error")];
  for (const spy of spies) spy.mockImplementation(listen);
  const { counts, stop } = countReads();
  try {
    expect(await run(args), said.join("\n")).toBe(0);
    return counts;
  } finally {
    stop();
    for (const spy of spies) spy.mockRestore();
  }
}

const VOLUMES = {
  seed: 4,
  size: 32,
  slices: 4,
  counts: { train: 8, unlabelled: 2, val: 4, testNormal: 2, testAbnormal: 2 },
};

const twice = (counts: ReadonlyMap<string, number>) => [...counts].filter(([, count]) => count > 1);
const SMALL = ["--method", "autoencoder", "--hidden", "16", "--batch", "4", "--size", "32", "--threads", "1"];

describe("on pictures", () => {
  test("training reads each image that it uses once, those of the threshold too", { timeout: LIMIT }, async () => {
    const { items } = await loadFiles(at("pictures"));
    const counts = await readsOf("train", at("pictures"), "--out", at("run"), "--iterations", "2", ...SMALL);
    expect(twice(counts)).toEqual([]);
    expect(counts.size).toBe(items.filter(({ split }) => split !== "test").length);
  });

  test("evaluation with a report reads each image and mask once", { timeout: LIMIT }, async () => {
    const { items } = await loadFiles(at("pictures"));
    const report = ["--report", at("report.html")];
    const counts = await readsOf("evaluate", at("run/detector.hale"), at("pictures"), ...report);
    expect(twice(counts)).toEqual([]);
    expect(counts.size).toBeGreaterThanOrEqual(items.length);
  });

  test("a check reads each image once", { timeout: LIMIT }, async () => {
    const counts = await readsOf("data", "check", at("pictures"));
    expect(twice(counts)).toEqual([]);
    expect(counts.size).toBeGreaterThan(0);
  });

  test("the demo reads each image once for training, evaluation and report", { timeout: LIMIT }, async () => {
    const counts = await readsOf("demo", "--out", at("demo"), "--iterations", "2", "--json");
    const { items } = await loadFiles(at("demo/phantoms"));
    expect(twice(counts)).toEqual([]);
    expect(counts.size).toBeGreaterThanOrEqual(items.length);
  });
});

describe("on volumes", () => {
  test("training, evaluation and check read each volume and mask once", { timeout: LIMIT }, async () => {
    await writePhantomVolumes(at("volumes"), VOLUMES);
    const trained = await readsOf("train", at("volumes"), "--out", at("volume-run"), "--iterations", "2", ...SMALL);
    expect(twice(trained)).toEqual([]);
    expect(trained.size).toBeGreaterThan(0);
    const report = ["--report", at("volumes.html")];
    const evaluated = await readsOf("evaluate", at("volume-run/detector.hale"), at("volumes"), ...report);
    expect(twice(evaluated)).toEqual([]);
    expect(evaluated.size).toBeGreaterThan(0);
    expect(twice(await readsOf("data", "check", at("volumes")))).toEqual([]);
  });
});
