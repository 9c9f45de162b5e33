/**
 * @file `hale quality`: how good the images are that a run's generator draws, in figures and pictures.
 */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { printableJson } from "@hale/core";
import { measureQuality, type QualityOptions, type QualityReport, qualityJson } from "@hale/evaluation/node";
import { Command, Option } from "commander";
import { labelled } from "../json.ts";
import { wholeNumber } from "../options.ts";
import { print } from "../output.ts";
import { type Progress, progress } from "../terminal.ts";

interface Options extends Omit<QualityOptions, "onProgress"> {
  json?: boolean;
}

export function qualityCommand(): Command {
  return new Command("quality")
    .description("Measure the images that a run's generator draws: KID, precision, recall, and whether it copies")
    .argument("<run>", "the folder of a run of hq-anogan; it may still be training")
    .option("--samples <n>", "images to draw", wholeNumber(4, 100_000), 1000)
    .option("--features <file>", "a network of hale backbone import (default: random convolutions of a fixed seed)")
    .option("--layer <name>", "of that network (default: its last feature layer)")
    .option("--seed <n>", "of the samples", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--data <path>", "where the run's data set is now, if it has moved")
    .option("--out <folder>", "where figures and pictures are written (default: quality in the run's folder)")
    .addOption(new Option("--device <kind>", "where to run").choices(["cpu", "webgpu"]).default("cpu"))
    .option("--threads <n>", "CPU threads", wholeNumber(1, 256), availableParallelism())
    .option("--json", "print the figures as one JSON object")
    .addHelpText(
      "after",
      `
Samples of the newest checkpoint are compared with the normals that it learnt from and with normals held out from
learning (never the test split). Random convolutions need no file and are content long before a trained network is: give
--features where you can. Figures on other features, or on other numbers of images, are other figures: compare
runs at the same ones. Written beside the figures: samples, interpolations, reconstructions
beside originals, and the samples that are nearest to training images beside those.

Examples:
  hale quality runs/first
  hale quality runs/first --features squeezenet.onnx --samples 5000
  hale quality runs/first --json > quality.json`,
    )
    .action(async (run: string, { json, ...options }: Options) => {
      const bars = new Map<string, Progress>();
      const stop = () => {
        for (const bar of bars.values()) bar.stop();
      };
      try {
        const report = await measureQuality(run, {
          ...options,
          onProgress(what, done, total) {
            let bar = bars.get(what);
            if (!bar) {
              stop();
              bars.clear();
              bar = progress(what, json);
              bars.set(what, bar);
            }
            bar.update(done, total);
          },
        });
        stop();
        print(json ? printableJson(labelled("quality", JSON.parse(qualityJson(report)))) : text(report));
      } finally {
        stop();
      }
    });
}

type Comparison = QualityReport["floor"];

/** With its interval in brackets; KID times 1000, as it is often reported. */
function bounded({ estimate, low, high }: Comparison["density"], factor = 1): string {
  const digits = Math.abs(factor * estimate) < 100 ? 2 : 0;
  const number = (value: number) => (factor * value).toFixed(digits);
  return low === null || high === null
    ? `${number(estimate)} (no interval)`
    : `${number(estimate)} (${number(low)} to ${number(high)})`;
}

const share = ({ value, low, high }: Comparison["precision"]) => bounded({ estimate: value, low, high, reason: null });

/** Figures in rows, the comparisons in columns. */
function table({ heldOut, training, floor }: QualityReport): string[] {
  const columns = [heldOut, training, floor];
  const rows: [string, (one: Comparison) => string][] = [
    ["KID x 1000", ({ kid }) => bounded(kid.distance, 1000)],
    ["  images", ({ kid }) => `${kid.generated} and ${kid.real}`],
    ["precision", ({ precision }) => share(precision)],
    ["density", ({ density }) => bounded(density)],
    ["  images", ({ precision, balls }) => `${precision.trials} in balls around ${balls.precision}`],
    ["recall", ({ recall }) => share(recall)],
    ["coverage", ({ coverage }) => bounded(coverage)],
    ["  images", ({ recall, balls }) => `${recall.trials} and ${balls.recall}`],
  ];
  const cells = [
    ["", "samples, held-out normals", "samples, training normals", "training, held-out normals"],
    ...rows.map(([name, cell]) => [name, ...columns.map(cell)]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}

function text(report: QualityReport): string {
  const { features, counts, memorisation, warning, caution } = report;
  const { network, layer, size, grid, dimension, trainedOn } = features;
  const where = grid === 1 ? "means over the image" : `means over ${grid} x ${grid} parts`;
  const { superiority, nearerThanAll, nearerThanAllExpected } = memorisation;
  const { estimate, low, high, reason } = superiority;
  const interval =
    low === null || high === null ? `no interval: ${reason}` : `95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}`;
  const lines = [
    `${report.method}, iteration ${report.iteration} of ${report.iterations}; ${counts.samples} samples of seed ${report.seed}`,
    `features  ${network}, layer ${layer}, ${where}, ${dimension} numbers, images at ${size} x ${size}${trainedOn ? `; trained on ${trainedOn}` : ""}`,
    `images    ${counts.training} training normals; ${counts.heldOut} held-out normals of ${counts.heldOutPatients} patients or groups`,
    "",
    ...table(report),
    "In brackets: 95 % intervals. The last column has training normals in the samples' place: what samples as good as real",
    "images would get. Recall says something only where precision does: balls around scattered samples are large.",
    "",
    `nearer to training images than held-out normals are: ${estimate.toFixed(3)}  ${interval} (0.5 without memorising, 1 for copies)`,
    `nearer than every held-out normal: ${nearerThanAll} of ${counts.samples} samples; ${nearerThanAllExpected.toFixed(1)} expected without memorising`,
  ];
  if (warning) lines.push(`Warning: ${warning}`, `  Look at ${join(report.folder, "nearest.png")}.`);
  if (caution) lines.push(`Caution: ${caution}`);
  lines.push(`Written to ${report.folder}: ${report.files.join(", ")}`);
  return lines.join("\n");
}
