/**
 * @file One cell of the accuracy study: trains (or goes on with, or only evaluates) one run and writes its rows to
 * `results/accuracy.csv`: the detector chosen without labels, and the last checkpoint. Controls have rows of their own. The
 * losses go to `results/curves/`, thinned to fifty points.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setting } from "@hale/cli/options";
import { writeAtomic } from "@hale/core/node";
import { CONTROL_SIZE, csvLines } from "@hale/data";
import { loadDataset } from "@hale/data/node";
import { Detector } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { type Evaluation, evaluateDetector } from "@hale/evaluation/node";
import { methodNamed } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import {
  type FinishedRun,
  type FitSettings,
  isByGradient,
  iterationsOf,
  type RunEvents,
  type RunSettings,
  readLosses,
  readRunSettings,
  runTraining,
  writeRunDetector,
} from "@hale/training/node";

const COLUMNS =
  "dataset,method,variant,seed,selection,size,n_train,n_unlabelled,pool_abnormal,n_test,auroc,auroc_low,auroc_high,ap,ap_low,ap_high,seconds,command".split(
    ",",
  );

export interface AccuracyOptions {
  data?: string;
  run: string;
  method: string;
  set?: string[];
  variant: string;
  seed: number;
  /** Which normals are held out follows from it, or from the seed. */
  splitSeed?: number;
  size: number;
  colour?: boolean;
  iterations: number;
  /** Instead of iterations. */
  epochs?: number;
  every: number;
  threads: number;
  until?: number;
}

const FALSE_ALARM_RATE = 0.05;

export type Row = Record<string, string | number>;

/** Of data sets with masks: where in the image, not only whether. */
const PIXEL_COLUMNS =
  "dataset,method,variant,seed,selection,size,n_test,pixel_auroc,pixel_ap,best_dice,aupro,command".split(",");

/** Of methods whose score has parts: each alone. */
const PART_COLUMNS =
  "dataset,method,variant,seed,selection,part,n_normal,n_abnormal,auroc,auroc_low,auroc_high,command".split(",");

/** Of the detector beside each control, on the same test images. */
const COMPARISON_COLUMNS =
  "dataset,method,variant,seed,selection,control,difference,difference_low,difference_high,p_holm,verdict,command".split(
    ",",
  );

/**
 * Adds rows to a CSV; a row whose first six fields are the same is replaced. Lines of a file that lacks a column get an empty
 * field there.
 */
export function mergeRows(text: string, rows: readonly Row[], columns: readonly string[] = COLUMNS): string {
  const key = (fields: readonly (string | number)[]) => fields.slice(0, 6).join("|");
  const kept = new Map<string, string>();
  const [head = "", ...lines] = text.split("\n");
  const before = head.split(",");
  // The last field may hold commas; no other does.
  const fieldsOf = (line: string) => {
    const fields = line.split(",");
    return [...fields.slice(0, before.length - 1), fields.slice(before.length - 1).join(",")];
  };
  for (const line of lines) {
    if (!line) continue;
    const fields = fieldsOf(line);
    kept.set(key(fields), columns.map((name) => fields[before.indexOf(name)] ?? "").join(","));
  }
  for (const row of rows) {
    const fields = columns.map((name) => row[name] ?? "");
    kept.set(key(fields), csvLines([fields]).slice(0, -1));
  }
  return `${[columns.join(","), ...[...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)].join("\n")}\n`;
}

/** `mergeRows` on a file. */
export async function addRows(file: string, rows: readonly Row[], columns: readonly string[]): Promise<void> {
  await writeAtomic(file, mergeRows(existsSync(file) ? readFileSync(file, "utf8") : "", rows, columns));
}

export const four = (value: number | null) => (value === null ? "" : Number(value.toFixed(4)));

function intervalFields({ auroc, averagePrecision }: Pick<Evaluation, "auroc" | "averagePrecision">): Row {
  return {
    auroc: four(auroc.estimate),
    auroc_low: four(auroc.low),
    auroc_high: four(auroc.high),
    ap: four(averagePrecision.estimate),
    ap_low: four(averagePrecision.low),
    ap_high: four(averagePrecision.high),
  };
}

/** Trains the run of a cell, or goes on with it. */
export async function trainCell(options: AccuracyOptions): Promise<{ settings: RunSettings; run: FinishedRun }> {
  const known = existsSync(join(options.run, "run.json"));
  const settings: RunSettings = known ? await readRunSettings(options.run) : await freshSettings(options);
  if (options.data) settings.data = options.data;
  const label = `${basename(settings.data)} ${settings.method} ${options.variant} seed ${settings.seed}`;
  let shown = 0;
  const events: RunEvents = {
    onStep: ({ iteration, iterations, secondsLeft }) => {
      if (performance.now() - shown < 30_000) return;
      shown = performance.now();
      console.error(`${label}: ${iteration}/${iterations}, ${Math.round(secondsLeft)} s left`);
    },
  };
  return { settings, run: await runTraining(options.run, settings, events, { until: options.until }) };
}

export async function benchAccuracy(options: AccuracyOptions): Promise<void> {
  const { settings, run } = await trainCell(options);
  const name = basename(settings.data);
  const command = commandOf(settings, options.run, run.iteration);
  const device = await openDevice({ threads: settings.threads });
  const shared: Row = {
    dataset: name,
    seed: settings.seed,
    size: settings.size,
    n_train: run.plan.partition.train.length,
    n_unlabelled: methodNamed(settings.method).needsUnlabelled ? run.plan.partition.unlabelled.length : 0,
    pool_abnormal: poolShare(settings.data),
  };
  const rows: Row[] = [];
  const pixelRows: Row[] = [];
  const partRows: Row[] = [];
  const comparisonRows: Row[] = [];
  let evaluation: Evaluation | undefined;
  for (const [selection, arrays] of [
    ["pseudo-auc", run.arrays],
    ["last", run.lastArrays],
  ] as const) {
    if (selection === "pseudo-auc" && run.selected.pseudoAuc === null) continue;
    const file = join(options.run, `detector-${selection}.hale`);
    const selected = selection === "last" ? { iteration: run.iteration, pseudoAuc: null } : run.selected;
    await writeRunDetector({ ...run, arrays, selected }, file);
    const detector = await Detector.load(await readDetectorBytes(file), device, file);
    evaluation = await evaluateDetector(detector, settings.data, { nearCopies: false });
    await detector.release();
    const row: Row = {
      ...shared,
      method: settings.method,
      variant: options.variant,
      selection,
      n_test: evaluation.cases.length,
      command: isByGradient(settings) ? `${command} --selection ${selection}` : command,
    };
    rows.push({ ...row, ...intervalFields(evaluation), seconds: Math.round(run.seconds) });
    partRows.push(
      ...evaluation.parts.map(({ name: part, auroc: { estimate, low, high } }) => ({
        ...row,
        part,
        n_normal: evaluation!.normals,
        n_abnormal: evaluation!.abnormals,
        auroc: four(estimate),
        auroc_low: four(low),
        auroc_high: four(high),
      })),
    );
    comparisonRows.push(
      ...(evaluation.comparisons ?? []).map(({ control, difference, pValue, verdict }) => ({
        ...row,
        control,
        difference: four(difference.estimate),
        difference_low: four(difference.low),
        difference_high: four(difference.high),
        p_holm: four(pValue),
        verdict,
      })),
    );
    const { pixels } = evaluation;
    if (!pixels) continue;
    pixelRows.push({
      ...row,
      pixel_auroc: four(pixels.auroc),
      pixel_ap: four(pixels.averagePrecision),
      best_dice: four(pixels.bestDice.dice),
      aupro: four(pixels.aupro),
    });
  }
  const trainNormals = evaluation!.dataset.items.filter((item) => item.split === "train" && item.label === 0).length;
  rows.push(...controlRows(evaluation!, shared, trainNormals));
  await addRows(join("results", "accuracy.csv"), rows, COLUMNS);
  if (pixelRows.length > 0) await addRows(join("results", "pixels.csv"), pixelRows, PIXEL_COLUMNS);
  if (comparisonRows.length > 0) await addRows(join("results", "comparisons.csv"), comparisonRows, COMPARISON_COLUMNS);
  if (partRows.length > 0) await addRows(join("results", "parts.csv"), partRows, PART_COLUMNS);
  // A fit has no losses.
  if (isByGradient(settings))
    await writeCurves(options.run, `${name}-${settings.method}-${options.variant}-${settings.seed}`);
  for (const row of rows)
    console.log(
      COLUMNS.slice(0, -1)
        .map((column) => row[column])
        .join(" "),
    );
}

/** The command that makes this run; runs that it builds on are named as their siblings in $RUNS. */
export function commandOf(settings: RunSettings, run: string, iteration: number): string {
  const runs = dirname(run);
  const text = (value: unknown) => {
    if (Array.isArray(value)) return `[${value}]`;
    return typeof value === "string" && dirname(value) === runs ? `$RUNS/${basename(value)}` : value;
  };
  const set = Object.entries(settings.options).map(([key, value]) => ` --set ${key}=${text(value)}`);
  const split = settings.splitSeed === undefined ? "" : ` --split-seed ${settings.splitSeed}`;
  const steps = isByGradient(settings) ? `--iterations ${settings.iterations} ` : "";
  const until = isByGradient(settings) && iteration < settings.iterations ? ` --until ${iteration}` : "";
  return (
    `hale train $HALE_DATA/${basename(settings.data)} --method ${settings.method}${set.join("")} --size ${settings.size}${settings.channels === 3 ? " --colour" : ""} ${steps}` +
    `--seed ${settings.seed}${split} --every ${settings.every} --threads ${settings.threads}${until}`
  );
}

async function freshSettings(options: AccuracyOptions): Promise<RunSettings> {
  if (!options.data) throw new Error("Name a data set with --data.");
  const given = (options.set ?? []).reduce((before, text) => setting(text, before), {});
  const method = methodNamed(options.method);
  const { data, seed, splitSeed } = options;
  const split = { data, method: options.method, seed, splitSeed, falseAlarmRate: FALSE_ALARM_RATE };
  const iterations = options.epochs
    ? iterationsOf(options.epochs, await loadDataset(data), {
        ...split,
        options: method.options.parse(given) as Record<string, unknown>,
      })
    : options.iterations;
  const common: FitSettings = {
    ...split,
    options: given,
    size: options.size,
    channels: options.colour ? 3 : 1,
    device: "cpu",
    threads: options.threads,
    every: Math.min(options.every, iterations),
    keep: 2,
    corrupt: "refuse",
  };
  if (method.learning === "fit") return common;
  return { ...common, iterations, selection: method.needsUnlabelled ? "pseudo-auc" : "last" };
}

/** Unlabelled training images, of which the pool's control is made. */
const poolSize = ({ items }: Evaluation["dataset"]) =>
  items.filter(({ split, label }) => split === "train" && label === null).length;

/**
 * Share of abnormal images in the unlabelled pool, from a `provenance.csv` (path, true_label, ..., part) beside the data, where there
 * is one; empty elsewhere. Nothing is trained or chosen by it: it is only written beside the figures.
 */
export function poolShare(data: string): number | "" {
  const file = join(data, "provenance.csv");
  if (!existsSync(file)) return "";
  const [head, ...lines] = readFileSync(file, "utf8").split("\n");
  const [label, part] = ["true_label", "part"].map((name) => head.split(",").indexOf(name));
  if (label < 0 || part < 0) return "";
  const labels = lines
    .map((line) => line.split(","))
    .flatMap((fields) => (fields[part] === "unlabelled" ? [fields[label]] : []));
  const known = labels.filter((text) => text === "0" || text === "1");
  return known.length === 0 ? "" : four(known.filter((text) => text === "1").length / known.length);
}

/** The controls on the same test images. */
function controlRows({ audit, cases, dataset }: Evaluation, shared: Row, trainNormals: number): Row[] {
  return (audit.controls ?? []).map((control) => ({
    ...shared,
    method: `control ${control.name}`,
    variant: control.direction,
    seed: "",
    selection: "none",
    size: CONTROL_SIZE,
    n_train: trainNormals,
    n_unlabelled: control.name === "pool" ? poolSize(dataset) : 0,
    n_test: cases.length,
    ...intervalFields(control),
    seconds: "",
    command: `hale data check $HALE_DATA/${shared.dataset}`,
  }));
}

/** Means of the losses over fifty stretches of the run, and every selection. */
async function writeCurves(folder: string, name: string): Promise<void> {
  const lines = await readLosses(folder);
  const losses = lines.filter((line) => !("selection/pseudoAuc" in line));
  const names = [...new Set(losses.flatMap((line) => Object.keys(line)))].filter(
    (key) => key !== "iteration" && key !== "seconds",
  );
  const stretch = Math.max(1, Math.ceil(losses.length / 50));
  const rows = [["iteration", ...names, "selection/pseudoAuc"].join(",")];
  const selections = new Map(
    lines.filter((line) => "selection/pseudoAuc" in line).map((line) => [line.iteration, line["selection/pseudoAuc"]]),
  );
  for (let start = 0; start < losses.length; start += stretch) {
    const part = losses.slice(start, start + stretch);
    const mean = (key: string) => {
      const values = part.flatMap((line) => (key in line ? [line[key]] : []));
      return values.length === 0 ? "" : (values.reduce((a, b) => a + b, 0) / values.length).toPrecision(5);
    };
    const inside = part.flatMap((line) => selections.get(line.iteration) ?? []);
    rows.push(
      [
        part[part.length - 1].iteration,
        ...names.map(mean),
        inside.length > 0 ? inside[inside.length - 1].toFixed(4) : "",
      ].join(","),
    );
  }
  await writeAtomic(join("results", "curves", `${name}.csv`), `${rows.join("\n")}\n`);
}
