/**
 * @file The loop of learning by gradient alone, on a method whose state counts its steps: when it selects, saves and stops, and
 * what it hands over. Runs on disk: resume.test.ts.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { add, input, mean, mul, Parameters } from "@hale/autodiff";
import type { GradientRecipe, Method } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { learnByGradient } from "../run/gradient-run.ts";
import { Interrupted, type RunControl, type RunEvents } from "../run/run.ts";
import { RunCheckpoints } from "../run/run-checkpoints.ts";
import type { GradientSettings } from "../run/run-settings.ts";
import { openEventLog } from "./event-log.ts";
import { folderFiles } from "./folder-files.ts";
import { checkpointsIn, listCheckpoints, readLosses } from "./run-folder.ts";

const shape = { size: 4, channels: 1 } as const;
const device = await openDevice({ threads: 1 });
const image = (value: number) => new Float32Array(16).fill(value);
const images = (...values: number[]) => ({ items: [], images: values.map(image) });

/** Scores an image by the mean of image × count, so that unlabelled ones stand out while the count is positive. */
function countingRecipe(ready?: GradientRecipe["ready"]): GradientRecipe {
  const count = input("count/value", [1]);
  return {
    learning: "gradient",
    parameters: new Parameters(),
    initialState: () => new Map([["count/value", { shape: [1], data: Float32Array.of(-4) }]]),
    programs: [{ name: "count", outputs: { value: count }, updates: { "count/value": add(count, 1) } }],
    step: async ({ run }) => ({ value: (await run("count", {})).value[0] }),
    ready,
    anomalyMap: (x) => mul(x, count),
    score: (map) => mean(map, [1, 2, 3]),
    inferencePrefixes: ["count/"],
  };
}

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-gradient-"));
});
afterEach(() => rm(folder, { recursive: true }));

const settings: GradientSettings = {
  data: "",
  method: "counting",
  options: {},
  size: 4,
  channels: 1,
  seed: 1,
  iterations: 8,
  device: "cpu",
  threads: 1,
  falseAlarmRate: 0.25,
  selection: "pseudo-auc",
  every: 3,
  keep: 10,
  corrupt: "refuse",
};

async function learn({
  events = {},
  control = {},
  ready,
  more = {},
}: {
  events?: RunEvents;
  control?: RunControl;
  ready?: GradientRecipe["ready"];
  more?: Partial<GradientSettings>;
} = {}) {
  const recipe = countingRecipe(ready);
  const checkpoints = await RunCheckpoints.open(folderFiles(folder), { method: "counting", fingerprint: "f" }, 10);
  return learnByGradient({
    files: folderFiles(folder),
    openLog: (iteration) => openEventLog(folder, iteration),
    settings: { ...settings, ...more },
    opened: { method: {} as Method, recipe, shape, backbone: [], inheritance: null },
    images: {
      train: images(0.1, 0.2),
      unlabelled: images(0.5, 0.6),
      selection: images(0.1, 0.2),
      threshold: images(0.3),
      looks: { descriptions: [], clusters: [], prints: [] },
      skipped: [],
      notes: [],
    },
    device,
    checkpoints,
    announce: () => {},
    events,
    control,
  });
}

const count = (arrays: ReadonlyMap<string, { data: Float32Array }>) => arrays.get("count/value")!.data[0];

test("it selects and saves every so many iterations and at the end, and keeps the first of the best", async () => {
  const learnt = await learn();
  // Below zero unlabelled images score lowest, from one up highest: 0 at 3, 1 at 6 and 8.
  expect(learnt.selections).toEqual([
    { iteration: 3, pseudoAuc: 0 },
    { iteration: 6, pseudoAuc: 1 },
    { iteration: 8, pseudoAuc: 1 },
  ]);
  expect(learnt.selected).toEqual({ iteration: 6, pseudoAuc: 1 });
  expect([count(learnt.arrays), count(learnt.lastArrays)]).toEqual([2, 4]);
  expect(await listCheckpoints(checkpointsIn(folder))).toEqual([3, 6, 8]);
  const values = (await readLosses(folder)).filter((line) => "value" in line).map(({ value }) => value);
  expect(values).toEqual([-4, -3, -2, -1, 0, 1, 2, 3]);
});

test("the last checkpoint is handed over where it is asked for, and nothing is selected", async () => {
  const learnt = await learn({ more: { selection: "last" } });
  expect(learnt.selected).toEqual({ iteration: 8, pseudoAuc: null });
  expect([count(learnt.arrays), learnt.selections]).toEqual([4, []]);
});

test("nothing is selected while the method is not ready", async () => {
  const { selections } = await learn({ ready: (iteration) => iteration > 6 });
  expect(selections).toEqual([{ iteration: 8, pseudoAuc: 1 }]);
});

test("asked to stop, it saves where it is, and goes on from there to the same end", async () => {
  const straight = await learn();
  await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), "hale-gradient-"));
  const controller = new AbortController();
  const onStep = ({ iteration }: { iteration: number }) => iteration === 4 && controller.abort();
  const stopped = learn({ events: { onStep }, control: { signal: controller.signal } });
  await expect(stopped).rejects.toThrow(Interrupted);
  await expect(stopped).rejects.toMatchObject({ iteration: 4, folder });
  expect(await listCheckpoints(checkpointsIn(folder))).toEqual([3, 4]);
  const resumed = await learn();
  expect({ ...resumed, seconds: 0 }).toEqual({ ...straight, seconds: 0 });
});

test("an early end is no place for a selection", async () => {
  const early = await learn({ control: { until: 5 } });
  expect(early.iteration).toBe(5);
  expect(early.selections.map(({ iteration }) => iteration)).toEqual([3]);
  expect(count(early.lastArrays)).toBe(1);
});
