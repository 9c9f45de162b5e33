/**
 * @file `hale demo`: everything once, on phantoms that it draws itself. Nothing is downloaded and no data is needed.
 */

import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { printableJson, Random } from "@hale/core";
import { ImageStore, type OpenedDataset, openDataset, readImages, writePhantomSet } from "@hale/data/node";
import { Detector, DetectorModel } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { evaluateDetector, writeReport } from "@hale/evaluation/node";
import { exportModel } from "@hale/methods";
import { sagan } from "@hale/methods/sagan";
import { openDevice } from "@hale/runtime/node";
import { auroc } from "@hale/statistics";
import { type FinishedRun, listCheckpoints, type RunSettings, writeRunDetector } from "@hale/training/node";
import { Command } from "commander";
import { labelled } from "../json.ts";
import { note } from "../notes.ts";
import { wholeNumber } from "../options.ts";
import { print } from "../output.ts";
import { duration } from "../terminal.ts";
import { trainWithProgress } from "./train.ts";

/** Small enough for minutes on two cores, large enough to learn what a healthy phantom looks like. */
const DRAWN_SIZE = 64;
const SIZE = 32;
const SAGAN = { width: 8, batch: 8, residualBlocks: 2, learningRate: 1e-3, restorationWeight: 30 };

export function demoCommand(): Command {
  return new Command("demo")
    .description("Draw phantoms, train a small SAGAN on them, evaluate it, write the report")
    .option("--out <folder>", "where everything is kept", "demo")
    .option("--seed <n>", "everything random follows from it", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--iterations <n>", "training steps", wholeNumber(1), 1600)
    .option("--json", "end with one JSON line, without progress")
    .addHelpText("after", "\nExamples:\n  hale demo\n  hale demo --json")
    .action(
      async ({ out, seed, iterations, json }: { out: string; seed: number; iterations: number; json?: boolean }) => {
        const started = performance.now();
        const say = (line: string) => {
          if (!json) note(line);
        };
        say("Drawing phantoms: heads with varied anatomy, some with a bright, dark or textural lesion.");
        const data = join(out, "phantoms");
        await writePhantomSet(data, { seed, size: DRAWN_SIZE });

        // Every step below goes through the whole set.
        const opened = await openDataset(data, { store: new ImageStore({ allPictures: true }) });

        const folder = join(out, "run");
        // An interrupted demo goes on; a finished one starts again.
        if ((await listCheckpoints(join(folder, "checkpoints"))).includes(iterations))
          await rm(folder, { recursive: true });
        const settings = demoSettings(data, seed, iterations);
        const run = await trainWithProgress(folder, settings, { quiet: json, data: opened });
        const file = join(out, "detector.hale");
        await writeRunDetector(run, file);

        const device = await openDevice({ threads: settings.threads });
        const detector = await Detector.load(await readDetectorBytes(file), device, file);
        const evaluation = await evaluateDetector(detector, opened, { seed, nearCopies: false });
        const untrained = await untrainedAuroc(run, opened, seed);
        const controls = evaluation.audit.controls ?? [];
        const best = Math.max(...controls.flatMap(({ name, auroc }) => (name === "pool" ? [] : [auroc.estimate])));
        const pool = controls.find(({ name }) => name === "pool")?.auroc.estimate ?? null;
        const report = join(out, "report.html");
        await writeReport(report, { detector, evaluation, data, runFolder: folder, command: ["demo"] });
        await detector.release();
        const seconds = (performance.now() - started) / 1000;
        if (json) {
          const line = {
            report,
            auroc: evaluation.auroc.estimate,
            auroc_untrained: untrained,
            auroc_best_control: best,
            auroc_pool_control: pool,
            seconds,
          };
          print(printableJson(labelled("demo", line)));
          return;
        }
        const { estimate, low, high } = evaluation.auroc;
        say(`\nTest AUROC ${estimate.toFixed(3)} (95 % interval ${low?.toFixed(3)} to ${high?.toFixed(3)}).`);
        say(`The same network untrained: ${untrained.toFixed(3)}; best trivial control: ${best.toFixed(3)}.`);
        if (pool !== null) say(`A linear model that is given the same unlabelled images: ${pool.toFixed(3)}.`);
        say(`Done in ${duration(seconds)}. Open the report:`);
        print(report);
      },
    );
}

function demoSettings(data: string, seed: number, iterations: number): RunSettings {
  return {
    data,
    method: "sagan",
    options: SAGAN,
    size: SIZE,
    channels: 1,
    seed,
    iterations,
    device: "cpu",
    threads: availableParallelism(),
    falseAlarmRate: 0.05,
    selection: "pseudo-auc",
    every: Math.max(1, Math.ceil(iterations / 7)),
    keep: 2,
    corrupt: "refuse",
  };
}

/** Test AUROC of the same network with its first weights: what the architecture alone can do. */
async function untrainedAuroc(
  { settings, shape }: FinishedRun,
  { dataset, store }: OpenedDataset,
  seed: number,
): Promise<number> {
  const recipe = sagan.create(sagan.options.parse(settings.options), shape);
  const first = recipe.initialState(new Random(seed, "initialise"));
  const model = await DetectorModel.open(exportModel(recipe, shape, first), shape, await openDevice());
  const test = dataset.items.filter((item) => item.split === "test" && item.label !== null);
  const { images: scores } = await readImages(test, async (raster) => (await model.run(raster)).score, { store });
  await model.release();
  return auroc(
    scores,
    test.map((item) => item.label!),
  );
}
