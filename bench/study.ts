/**
 * @file Studies: lists of accuracy cells. `bench study` runs those whose rows are not yet in `results/accuracy.csv`, one
 * after the other; a cell that was interrupted goes on. Two processes share a study with `--part 1/2` and `--part 2/2`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HaleError } from "@hale/errors";
import { type AccuracyOptions, benchAccuracy } from "./accuracy.ts";

type Cell = Pick<AccuracyOptions, "method" | "set" | "variant" | "seed" | "colour" | "epochs"> & { dataset: string };

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

const STUDIES: Readonly<Record<string, () => Cell[]>> = { proxyano: proxyAnoCells };

export interface StudyOptions {
  /** Folder that holds the data sets. */
  data: string;
  /** Folder in which each cell's run is kept. */
  runs: string;
  part: string;
  threads: number;
}

export async function benchStudy(name: string, { data, runs, part, threads }: StudyOptions): Promise<void> {
  const cells = STUDIES[name]?.();
  if (!cells) {
    throw new HaleError(
      "OPTION_INVALID",
      `There is no study named ${name}.`,
      `Studies: ${Object.keys(STUDIES).join(", ")}.`,
    );
  }
  const [index, parts] = part.split("/").map(Number);
  const mine = cells.filter((_, i) => i % parts === index - 1);
  for (const [i, { dataset, ...cell }] of mine.entries()) {
    const id = `${dataset},${cell.method},${cell.variant},${cell.seed},`;
    if (rows().some((row) => row.startsWith(id))) continue;
    console.error(`Cell ${i + 1} of ${mine.length}: ${id}`);
    const run = join(runs, id.replaceAll(",", "-").slice(0, -1));
    await benchAccuracy({ ...cell, data: join(data, dataset), run, size: 64, iterations: 0, every: 250, threads });
  }
}

function rows(): string[] {
  const file = join("results", "accuracy.csv");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}
