/**
 * @file `hale train`: from a data set to a detector file.
 */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { HaleError, percent, printableJson } from "@hale/core";
import { type OpenedDataset, openDataset } from "@hale/data/node";
import { type Aggregation, aggregationName } from "@hale/detector";
import { methodNamed, methods } from "@hale/methods";
import { normalsNeeded } from "@hale/statistics";
import {
  type FinishedRun,
  type FitSettings,
  type FolderRunControl,
  type GradientSettings,
  isByGradient,
  iterationsOf,
  noSuchSetting,
  type RunPlan,
  type RunSettings,
  readRunSettings,
  runTraining,
  writeRunDetector,
} from "@hale/training/node";
import { Command, Option } from "commander";
import { labelled } from "../json.ts";
import { addMethodFlags, methodHelp, methodSettings } from "../method-options.ts";
import { note } from "../notes.ts";
import { rate, setting, wholeNumber } from "../options.ts";
import { print } from "../output.ts";
import {
  addScanOptions,
  aggregation,
  askedInput,
  formatInput,
  refuseWithoutScans,
  type ScanOptions,
} from "../scan-options.ts";
import { bytes, duration, progress, stopSignal } from "../terminal.ts";

interface TrainOptions extends ScanOptions {
  out?: string;
  resume?: string;
  method: string;
  preset?: string;
  set?: Record<string, unknown>;
  size: number;
  colour?: boolean;
  iterations: number;
  epochs?: number;
  seed: number;
  splitSeed?: number;
  device: "cpu" | "webgpu";
  threads: number;
  falseAlarmRate: number;
  selection: "pseudo-auc" | "last";
  every?: number;
  until?: number;
  keep: number;
  exact?: boolean;
  skipCorrupt?: boolean;
  imageHashes?: boolean;
  json?: boolean;
  aggregate?: Aggregation;
}

export function trainCommand(): Command {
  let flags: string[] = [];
  const command = new Command("train")
    .description("Train a detector; Ctrl-C saves, --resume goes on")
    .argument("[data]", "folder with normal/, abnormal/, unlabelled/, or a CSV manifest")
    .option("--out <folder>", "where the run is kept (default: runs/<method>-<data>)")
    .option("--resume <folder>", "go on with the run in this folder, with its own settings")
    .option("--method <name>", `one of: ${[...methods.keys()].join(", ")}`, "sagan")
    .option("--preset <name>", "options that go together; see below")
    .option("--set <name=value>", "an option of the method, may be repeated; --width 8 is --set width=8", setting)
    .option(
      "--size <pixels>",
      `side that images are resized to${ownSizes()}, if no preset says otherwise`,
      wholeNumber(16, 1024),
      64,
    )
    .option("--colour", "train on RGB instead of grey")
    .option("--iterations <n>", "training steps", wholeNumber(1), 4000)
    .addOption(
      new Option("--epochs <n>", "instead of iterations: how often every training normal is seen")
        .argParser(wholeNumber(1))
        .conflicts("iterations"),
    )
    .option("--seed <n>", "everything random follows from it", wholeNumber(0, 2 ** 32 - 1), 1)
    .option(
      "--split-seed <n>",
      "which normals are held out follows from it (default: the seed)",
      wholeNumber(0, 2 ** 32 - 1),
    )
    .addOption(new Option("--device <kind>", "where to run").choices(["cpu", "webgpu"]).default("cpu"))
    .option("--threads <n>", "CPU threads", wholeNumber(1, 256), availableParallelism())
    .option("--false-alarm-rate <rate>", "share of normal images that may be above the threshold", rate, 0.05)
    .addOption(
      new Option("--selection <rule>", "which checkpoint becomes the detector")
        .choices(["pseudo-auc", "last"])
        .default("pseudo-auc"),
    )
    .option("--until <n>", "end here, with a detector, although the run could go on", wholeNumber(1))
    .option("--every <n>", "steps between checkpoints, selections and example pictures", wholeNumber(1))
    .option("--keep <n>", "checkpoints to keep", wholeNumber(1), 3)
    .option("--exact", "without the convolutions that are faster and round a little more")
    .option("--skip-corrupt", "leave damaged images out instead of refusing the set")
    .option("--aggregate <way>", "scans: a volume's score of its slices': max, mean or top-k:<number>", aggregation)
    .option("--image-hashes", "put hashes of the images that were used into the detector, not only beside it")
    .option("--json", "end with one JSON line, without progress")
    .addHelpText(
      "after",
      () => `\n${FIRST}\n\n${methodHelp()}
Examples:
  hale train scans/ --method patchcore --out runs/first
  hale train scans/ --method sagan --width 8 --batch 8 --iterations 2000
  hale train volumes/ --slices axial:0.2-0.8 --skip-empty --crop --aggregate top-k:5
  hale train scans/ --method proxyano --preset medium --proxy blur
  hale train scans/ --method hq-anogan --generator runs/first --out runs/second
  hale train --resume runs/first`,
    )
    .action(async (data: string | undefined, options: TrainOptions, command: Command) => {
      const folder =
        options.resume ??
        options.out ??
        join(
          "runs",
          `${options.method}-${(data ?? "")
            .replace(/[\\/]+$/, "")
            .split(/[\\/]/)
            .pop()}`,
        );
      const given = (name: string) => ["cli", "config"].includes(command.getOptionValueSource(name) ?? "");
      if (options.resume) refuseOtherSettings(options.resume, data, command, given);
      const asked: AskedRun = options.resume
        ? { settings: await readRunSettings(options.resume) }
        : await newRun(data, options, flags, given);
      const { settings } = asked;
      const run = await trainWithProgress(folder, settings, {
        quiet: options.json,
        until: options.until,
        data: asked.data,
      });
      const file = join(folder, "detector.hale");
      const card = await writeRunDetector(run, file, { imageHashes: options.imageHashes });
      if (options.json) {
        print(
          printableJson(
            labelled("train", {
              detector: file,
              ...(isByGradient(settings) ? { iterations: settings.iterations } : { normals: run.iteration }),
              selected: run.selected,
              seconds: run.seconds,
              threshold: card.threshold,
            }),
          ),
        );
        return;
      }
      note(`Trained in ${duration(run.seconds)}; exported ${exportedOf(run)}.`);
      if (card.threshold) {
        const { value, falseAlarmRate, normals, low, high } = card.threshold;
        note(
          `Threshold ${value.toFixed(4)} for a false-alarm rate of ${(100 * falseAlarmRate).toFixed(1)} %, from ${normals} held-out normals (95 % interval ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %).`,
        );
      } else note(`No threshold: ${card.thresholdReason}`);
      if (card.input) {
        const { threshold, thresholdReason, aggregation: way, normalScores } = card.input.volume;
        note(
          threshold
            ? `Threshold of volumes (${aggregationName(way)} of their slices) ${threshold.value.toFixed(4)}, from ${normalScores.length} held-out normal volumes.`
            : `No threshold for volumes: ${thresholdReason}`,
        );
      }
      print(file);
    });
  addScanOptions(command, "of-training");
  flags = addMethodFlags(command);
  return command;
}

/** Methods that learn in one pass. */
const fits = () => [...methods.values()].filter(({ learning }) => learning === "fit").map(({ name }) => name);

/** What may be said beside --resume: nothing that the run has settled. */
const OF_RESUMING = ["resume", "until", "json", "quiet", "config"];

/** Throws OPTION_INVALID for what a resumed run would not heed. */
function refuseOtherSettings(
  folder: string,
  data: string | undefined,
  { options }: Command,
  given: (name: string) => boolean,
): void {
  const others = options.filter(
    (option) => given(option.attributeName()) && !OF_RESUMING.includes(option.attributeName()),
  );
  const said = [...(data === undefined ? [] : [data]), ...others.map(({ long }) => long)];
  if (said.length === 0) return;
  throw new HaleError(
    "OPTION_INVALID",
    `The run in ${folder} goes on with its own settings, so that ${said.join(", ")} would mean nothing.`,
    "Leave that out, or start a new run with another --out. --until ends a run before its last step.",
  );
}

/** Seconds of training from which faster methods are named. */
const LONG = 3600;

/** Normals to learn from below which networks of our size have not been better than a memory of features. */
const FEW = 1000;

/** Which method is tried first, for `--help`. */
const FIRST = `Which method first:
  patchcore   with fewer than about ${FEW} normals, with little time, or to know what is easily found: one pass over the normals, in
              seconds to minutes, without unlabelled images or weights; padim where images lie alike; knn for what is
              odd in the whole image. None of them shows a healthy counterpart. Look at their figures
              beside the controls: hale evaluate. Whatever else is trained should beat them.
  sagan       with many unlabelled images, abnormal ones among them, and a healthy counterpart to be shown
  proxyano    the same with normals alone
  hq-anogan   with thousands of normals and days to train`;

function exportedOf({ recipe, selected, iteration }: FinishedRun): string {
  if (recipe.learning === "fit") return `what ${iteration} normals gave`;
  if (selected.pseudoAuc === null) return "the last checkpoint";
  return `iteration ${selected.iteration} (pseudo-AUC ${selected.pseudoAuc.toFixed(3)})`;
}

/** Sizes of the methods that have one of their own, for `--help`. */
function ownSizes(): string {
  const own = [...methods.values()].filter(({ size }) => size !== undefined);
  return own.map(({ name, size }) => `; ${size} for ${name}`).join("");
}

interface AskedRun {
  settings: RunSettings;
  /** As it was opened to find out what the settings lack. */
  data?: OpenedDataset;
}

async function newRun(
  path: string | undefined,
  options: TrainOptions,
  flags: readonly string[],
  given: (name: string) => boolean,
): Promise<AskedRun> {
  if (!path)
    throw new HaleError("OPTION_INVALID", "No data set was named.", "Give its folder or manifest, or --resume a run.");
  const { size, options: ofMethod } = methodSettings({ ...options }, flags, given);
  const { seed, splitSeed, falseAlarmRate } = options;
  const asked = askedInput(options);
  const looking = progress("Looking into scans", options.json);
  const data = await openDataset(path, { input: asked, onProgress: looking.update });
  looking.stop();
  const scans = data.dataset.input;
  if (!scans) refuseWithoutScans(options.aggregate ? { ...asked, unmarked: "left-out" } : asked, path);
  const input = scans && { ...scans, aggregation: options.aggregate ?? ({ kind: "max" } as const) };
  const common: FitSettings = {
    data: path,
    method: options.method,
    options: ofMethod,
    size,
    channels: options.colour ? 3 : 1,
    seed,
    splitSeed,
    device: options.device,
    threads: options.threads,
    falseAlarmRate,
    every: options.every ?? NORMALS_BETWEEN,
    keep: options.keep,
    corrupt: options.skipCorrupt ? "skip" : "refuse",
    ...(input && { input }),
  };
  if (methodNamed(options.method).learning === "fit") {
    for (const name of ["iterations", "epochs", "selection"] as const)
      if (given(name)) throw noSuchSetting(options.method, name);
    return { settings: common, data };
  }
  const iterations = options.epochs ? iterationsOf(options.epochs, data.dataset, common) : options.iterations;
  const settings: GradientSettings = {
    ...common,
    iterations,
    selection: options.selection,
    ...(options.exact && { exact: true }),
    every: options.every ?? Math.max(1, Math.min(500, Math.ceil(iterations / 8))),
  };
  return { settings, data };
}

/** Normals between two checkpoints of a fit. */
const NORMALS_BETWEEN = 500;

/** What is to be learnt, from how many images. */
function planned(
  settings: RunSettings,
  parameters: number,
  { train, unlabelled, selection }: RunPlan["partition"],
): string {
  const side = `${settings.size} x ${settings.size}`;
  if (!isByGradient(settings)) return `one pass, ${side}: ${train.length} normals to learn from`;
  return (
    `${(parameters / 1e6).toFixed(1)} M parameters, ${side}: ${train.length} normals and ` +
    `${unlabelled.length} unlabelled to learn from, ${selection.length} normals to select`
  );
}

/** Runs a training with everything that a person wants to see of it. */
export async function trainWithProgress(
  folder: string,
  settings: RunSettings,
  { quiet = false, ...control }: { quiet?: boolean } & Pick<FolderRunControl, "until" | "data"> = {},
): Promise<FinishedRun> {
  const reading = progress("Reading images", quiet);
  const training = progress("Training", quiet);
  const say = (line: string) => {
    if (!quiet) note(line);
  };
  try {
    return await runTraining(
      folder,
      settings,
      {
        onProgress: (_what, done, total) => reading.update(done, total),
        onPlan: ({ partition, skipped, dataset, parameters, seconds, memory, resumedAt, damaged, notes }) => {
          reading.stop();
          for (const warning of [...dataset.warnings, ...notes, ...damaged]) say(`Note: ${warning}`);
          if (skipped.length > 0)
            say(`Left out ${skipped.length} damaged images: ${skipped.map(({ path }) => path).join(", ")}`);
          say(
            `${settings.method}, ${planned(settings, parameters, partition)}, ${partition.threshold.length} for the threshold.`,
          );
          const scans = new Set(partition.train.flatMap(({ scan }) => (scan && !scan.single ? [scan.path] : [])));
          if (scans.size > 0) say(`The normals to learn from are slices of ${scans.size} volumes.`);
          if (dataset.input) say(`Scans are read with ${formatInput(dataset.input)}`);
          const { leftOut } = partition;
          if (leftOut.length > 0 && isByGradient(settings))
            say(`Left out ${leftOut.length} unlabelled images of patients who select or set the threshold.`);
          say(`Estimated: ${duration(seconds)}, ${bytes(memory)} of memory. The run is kept in ${folder}.`);
          const needed = normalsNeeded(settings.falseAlarmRate);
          if (partition.threshold.length < needed)
            say(
              `There will be no threshold: a false-alarm rate of ${percent(settings.falseAlarmRate)} needs ${needed} held-out normals, and there are ${partition.threshold.length}. Add normal images, or ask for a higher --false-alarm-rate.`,
            );
          if (partition.train.length < FEW && isByGradient(settings))
            say(
              `With ${partition.train.length} normals to learn from, reach for --method patchcore first: it compares with them instead of training a network, in one pass.`,
            );
          if (seconds > LONG && isByGradient(settings))
            say(`Faster: --method ${fits().join(" or --method ")}, one pass over the normals; or fewer --iterations.`);
          if (resumedAt > 0) say(`Going on from ${isByGradient(settings) ? "iteration" : "normal"} ${resumedAt}.`);
        },
        onStep: ({ iteration, iterations, losses }) => {
          const main = Object.entries(losses)
            .filter(([name]) => !name.endsWith("/loss"))
            .map(([name, value]) => `${name.split("/").pop()} ${value.toFixed(3)}`);
          training.update(iteration, iterations, main.join(" "));
        },
      },
      { signal: stopSignal(), ...control },
    );
  } finally {
    reading.stop();
    training.stop();
  }
}
