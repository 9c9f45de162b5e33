/** @file A whole run of a method that learns by a fit: stopped, resumed and ended early, it ends bit-equal; what it leaves. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readImages, writePhantomSet } from "@hale/data/node";
import { cardText, printOf, seenSearch } from "@hale/detector";
import { readDetector, readSeen, seenPath } from "@hale/detector/node";
import type { Raster } from "@hale/imaging";
import { type Method, methods } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nearestMethod } from "../fit-fixture.ts";
import { writeRunDetector } from "./finish.ts";
import { listCheckpoints, loadCheckpoint, readLosses } from "./run-folder.ts";
import { type FinishedRun, type FitSettings, Interrupted, type RunSettings, runTraining } from "./train.ts";
import { openRun } from "./trained-run.ts";

let root = "";
let settings: FitSettings;
let straight: FinishedRun;

beforeAll(async () => {
  (methods as Map<string, Method>).set(nearestMethod.name, nearestMethod as unknown as Method);
  root = await mkdtemp(join(tmpdir(), "hale-fit-"));
  const data = join(root, "data");
  const counts = { trainNormal: 20, unlabelled: 6, valNormal: 4, testNormal: 0, testAbnormal: 0 };
  await writePhantomSet(data, { seed: 5, size: 32, counts });
  settings = {
    data,
    method: nearestMethod.name,
    options: { gain: 3 },
    size: 32,
    channels: 1,
    seed: 3,
    device: "cpu",
    threads: 1,
    falseAlarmRate: 0.25,
    every: 6,
    keep: 2,
    corrupt: "refuse",
  };
  straight = await runTraining(at("straight"), settings);
});
afterAll(async () => {
  (methods as Map<string, Method>).delete(nearestMethod.name);
  await rm(root, { recursive: true });
});

const at = (name: string) => join(root, name);
const sha256 = (values: Uint8Array | Float32Array) => createHash("sha256").update(values).digest("hex");

/** Everything that a run leaves, without its times. */
async function traceOf(run: string) {
  const checkpoints = join(run, "checkpoints");
  const [newest] = (await listCheckpoints(checkpoints)).slice(-1);
  const { arrays, seconds: _, ...record } = await loadCheckpoint(checkpoints, newest);
  const pictures = await readdir(join(run, "examples"));
  return {
    record,
    arrays: [...arrays].map(([name, { shape, data }]) => [name, shape, sha256(data)]),
    pictures: await Promise.all(
      pictures.map(async (name) => [name, sha256(await readFile(join(run, "examples", name)))]),
    ),
  };
}

const learnt = ({ arrays }: FinishedRun) => [...arrays].map(([name, { shape, data }]) => [name, shape, sha256(data)]);

describe("a fit", () => {
  test("learns from all training normals but those of the threshold, and from nothing else", () => {
    const { partition } = straight.plan;
    expect(partition.selection).toEqual([]);
    // Four normals of val are fewer than the threshold wants, so that some of train join them.
    expect(partition.train.length + partition.threshold.length).toBe(24);
    expect(straight.iteration).toBe(partition.train.length);
    expect(straight.arrays.get("nearest/bank")!.shape[0]).toBe(partition.train.length);
    expect(straight.selections).toEqual([]);
  });

  test("leaves checkpoints every so many normals, pictures at its end, and no losses", async () => {
    const total = straight.iteration;
    expect(await listCheckpoints(join(at("straight"), "checkpoints"))).toEqual([16, total]);
    expect(await readdir(join(at("straight"), "examples"))).toEqual([`${String(total).padStart(8, "0")}.png`]);
    expect(await readLosses(at("straight"))).toEqual([]);
    expect(existsSync(join(at("straight"), "losses.jsonl"))).toBe(false);
    expect(JSON.parse(await readFile(join(at("straight"), "run.json"), "utf8"))).toEqual(settings);
  });

  test.each([1, 2])("asked to stop after batch %d saves, and ends bit-equal when it goes on", async (batch) => {
    const run = at(`stopped-${batch}`);
    const controller = new AbortController();
    let steps = 0;
    const events = { onStep: () => ++steps === batch && controller.abort() };
    const stopped = runTraining(run, settings, events, { signal: controller.signal });
    await expect(stopped).rejects.toThrow(Interrupted);
    await expect(stopped).rejects.toMatchObject({ folder: run, message: `Stopped at normal ${8 * batch}, and saved.` });
    expect((await listCheckpoints(join(run, "checkpoints"))).at(-1)).toBe(8 * batch);
    let resumedAt = -1;
    const plan = (one: FinishedRun["plan"]) => {
      resumedAt = one.resumedAt;
    };
    const done = await runTraining(run, settings, { onPlan: plan });
    expect(resumedAt).toBe(8 * batch);
    expect(learnt(done)).toEqual(learnt(straight));
    expect(await traceOf(run)).toEqual(await traceOf(at("straight")));
  });

  test("may end early with a detector of fewer normals, in the middle of a batch, and go on later", async () => {
    const run = at("early");
    const early = await runTraining(run, settings, {}, { until: 5 });
    expect(early.iteration).toBe(5);
    expect(early.arrays.get("nearest/bank")!.shape[0]).toBe(5);
    const card = await writeRunDetector(early, join(root, "early.hale"));
    expect(card.dataset.trainNormals).toBe(5);
    expect(learnt(await runTraining(run, settings))).toEqual(learnt(straight));
  });

  test("that is done gives the same again", async () => {
    const run = at("again");
    await cp(at("straight"), run, { recursive: true });
    expect(learnt(await runTraining(run, settings))).toEqual(learnt(straight));
    expect(await traceOf(run)).toEqual(await traceOf(at("straight")));
  });

  test("is refused by a folder of another fit, and by settings of learning in steps", async () => {
    const mismatch = { code: "CHECKPOINT_MISMATCH" };
    for (const other of [{ seed: 4 }, { options: { gain: 2 } }])
      await expect(runTraining(at("straight"), { ...settings, ...other })).rejects.toMatchObject(mismatch);
    const refusal = (more: object) => runTraining(at("wrong"), { ...settings, ...more } as RunSettings);
    await expect(refusal({ iterations: 10 })).rejects.toMatchObject({
      code: "OPTION_INVALID",
      fault: "nearest-fixture learns in one pass over the normals, so it has no iterations.",
    });
    await expect(refusal({ selection: "last" })).rejects.toThrow(/no checkpoint to select/);
    await expect(runTraining(at("wrong"), { ...settings, method: "sagan", options: {} })).rejects.toThrow(
      "sagan learns by steps, and nothing says how many.",
    );
  });

  test("opens as a run to be looked at, with what it learnt from and held out", async () => {
    const run = await openRun(at("straight"));
    expect(run.training.items).toEqual(straight.plan.partition.train);
    expect(run.heldOut.items).toEqual(straight.plan.partition.threshold);
    expect(run.iteration).toBe(straight.iteration);
  });
});

test("its detector scores without a counterpart, by a threshold of held-out normals", async () => {
  const file = join(root, "d.hale");
  const card = await writeRunDetector(straight, file);
  expect(card.dataset).toMatchObject({
    trainNormals: straight.iteration,
    unlabelled: 0,
    selectionNormals: 0,
    thresholdNormals: straight.threshold.items.length,
  });
  expect(card.training.selectionRule).toMatch(/^none: .* one pass/);
  expect(card.counterpart).toBe(false);
  expect(card.threshold?.value).toBeGreaterThan(0);
  expect(card.normalScores[0]).toBeGreaterThan(0);
  const detector = await readDetector(file, await openDevice({ threads: 1 }));
  expect(detector.card).toEqual(card);
  await detector.release();
});

test("hashes of all images that it used lie in its folder and beside its detector, and in the card if asked for", async () => {
  const file = join(root, "hashed.hale");
  const plain = await writeRunDetector(straight, file);
  expect(plain.seen).toBeUndefined();
  const seen = await readSeen(seenPath(file), await readFile(file));
  expect(await readSeen(join(at("straight"), "images.seen"))).toEqual(seen);
  const { partition } = straight.plan;
  const used = [...partition.train, ...partition.threshold];
  expect(seen?.images).toBe(used.length);
  const search = seenSearch(seen!);
  const { images } = await readImages(used, async (raster) => search(await printOf(raster)));
  expect(images).toEqual(used.map(() => "exact"));
  const told = await writeRunDetector(straight, file, { imageHashes: true });
  expect(told.seen).toEqual(seen);
  expect(cardText(told, file)).toContain(`of ${used.length} images: whoever has the file`);
});

test("its card describes how its normals look, which its own images agree with", async () => {
  const file = join(root, "look.hale");
  const card = await writeRunDetector(straight, file);
  expect(card.domain?.images).toBe(24);
  expect(card.domainReason).toBeUndefined();
  const detector = await readDetector(file, await openDevice({ threads: 1 }));
  const { items } = straight.threshold;
  const { images } = await readImages(items, async (raster) => {
    const turned = { ...raster, data: raster.data.map((value) => raster.maxValue - value) as Raster["data"] };
    return { own: await detector.examine(raster), inverted: await detector.examine(turned) };
  });
  for (const { own, inverted } of images) {
    expect(own).toMatchObject({ domain: { outside: false, reasons: [] } });
    expect(own.decision).not.toBe("needs review");
    expect(inverted).toMatchObject({ decision: "needs review", domain: { outside: true } });
    expect(inverted.score).toBeGreaterThan(0);
  }
  await detector.release();
});
