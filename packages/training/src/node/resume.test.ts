/** @file Resuming: however a run is stopped, and whatever happened to its newest checkpoint, it ends as if nothing had. */
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "@hale/core";
import { sourceOptions } from "@hale/core/node";
import { writePhantomSet } from "@hale/data/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sagan } from "../../../methods/src/sagan/method.ts";
import type { FatalMoment } from "./resume-fixture.ts";
import { listCheckpoints, newestCheckpoint, readLosses, saveCheckpoint } from "./run-folder.ts";
import { type GradientSettings, Interrupted, runTraining } from "./train.ts";

const LIMIT = 240_000;
const ITERATIONS = 8;
let root = "";
let settings: GradientSettings;
/** The run that nothing interrupted. */
let straight = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-resume-"));
  const data = join(root, "data");
  const counts = { trainNormal: 6, unlabelled: 4, valNormal: 2, testNormal: 0, testAbnormal: 0 };
  await writePhantomSet(data, { seed: 5, size: 32, counts });
  settings = {
    data,
    method: "sagan",
    options: sagan.options.parse({
      width: 8,
      batch: 2,
      residualBlocks: 0,
      learningRate: 1e-3,
    }) as GradientSettings["options"],
    size: 32,
    channels: 1,
    seed: 3,
    iterations: ITERATIONS,
    device: "cpu",
    threads: 1,
    falseAlarmRate: 0.05,
    selection: "pseudo-auc",
    every: 2,
    keep: 2,
    corrupt: "refuse",
  };
  straight = join(root, "straight");
  await runTraining(straight, settings);
}, LIMIT);
afterAll(() => rm(root, { recursive: true }));

const checkpointsOf = (run: string) => join(run, "checkpoints");
const fileOf = (run: string, iteration: number, kind: string) =>
  join(checkpointsOf(run), `checkpoint-0000000${iteration}.${kind}`);

/** Stands for the bytes: comparing millions of them one by one takes minutes. */
const sha256 = (values: Uint8Array | Float32Array) => createHash("sha256").update(values).digest("hex");

/** Everything that a run leaves, without its times. */
async function traceOf(run: string) {
  const { checkpoint } = await newestCheckpoint(checkpointsOf(run));
  const { arrays, seconds: _, ...record } = checkpoint!;
  return {
    record,
    arrays: Object.fromEntries([...arrays].map(([name, { shape, data }]) => [name, [shape, sha256(data)]])),
    losses: (await readLosses(run)).map(({ seconds: _, ...line }) => line),
    picture: sha256(await readFile(join(run, "examples", `0000000${ITERATIONS}.png`))),
    files: (await readdir(checkpointsOf(run))).sort(),
  };
}

/**
 * Trains in a process of its own until it ends, or until it is killed: at a fatal moment, or `delay` milliseconds after
 * an iteration, when it waits at the next one if it is there before.
 */
function train(run: string, { at, stop }: { at?: FatalMoment; stop?: { iteration: number; delay: number } } = {}) {
  const fixture = fileURLToPath(new URL("./resume-fixture.ts", import.meta.url));
  const moment = stop ? { call: "step", iteration: stop.iteration + 1 } : at;
  const child = fork(fixture, [run, JSON.stringify(settings), JSON.stringify(moment ?? null)], {
    execArgv: sourceOptions(),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr!.on("data", (text) => {
    complaints += text;
  });
  child.on("message", (message: { iteration: number }) => {
    if (message.iteration === stop?.iteration) setTimeout(() => child.kill("SIGKILL"), stop.delay);
  });
  return new Promise<"done" | "killed">((resolve, reject) => {
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve("killed");
      else if (code === 0) resolve("done");
      else reject(new Error(complaints));
    });
  });
}

/** A copy of the finished run, whose newest checkpoint may be harmed. */
async function copyOfStraight(name: string): Promise<string> {
  const run = join(root, name);
  await cp(straight, run, { recursive: true });
  return run;
}

async function flipBit(file: string, at: (length: number) => number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at(bytes.length)] ^= 1;
  await writeFile(file, bytes);
}

describe("a run", () => {
  test(
    "that is killed at random points ends bit-equal to one never interrupted",
    async () => {
      const run = join(root, "killed");
      const random = new Random(11, "moments");
      const delay = () => random.integer(0, 40);
      const ends: string[] = [];
      // Before there is any checkpoint; around every file of one; after steps, with lines of losses not yet written.
      ends.push(await train(run, { at: { call: "rename", path: "checkpoint-00000002.safetensors" } }));
      expect(await listCheckpoints(checkpointsOf(run))).toEqual([]);
      ends.push(await train(run, { stop: { iteration: 2, delay: delay() } }));
      ends.push(await train(run, { at: { call: "open", path: "checkpoint-00000004.json" } }));
      expect(await listCheckpoints(checkpointsOf(run))).toEqual([2]);
      ends.push(await train(run, { stop: { iteration: 4, delay: delay() } }));
      ends.push(await train(run, { at: { call: "rm", path: "checkpoint-00000002.safetensors" } }));
      expect(ends).toEqual(ends.map(() => "killed"));
      expect(await train(run)).toBe("done");
      expect(await traceOf(run)).toEqual(await traceOf(straight));
    },
    LIMIT,
  );

  test(
    "that is asked to stop saves, says where, and ends the same",
    async () => {
      const run = join(root, "stopped");
      const controller = new AbortController();
      const stopped = runTraining(
        run,
        settings,
        { onStep: ({ iteration }) => iteration === 5 && controller.abort() },
        { signal: controller.signal },
      );
      await expect(stopped).rejects.toThrow(Interrupted);
      await expect(stopped).rejects.toMatchObject({
        message: "Stopped at iteration 5, and saved.",
        folder: run,
        iteration: 5,
      });
      expect(await listCheckpoints(checkpointsOf(run))).toEqual([4, 5]);
      let resumedAt = -1;
      const done = await runTraining(run, settings, {
        onPlan: (plan) => {
          resumedAt = plan.resumedAt;
        },
      });
      expect(resumedAt).toBe(5);
      expect(done.iteration).toBe(ITERATIONS);
      const { files: _, ...trace } = await traceOf(run);
      expect(await traceOf(straight)).toMatchObject(trace);
    },
    LIMIT,
  );

  test("that is done changes nothing when it is resumed", async () => {
    const run = await copyOfStraight("done");
    const again = await runTraining(run, settings);
    expect(again.selections.map(({ iteration }) => iteration)).toEqual([2, 4, 6, 8]);
    expect(again.selected.iteration).toBe((await traceOf(straight)).record.best!.iteration);
    expect(await traceOf(run)).toEqual(await traceOf(straight));
  });

  test("keeps weights, moments and the best generator in its checkpoints", async () => {
    const names = Object.keys((await traceOf(straight)).arrays);
    expect(names.some((name) => name.startsWith("best:generator/"))).toBe(true);
    expect(names.some((name) => name.startsWith("critic/"))).toBe(true);
    expect(names.some((name) => name.startsWith("adam") || /moment|\bm\b|\bv\b/.test(name))).toBe(true);
    expect(names.filter((name) => name.startsWith("best:best:"))).toEqual([]);
  });
});

describe("a damaged newest checkpoint", () => {
  const damages: [string, (run: string) => Promise<unknown>, boolean][] = [
    ["with a flipped bit in its arrays", (run) => flipBit(fileOf(run, 8, "safetensors"), (n) => n - 1), true],
    ["that was cut off", (run) => truncate(fileOf(run, 8, "safetensors"), 5000), true],
    ["without arrays", (run) => rm(fileOf(run, 8, "safetensors")), true],
    ["without a record", (run) => rm(fileOf(run, 8, "json")), false],
    ["with a record cut off", (run) => truncate(fileOf(run, 8, "json"), 30), true],
    [
      "with a changed digit in its record",
      async (run) => {
        const file = fileOf(run, 8, "json");
        await writeFile(file, (await readFile(file, "utf8")).replace('"iteration": 8', '"iteration": 7'));
      },
      true,
    ],
  ];
  test.each(damages)(
    "%s gives way to the one before, and the run ends bit-equal",
    async (name, harm, named) => {
      const run = await copyOfStraight(name.replaceAll(" ", "-"));
      await harm(run);
      let resumedAt = -1;
      let damaged: string[] = [];
      await runTraining(run, settings, {
        onPlan: (plan) => {
          resumedAt = plan.resumedAt;
          damaged = plan.damaged;
        },
      });
      expect(resumedAt).toBe(6);
      expect(damaged).toEqual(named ? [expect.stringMatching(/checkpoint-00000008\.json is damaged/)] : []);
      expect(await traceOf(run)).toEqual(await traceOf(straight));
    },
    LIMIT,
  );

  test("is refused when no other is sound, and nothing is overwritten", async () => {
    const run = await copyOfStraight("all");
    for (const iteration of [6, 8]) await flipBit(fileOf(run, iteration, "safetensors"), (n) => n >> 1);
    const before = await readFile(fileOf(run, 8, "safetensors"));
    await expect(runTraining(run, settings)).rejects.toMatchObject({ code: "CHECKPOINT_CORRUPT" });
    expect(sha256(await readFile(fileOf(run, 8, "safetensors")))).toBe(sha256(before));
  });

  test("never pushes out the one that was just saved", async () => {
    const run = await copyOfStraight("few");
    await flipBit(fileOf(run, 8, "safetensors"), (n) => n - 1);
    const { checkpoint } = await newestCheckpoint(checkpointsOf(run));
    await saveCheckpoint(checkpointsOf(run), { ...checkpoint!, iteration: 7 }, 1);
    expect(await listCheckpoints(checkpointsOf(run))).toEqual([7]);
  });
});

describe("a checkpoint of another run is refused and left alone:", () => {
  const others: [string, () => Partial<GradientSettings>][] = [
    ["another method", () => ({ method: "autoencoder", options: {} })],
    ["other options", () => ({ options: { ...settings.options, learningRate: 2e-3 } })],
    ["another seed", () => ({ seed: 4 })],
    ["another length", () => ({ iterations: 9 })],
  ];
  test.each(others)("%s", async (name, other) => {
    const run = await copyOfStraight(name.replaceAll(" ", "-"));
    const refused = { code: "CHECKPOINT_MISMATCH", fault: expect.stringContaining(run) };
    await expect(runTraining(run, { ...settings, ...other() })).rejects.toMatchObject(refused);
    expect(JSON.parse(await readFile(join(run, "run.json"), "utf8"))).toEqual(settings);
  });

  test("another format", async () => {
    const run = await copyOfStraight("format");
    const file = fileOf(run, 8, "json");
    await writeFile(file, (await readFile(file, "utf8")).replace(/"format": \d+/, '"format": 99'));
    const refused = { code: "CHECKPOINT_MISMATCH", fault: expect.stringMatching(/format 99/) };
    await expect(runTraining(run, settings)).rejects.toMatchObject(refused);
  });

  test("other images", async () => {
    const run = await copyOfStraight("images");
    const data = join(root, "data-other");
    const counts = { trainNormal: 6, unlabelled: 4, valNormal: 2, testNormal: 0, testAbnormal: 0 };
    await writePhantomSet(data, { seed: 6, size: 32, counts });
    await expect(runTraining(run, { ...settings, data })).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
  });
});

test("the data set may move between two parts of a run", async () => {
  const run = await copyOfStraight("moved");
  const data = join(root, "moved-data");
  await cp(settings.data, data, { recursive: true });
  expect((await runTraining(run, { ...settings, data })).iteration).toBe(ITERATIONS);
});
