/** @file A method of two stages on its way through a run: when checkpoints are selected, and what scores are calibrated on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NamedArray } from "@hale/autodiff";
import { writePhantomSet } from "@hale/data/node";
import { readDetector } from "@hale/detector/node";
import { evaluateDetector } from "@hale/evaluation/node";
import { openDevice } from "@hale/runtime/node";
import { auroc } from "@hale/statistics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tiny } from "../../../methods/src/hq-anogan/tiny-fixture.ts";
import { writeRunDetector } from "./finish.ts";
import { type FinishedRun, type RunSettings, runTraining } from "./train.ts";

let root = "";
let settings: RunSettings;
let run: FinishedRun;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-stages-"));
  const data = join(root, "data");
  const counts = { trainNormal: 36, unlabelled: 4, valNormal: 2, testNormal: 4, testAbnormal: 4 };
  await writePhantomSet(data, { seed: 5, size: 32, counts });
  settings = {
    data,
    method: "hq-anogan",
    options: tiny({ generatorShare: 0.5 }) as unknown as RunSettings["options"],
    size: 32,
    channels: 1,
    seed: 3,
    iterations: 6,
    device: "cpu",
    threads: 1,
    falseAlarmRate: 0.25,
    selection: "pseudo-auc",
    every: 2,
    keep: 1,
    corrupt: "refuse",
  };
  // Checkpoints at 2 and 4, of which the first is the generator's; the end lies between two.
  run = await runTraining(join(root, "run"), settings, {}, { until: 5 });
});
afterAll(() => rm(root, { recursive: true }));

const statistics = (arrays: ReadonlyMap<string, NamedArray>) =>
  ["image", "features", "cycle", "prior", "offset", "fAnoGan"].map((name) => [
    ...arrays.get(`calibration/${name}`)!.data,
  ]);

test("nothing is selected while the generator learns; scores are calibrated where one is selected, and at the end", () => {
  expect(run.selections.map(({ iteration }) => iteration)).toEqual([4]);
  expect(run.selected.iteration).toBe(4);
  const [selected, last] = [statistics(run.arrays), statistics(run.lastArrays)];
  for (const [i, [mean, deviation]] of selected.entries()) {
    expect(mean).not.toBe(0);
    expect(deviation).not.toBe(1);
    expect(last[i]).not.toEqual([mean, deviation]);
    expect(last[i][1]).not.toBe(1);
  }
});

test("its detector gives the parts of the score, and an evaluation figures of each alone", async () => {
  const file = join(root, "d.hale");
  const { parts: names } = await writeRunDetector(run, file);
  expect(names).toEqual(["image", "features", "cycle", "prior", "offset", "fAnoGan"]);
  const detector = await readDetector(file, await openDevice({ kind: "cpu", threads: 1 }));
  const { cases, parts } = await evaluateDetector(detector, settings.data, { nearCopies: false, resamples: 50 });
  await detector.release();
  const labels = cases.map(({ label }) => label);
  expect(parts.map(({ name }) => name)).toEqual(names);
  for (const part of parts) {
    const values = cases.map(({ finding }) => finding.parts[part.name]);
    expect(new Set(values).size, part.name).toBeGreaterThan(1);
    expect(part.auroc.estimate, part.name).toBe(auroc(values, labels));
    // An interval, or the reason why so few images have none.
    expect(part.auroc.low === null, part.name).toBe(part.auroc.reason !== null);
  }
  for (const { finding } of cases) {
    expect(finding.score).toBeCloseTo(finding.parts.image + finding.parts.cycle, 3);
  }
});
