/** @file A generator of another run: taken over as it is, kept, and refused where it does not fit or has seen too much. */
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NamedArray } from "@hale/autodiff";
import { Random } from "@hale/core";
import { writePhantomSet } from "@hale/data/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hqAnoGan } from "../../../methods/src/hq-anogan/method.ts";
import type { HqAnoGanOptions } from "../../../methods/src/hq-anogan/options.ts";
import { tiny } from "../../../methods/src/hq-anogan/tiny-fixture.ts";
import type { RunControl } from "../run/run.ts";
import { loadCheckpoint, newestCheckpoint, readLosses, saveCheckpoint } from "./run-folder.ts";
import { type FinishedRun, type GradientSettings, runTraining } from "./train.ts";
import { openRun } from "./trained-run.ts";

const SHAPE = { size: 32, channels: 1 } as const;
const GENERATOR = ["mapping/", "synthesis/", "discriminator/", "average/", "pathLength/", "augmentation/"];

let root = "";
/** Folder of the run whose generator is taken. */
let donor = "";
let donated: ReadonlyMap<string, NamedArray>;
let straight: FinishedRun;

const at = (name: string) => join(root, name);

function settingsOf(options: HqAnoGanOptions, others: Partial<GradientSettings> = {}): GradientSettings {
  return {
    data: at("data"),
    method: "hq-anogan",
    options: options as unknown as GradientSettings["options"],
    ...SHAPE,
    seed: 3,
    iterations: 3,
    device: "cpu",
    threads: 1,
    falseAlarmRate: 0.25,
    selection: "last",
    every: 3,
    keep: 1,
    corrupt: "refuse",
    ...others,
  };
}

/** Trains the encoder for three iterations on the donor's generator. */
const train = (
  name: string,
  options: Partial<HqAnoGanOptions> = {},
  settings: Partial<GradientSettings> = {},
  control?: RunControl,
) => runTraining(at(name), settingsOf(tiny({ generator: donor, ...options }), settings), {}, control);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-inherit-"));
  const counts = { trainNormal: 20, unlabelled: 0, valNormal: 2, testNormal: 0, testAbnormal: 0 };
  await writePhantomSet(at("data"), { seed: 5, size: 32, counts });
  // As a run leaves it. What it learnt does not matter here, only that no other run would draw it.
  donor = at("donor");
  const options = tiny();
  const arrays = hqAnoGan.create(options, SHAPE).initialState(new Random(77, "another run"));
  arrays.set("pathLength/average", { shape: [], data: Float32Array.of(0.25) });
  arrays.set("augmentation/p", { shape: [1], data: Float32Array.of(0.5) });
  await mkdir(donor);
  await writeFile(join(donor, "run.json"), JSON.stringify(settingsOf(options)));
  const record = { method: "hq-anogan", fingerprint: "", best: null, seconds: 1 };
  await saveCheckpoint(join(donor, "checkpoints"), { ...record, iteration: 40, arrays }, 1);
  donated = arrays;
  straight = await train("straight");
});
afterAll(() => rm(root, { recursive: true }));

const stateOf = async (name: string) => (await newestCheckpoint(join(at(name), "checkpoints"))).checkpoint!.arrays;

test("is taken over bit by bit and stays so, while the encoder learns from the first iteration on", async () => {
  const after = await stateOf("straight");
  const taken = [...donated.keys()].filter((name) => GENERATOR.some((prefix) => name.startsWith(prefix)));
  expect(taken.length).toBeGreaterThan(50);
  for (const name of taken) expect(after.get(name), name).toEqual(donated.get(name));
  const encoder = [...donated.keys()].filter((name) => /^encoder\/.*weight$/.test(name));
  expect(encoder.some((name) => after.get(name)!.data.every((v, i) => v === donated.get(name)!.data[i]))).toBe(false);
  const losses = await readLosses(at("straight"));
  expect(losses.map((line) => [line.iteration, "encoder/loss" in line, "generator/loss" in line])).toEqual([
    [1, true, false],
    [2, true, false],
    [3, true, false],
  ]);
  expect(straight.plan.notes).toEqual([]);
});

test("goes on exactly, from a checkpoint that is named by its file, and not with another generator in its place", async () => {
  const copy = at("donor-to-change");
  await cp(donor, copy, { recursive: true });
  const generator = join(copy, "checkpoints", "checkpoint-00000040.json");
  await train("stopped", { generator }, {}, { until: 2 });
  await train("stopped", { generator });
  const [first, second] = [await stateOf("straight"), await stateOf("stopped")];
  for (const [name, array] of first) expect(second.get(name), name).toEqual(array);

  const folder = join(copy, "checkpoints");
  const checkpoint = await loadCheckpoint(folder, 40);
  checkpoint.arrays.get("average/synthesis/constant")!.data[0] += 1;
  await saveCheckpoint(folder, checkpoint, 1);
  await expect(train("stopped", { generator })).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
});

test("of a checkpoint without its run is taken with a note, and held to its sizes alone", async () => {
  await cp(join(donor, "checkpoints"), at("alone"), { recursive: true });
  const generator = join(at("alone"), "checkpoint-00000040.safetensors");
  const { plan } = await train("noted", { generator }, { iterations: 1, every: 1 });
  expect(plan.notes).toEqual([expect.stringMatching(/not known which images .* learnt from/)]);
  await expect(train("wrong", { generator, latent: 16 })).rejects.toMatchObject({
    code: "CHECKPOINT_MISMATCH",
    fault: expect.stringMatching(/mapping\/0\/weight is \[8,8\] there and \[16,16\] here/),
  });
  await expect(train("wrong", { generator, mappingLayers: 3 })).rejects.toThrow(/mapping\/2\/weight is missing/);
});

test.each<[string, Partial<HqAnoGanOptions>, Partial<GradientSettings>, RegExp]>([
  ["another option", { latent: 16, base: 256 }, {}, /latent 8 there, 16 here; base 128 there, 256 here/],
  ["another size", {}, { size: 64 }, /size 32 there, 64 here/],
  ["other channels", {}, { channels: 3 }, /channels 1 there, 3 here/],
  [
    "another seed, which holds out others",
    {},
    { seed: 4 },
    /has learnt from \d+ of the images that are held out here.*split seed 3/,
  ],
])("with %s is refused", async (_what, options, settings, message) => {
  const refused = train("refused", options, settings);
  await expect(refused).rejects.toMatchObject({ name: "HaleError", code: "CHECKPOINT_MISMATCH" });
  await expect(refused).rejects.toThrow(message);
});

test("trains from another seed on the same parts of the data", async () => {
  const [first, other] = [3, 4].map((seed) => ({ seed, splitSeed: 3, iterations: 1, every: 1 }));
  const runs = [await train("seed3", { generator: donor }, first), await train("seed4", { generator: donor }, other)];
  const [a, b] = runs.map(({ plan }) => plan.partition.threshold.map(({ file }) => file));
  expect(a).toEqual(b);
  const weights = await Promise.all(["seed3", "seed4"].map(stateOf));
  const name = [...weights[0].keys()].find((key) => key.startsWith("encoder/") && key.endsWith("/weight"))!;
  expect(weights[0].get(name)).not.toEqual(weights[1].get(name));
  // What `hale quality` opens: the images are proven to be the run's own, without the donor.
  expect((await openRun(at("seed4"))).iteration).toBe(1);
});

test("that is none is refused: another method's, nothing at all, another file", async () => {
  const other = at("other-method");
  await cp(donor, other, { recursive: true });
  const checkpoint = await loadCheckpoint(join(other, "checkpoints"), 40);
  await saveCheckpoint(join(other, "checkpoints"), { ...checkpoint, method: "sagan" }, 1);
  await expect(train("refused", { generator: other })).rejects.toThrow(/is of a run of sagan, not of hq-anogan/);
  for (const generator of [at("nowhere"), at("data"), join(donor, "run.json")]) {
    await expect(train("refused", { generator })).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  }
});
