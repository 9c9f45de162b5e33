import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NamedArray } from "@hale/autodiff";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RunCheckpoints } from "../run/run-checkpoints.ts";
import type { RunSettings } from "../run/run-settings.ts";
import { folderFiles } from "./folder-files.ts";
import { checkpointsIn, listCheckpoints } from "./run-folder.ts";

const RUN = { method: "sagan", fingerprint: "f".repeat(64) };
const array = (...values: number[]): NamedArray => ({ shape: [values.length], data: Float32Array.from(values) });
const arrays = new Map([["w", array(1, 2)]]);
const bestArrays = new Map([["w", array(3, 4)]]);
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-run-checkpoints-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a run finds where it was, with its state and its best state apart", async () => {
  const first = await RunCheckpoints.open(folderFiles(folder), RUN, 2);
  expect(first.takeNewest()).toBeNull();
  const best = { iteration: 4, value: 0.75 };
  for (const iteration of [2, 4, 6]) await first.save({ iteration, best, seconds: 1.5, arrays, bestArrays });
  expect(await listCheckpoints(checkpointsIn(folder))).toEqual([4, 6]);
  const again = await RunCheckpoints.open(folderFiles(folder), RUN, 2);
  expect(again.damaged).toEqual([]);
  expect(again.takeNewest()).toMatchObject({ iteration: 6, best, seconds: 1.5, arrays, bestArrays });
  expect(again.takeNewest()).toBeNull();
});

test("checkpoints of another run are refused", async () => {
  const run = await RunCheckpoints.open(folderFiles(folder), RUN, 2);
  await run.save({ iteration: 1, best: null, seconds: 0, arrays, bestArrays: new Map() });
  for (const other of [{ method: "proxyano" }, { fingerprint: "0".repeat(64) }])
    await expect(RunCheckpoints.open(folderFiles(folder), { ...RUN, ...other }, 2)).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      fault: expect.stringContaining(folder),
      setting: "out",
    });
});

test("the refusal names the settings that are other, or says that the images are", async () => {
  const run = await RunCheckpoints.open(folderFiles(folder), RUN, 2);
  await run.save({ iteration: 1, best: null, seconds: 0, arrays, bestArrays: new Map() });
  const settings: RunSettings = {
    ...{ data: "a", method: "sagan", options: { width: 8 }, size: 32, channels: 1, seed: 1, iterations: 5 },
    ...{ device: "cpu", threads: 1, falseAlarmRate: 0.05, selection: "last", every: 1, keep: 2, corrupt: "refuse" },
  };
  await writeFile(join(folder, "run.json"), JSON.stringify(settings));
  const refused = (changed: Partial<RunSettings>) =>
    RunCheckpoints.open(folderFiles(folder), { ...RUN, fingerprint: "0".repeat(64) }, 2, {
      ...settings,
      ...changed,
    } as RunSettings);
  await expect(refused({ seed: 2, options: { width: 16 }, data: "b" })).rejects.toMatchObject({
    fault: expect.stringMatching(/of another run: options\.width 16 instead of 8, seed 2 instead of 1\.$/),
  });
  await expect(refused({})).rejects.toMatchObject({ fault: expect.stringMatching(/settings are the same.*images/) });
});
