import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Method, methods } from "@hale/methods";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nearestMethod } from "../fit-fixture.ts";
import {
  checkSettings,
  type FitSettings,
  type GradientSettings,
  type RunSettings,
  splitOf,
} from "../run/run-settings.ts";
import { readRunSettings } from "./run-folder.ts";

const common = {
  data: "data",
  options: {},
  size: 32,
  channels: 1,
  seed: 3,
  device: "cpu",
  threads: 1,
  falseAlarmRate: 0.05,
  every: 2,
  keep: 1,
  corrupt: "refuse",
} as const;
const byGradient: GradientSettings = { ...common, method: "sagan", iterations: 4, selection: "last" };
const byFit: FitSettings = { ...common, method: nearestMethod.name };
let root = "";

beforeAll(async () => {
  (methods as Map<string, Method>).set(nearestMethod.name, nearestMethod as unknown as Method);
  root = await mkdtemp(join(tmpdir(), "hale-settings-"));
});
afterAll(async () => {
  (methods as Map<string, Method>).delete(nearestMethod.name);
  await rm(root, { recursive: true });
});

test("settings suit the way in which their method learns", () => {
  expect(checkSettings(byGradient)).toEqual(byGradient);
  expect(checkSettings(byFit)).toEqual(byFit);
  expect(checkSettings({ ...byGradient, exact: true })).toEqual({ ...byGradient, exact: true });
  const refused = (settings: object, setting: string) =>
    expect(() => checkSettings(settings as RunSettings)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", setting }),
    );
  refused({ ...byFit, iterations: 4 }, "iterations");
  refused({ ...byFit, selection: "pseudo-auc" }, "selection");
  refused({ ...common, method: "sagan" }, "iterations");
});

test("normals are held out to select only where something is selected", () => {
  expect(splitOf(byGradient)).toEqual({ seed: 3, falseAlarmRate: 0.05, selects: true });
  expect(splitOf({ ...byFit, splitSeed: 9 })).toEqual({ seed: 9, falseAlarmRate: 0.05, selects: false });
});

test("a run's file gives its settings of either kind, and a damaged one is refused", async () => {
  const write = async (name: string, text: string) => {
    await mkdir(join(root, name));
    await writeFile(join(root, name, "run.json"), text);
    return join(root, name);
  };
  for (const settings of [byGradient, byFit])
    expect(await readRunSettings(await write(settings.method, JSON.stringify(settings)))).toEqual(settings);
  const corrupt = { code: "CHECKPOINT_CORRUPT" };
  for (const [name, text] of [
    ["cut", '{"data":'],
    ["null", "null"],
    ["both", JSON.stringify({ ...byFit, iterations: 4 })],
    ["neither", JSON.stringify({ ...common, method: "sagan" })],
  ])
    await expect(readRunSettings(await write(name, text))).rejects.toMatchObject(corrupt);
  await expect(readRunSettings(join(root, "no"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
});
