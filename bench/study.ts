/**
 * @file Studies: lists of cells. `bench study` runs those that have no row yet in `results/accuracy.csv` (of generators, in
 * `generation.csv`), one after the other; a cell that was interrupted goes on. Two processes share a study with
 * `--part 1/2` and `--part 2/2`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { type AccuracyOptions, benchAccuracy } from "./accuracy.ts";
import { benchGeneration } from "./generation.ts";

interface Cell
  extends Pick<AccuracyOptions, "method" | "set" | "variant" | "seed" | "splitSeed" | "colour" | "epochs"> {
  dataset: string;
  /** Instead of epochs. */
  iterations?: number;
  every?: number;
  /** A cell whose generator is measured, not a detector. */
  samples?: number;
  /** The variant of the cell whose generator this one takes. */
  generator?: string;
}

/** The paper's claims: each part of the method left out in turn, and each other proxy. */
const ABLATIONS: Readonly<Record<string, string[]>> = {
  full: [],
  "no-memory": ["memory=none"],
  "no-pseudo-anomalies": ["pseudoAbnormal=0"],
  "self-reconstruction": ["proxy=image"],
};
const OTHER_PROXIES = ["blocks", "blur", "edges", "downup"];
const SETS = ["retinal-oct", "brain-mri-clean", "retinal-fundus-clean"];

function proxyAnoCells(): Cell[] {
  const cell = (dataset: string, variant: string, set: string[], seed: number): Cell => {
    return {
      dataset,
      method: "proxyano",
      variant,
      set,
      seed,
      epochs: 60,
      colour: dataset.startsWith("retinal-fundus"),
    };
  };
  const ablations = [1, 2, 3].flatMap((seed) =>
    Object.entries(ABLATIONS).flatMap(([variant, set]) => SETS.map((dataset) => cell(dataset, variant, set, seed))),
  );
  const proxies = OTHER_PROXIES.flatMap((proxy) =>
    SETS.map((set) => cell(set, `proxy-${proxy}`, [`proxy=${proxy}`], 1)),
  );
  const pixels = Object.entries(ABLATIONS).map(([variant, set]) => cell("brain-mri-brats", variant, set, 1));
  return [...ablations.slice(0, 12), ...pixels, ...proxies, ...ablations.slice(12)];
}

interface Budget {
  /** After the names of its variants. */
  suffix: string;
  generator: Pick<Cell, "iterations" | "every" | "samples">;
  encoder: Pick<Cell, "iterations" | "every">;
}

/** Budgets of HQ-AnoGAN's study, each fixed before it was run: 10 kimg a generator and 300 steps an encoder; 51 kimg and 1 000. */
const SHORT: Budget = {
  suffix: "",
  generator: { iterations: 640, every: 320, samples: 500 },
  encoder: { iterations: 300, every: 150 },
};
const LONG: Budget = {
  suffix: "-51k",
  generator: { iterations: 3200, every: 400, samples: 500 },
  encoder: { iterations: 1000, every: 250 },
};

/**
 * A generator with ADA and one without; three encoders on the first, one on the second; and networks that have hardly
 * learnt anything, to see what learning is worth.
 */
function hqAnoGanCells(budget: Budget): Cell[] {
  const method = "hq-anogan";
  return ["retinal-oct", "chest-xray"].flatMap((dataset) => {
    const shared = { dataset, method, splitSeed: 1 };
    const named = (variant: string) => `${variant}${budget.suffix}`;
    const generator = (variant: string, set: string[]): Cell => {
      return { ...shared, variant: named(variant), set: ["generatorShare=1", ...set], seed: 1, ...budget.generator };
    };
    const encoder = (variant: string, from: string, seed: number): Cell => {
      return { ...shared, variant: named(variant), set: [], seed, generator: named(from), ...budget.encoder };
    };
    return [
      generator("generator-ada", []),
      ...[1, 2, 3].map((seed) => encoder("encoder", "generator-ada", seed)),
      generator("generator-no-ada", ["augmentation=none"]),
      encoder("encoder-no-ada", "generator-no-ada", 1),
      { ...shared, variant: "untrained", set: [], seed: 1, iterations: 2, every: 2 },
    ];
  });
}

const STUDIES: Readonly<Record<string, () => Cell[]>> = {
  proxyano: proxyAnoCells,
  "hq-anogan": () => hqAnoGanCells(SHORT),
  "hq-anogan-long": () => hqAnoGanCells(LONG),
};

export interface StudyOptions {
  /** Folder that holds the data sets. */
  data: string;
  /** Folder in which each cell's run is kept. */
  runs: string;
  part: string;
  threads: number;
  /** The network that generated images are compared by: a file of `hale backbone import`. */
  features?: string;
}

export async function benchStudy(name: string, { data, runs, part, threads, features }: StudyOptions): Promise<void> {
  const cells = STUDIES[name]?.();
  if (!cells) {
    throw new HaleError(
      "OPTION_INVALID",
      `There is no study named ${name}.`,
      `Studies: ${Object.keys(STUDIES).join(", ")}.`,
    );
  }
  const [index, parts] = part.split("/").map(Number);
  // Cells that build on one another stay in one process: whole sets, or single cells where none does.
  const chains = cells.some(({ generator }) => generator)
    ? [...new Set(cells.map(({ dataset }) => dataset))].map((set) => cells.filter(({ dataset }) => dataset === set))
    : cells.map((cell) => [cell]);
  const mine = chains.filter((_, i) => i % parts === index - 1).flat();
  for (const [i, { dataset, generator, set = [], iterations = 0, every = 250, samples, ...cell }] of mine.entries()) {
    const id = (variant: string, seed: number) => `${dataset},${cell.method},${variant},${seed},`;
    const folder = (variant: string, seed: number) => join(runs, id(variant, seed).replaceAll(",", "-").slice(0, -1));
    const own = id(cell.variant, cell.seed);
    if (rows(samples ? "generation.csv" : "accuracy.csv").some((row) => row.startsWith(own))) continue;
    console.error(`Cell ${i + 1} of ${mine.length}: ${own}`);
    const options = {
      ...cell,
      set: generator ? [...set, `generator=${folder(generator, 1)}`] : set,
      data: join(data, dataset),
      run: folder(cell.variant, cell.seed),
      size: 64,
      iterations,
      every,
      threads,
    };
    if (samples) await benchGeneration({ ...options, samples, features });
    else await benchAccuracy(options);
  }
}

function rows(name: string): string[] {
  const file = join("results", name);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}
