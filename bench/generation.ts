/**
 * @file One cell of a study of generators: trains a generator (or goes on with it), measures what it draws, and keeps the
 * figures as a row of `results/generation.csv` and the sheets of a CC BY set in `results/pictures/`.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { measureQuality } from "@hale/evaluation/node";
import type { Interval, Proportion } from "@hale/statistics";
import { type AccuracyOptions, addRows, commandOf, four, type Row, trainCell } from "./accuracy.ts";

const COLUMNS = [
  "dataset,method,variant,seed,features,size,kimg,n_samples,n_held_out,n_training",
  ...["kid", "precision", "recall", "floor_kid", "floor_precision", "floor_recall", "copying"].map(
    (name) => `${name},${name}_low,${name}_high`,
  ),
  "seconds,command",
]
  .join(",")
  .split(",");

/** Sets whose licence allows pictures of results, with attribution. */
const PICTURES = ["chest-xray", "retinal-oct"];
const SHEETS = ["samples", "interpolations", "nearest"];

export interface GenerationOptions extends AccuracyOptions {
  /** Samples that are drawn. */
  samples: number;
  /** A network of `hale backbone import`; random convolutions without one. */
  features?: string;
}

export async function benchGeneration(options: GenerationOptions): Promise<void> {
  const { settings, run } = await trainCell(options);
  const { samples, features, variant } = options;
  const dataset = basename(settings.data);
  const quality = await measureQuality(options.run, {
    samples,
    seed: 1,
    features,
    device: "cpu",
    threads: settings.threads,
  });
  const { heldOut, floor, memorisation, counts } = quality;
  const interval = (name: string, value: Interval | Proportion): Row => ({
    [name]: four("estimate" in value ? value.estimate : value.value),
    [`${name}_low`]: four(value.low),
    [`${name}_high`]: four(value.high),
  });
  const row: Row = {
    dataset,
    method: settings.method,
    variant,
    seed: settings.seed,
    features: `${quality.features.network} ${quality.features.layer}`,
    size: settings.size,
    kimg: (run.iteration * Number(settings.options.batch ?? 16)) / 1000,
    n_samples: counts.samples,
    n_held_out: counts.heldOut,
    n_training: counts.training,
    ...interval("kid", heldOut.kid.distance),
    ...interval("precision", heldOut.precision),
    ...interval("recall", heldOut.recall),
    ...interval("floor_kid", floor.kid.distance),
    ...interval("floor_precision", floor.precision),
    ...interval("floor_recall", floor.recall),
    ...interval("copying", memorisation.superiority),
    seconds: Math.round(run.seconds),
    command: `${commandOf(settings, options.run, run.iteration)}; hale quality --samples ${samples}${features ? ` --features ${basename(features)}` : ""}`,
  };
  await addRows(join("results", "generation.csv"), [row], COLUMNS);
  if (!PICTURES.includes(dataset)) return;
  await mkdir(join("results", "pictures"), { recursive: true });
  for (const sheet of SHEETS) {
    await copyFile(
      join(quality.folder, `${sheet}.png`),
      join("results", "pictures", `${dataset}-${variant}-${sheet}.png`),
    );
  }
}
