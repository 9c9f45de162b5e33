/**
 * @file One cell of the accuracy study: trains (or goes on with, or only evaluates) one run and writes its rows to
 * `results/accuracy.csv`: the detector chosen without labels, and the last checkpoint. Controls have rows of their own. The
 * losses go to `results/curves/`, thinned to fifty points.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Detector } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { openDevice, writeAtomic } from "@hale/runtime/node";
import { CONTROL_SIZE, methodNamed } from "@hale/training";
import {
  type Evaluation,
  evaluateDetector,
  iterationsOf,
  type RunEvents,
  type RunSettings,
  readLosses,
  readRunSettings,
  runTraining,
  writeRunDetector,
} from "@hale/training/node";
import { setting } from "../apps/cli/src/options.ts";

export const COLUMNS =
  "dataset,method,variant,seed,selection,size,n_train,n_unlabelled,n_test,auroc,auroc_low,auroc_high,ap,ap_low,ap_high,seconds,command".split(
    ",",
  );

export interface AccuracyOptions {
  data?: string;
  run: string;
  method: string;
  set?: string[];
  variant: string;
  seed: number;
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

type Row = Record<string, string | number>;

/** Of data sets with masks: where in the image, not only whether. */
const PIXEL_COLUMNS =
  "dataset,method,variant,seed,selection,size,n_test,pixel_auroc,pixel_ap,best_dice,aupro,command".split(",");

/** Adds rows to a CSV; a row of the same dataset, method, variant, seed, selection and size is replaced. */
export function mergeRows(text: string, rows: readonly Row[], columns: readonly string[] = COLUMNS): string {
  const key = (fields: readonly (string | number)[]) => fields.slice(0, 6).join("|");
  const kept = new Map<string, string>();
  for (const line of text.split("\n").slice(1)) if (line) kept.set(key(line.split(",")), line);
  for (const row of rows) {
    const fields = columns.map((name) => row[name] ?? "");
    kept.set(
      key(fields),
      fields.map((v) => (typeof v === "string" && /[",]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v)).join(","),
    );
  }
  return `${[columns.join(","), ...[...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)].join("\n")}\n`;
}

const four = (value: number | null) => (value === null ? "" : Number(value.toFixed(4)));

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

export async function benchAccuracy(options: AccuracyOptions): Promise<void> {
  const known = existsSync(join(options.run, "run.json"));
  const settings: RunSettings = known ? await readRunSettings(options.run) : await freshSettings(options);
  if (options.data) settings.data = options.data;
  const name = basename(settings.data);
  const label = `${name} ${settings.method} seed ${settings.seed}`;
  let shown = 0;
  const events: RunEvents = {
    onStep: ({ iteration, iterations, secondsLeft }) => {
      if (performance.now() - shown < 30_000) return;
      shown = performance.now();
      console.error(`${label}: ${iteration}/${iterations}, ${Math.round(secondsLeft)} s left`);
    },
  };
  const run = await runTraining(options.run, settings, events, { until: options.until });
  const device = await openDevice({ threads: settings.threads });
  const set = Object.entries(settings.options)
    .map(([key, value]) => ` --set ${key}=${Array.isArray(value) ? `[${value}]` : value}`)
    .join("");
  const command =
    `hale train $HALE_DATA/${name} --method ${settings.method}${set} --size ${settings.size}${settings.channels === 3 ? " --colour" : ""} --iterations ${settings.iterations} ` +
    `--seed ${settings.seed} --every ${settings.every} --threads ${settings.threads}${run.iteration < settings.iterations ? ` --until ${run.iteration}` : ""}`;
  const shared: Row = {
    dataset: name,
    seed: settings.seed,
    size: settings.size,
    n_train: run.plan.partition.train.length,
    n_unlabelled: methodNamed(settings.method).needsUnlabelled ? run.plan.partition.unlabelled.length : 0,
  };
  const rows: Row[] = [];
  const pixelRows: Row[] = [];
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
      command: `${command} --selection ${selection}`,
    };
    rows.push({ ...row, ...intervalFields(evaluation), seconds: Math.round(run.seconds) });
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
  const merge = (file: string, added: Row[], columns: readonly string[]) =>
    writeAtomic(file, mergeRows(existsSync(file) ? readFileSync(file, "utf8") : "", added, columns));
  await merge(join("results", "accuracy.csv"), rows, COLUMNS);
  if (pixelRows.length > 0) await merge(join("results", "pixels.csv"), pixelRows, PIXEL_COLUMNS);
  await writeCurves(options.run, `${name}-${settings.method}-${options.variant}-${settings.seed}`);
  for (const row of rows)
    console.log(
      COLUMNS.slice(0, -1)
        .map((column) => row[column])
        .join(" "),
    );
}

async function freshSettings(options: AccuracyOptions): Promise<RunSettings> {
  if (!options.data) throw new Error("Name a data set with --data.");
  const given = (options.set ?? []).reduce((before, text) => setting(text, before), {});
  const method = methodNamed(options.method);
  const split = { data: options.data, seed: options.seed, falseAlarmRate: FALSE_ALARM_RATE };
  const iterations = options.epochs
    ? await iterationsOf(options.epochs, { ...split, options: method.options.parse(given) as Record<string, unknown> })
    : options.iterations;
  return {
    ...split,
    method: options.method,
    options: given,
    size: options.size,
    channels: options.colour ? 3 : 1,
    iterations,
    device: "cpu",
    threads: options.threads,
    selection: method.needsUnlabelled ? "pseudo-auc" : "last",
    every: Math.min(options.every, iterations),
    keep: 2,
    corrupt: "refuse",
  };
}

/** The controls on the same test images. */
function controlRows({ audit, cases }: Evaluation, shared: Row, trainNormals: number): Row[] {
  return (audit.controls ?? []).map((control) => ({
    ...shared,
    method: `control ${control.name}`,
    variant: control.direction,
    seed: "",
    selection: "none",
    size: CONTROL_SIZE,
    n_train: trainNormals,
    n_unlabelled: 0,
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
