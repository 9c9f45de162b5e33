/**
 * @file `hale data`: check a data set for leaks and confounds, split one by patient.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HaleError } from "@hale/errors";
import { formatDatasetCheck, type Split, splitRows } from "@hale/training";
import { checkDataset, loadDataset, writeManifest } from "@hale/training/node";
import { Command } from "commander";
import { rate, wholeNumber } from "../options.ts";
import { progress } from "../terminal.ts";

export function dataCommand(): Command {
  return new Command("data").description("Look into data sets").addCommand(checkCommand()).addCommand(splitCommand());
}

function checkCommand(): Command {
  return new Command("check")
    .description("Count images, refuse leaks between the sides of the split, audit trivial confounds")
    .argument("<path>", "folder with normal/, abnormal/, unlabelled/, or a CSV manifest")
    .option("--skip-corrupt", "leave damaged images out instead of refusing the set")
    .option("--no-near-copies", "leave out the search for near copies, the slow part")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
The manifest's columns: path,label,class,split,patient,mask,group. An empty label means unlabelled; split is train, val
or test; images that share a patient or group never may be on two sides. Exit code 1 when a leak is found.

Examples:
  hale data check scans/
  hale data check scans/split.csv --json`,
    )
    .action(async (path: string, options: { skipCorrupt?: boolean; nearCopies: boolean; json?: boolean }) => {
      const bars = {
        reading: progress("Reading images", options.json),
        comparing: progress("Comparing images", options.json),
      };
      const check = await checkDataset(path, {
        corrupt: options.skipCorrupt ? "skip" : "refuse",
        nearCopies: options.nearCopies,
        onProgress: (stage, done, total) => bars[stage].update(done, total),
      });
      bars.reading.stop();
      bars.comparing.stop();
      console.log(options.json ? JSON.stringify(check) : formatDatasetCheck(check).trimEnd());
      if (check.leaks.length > 0) {
        throw new HaleError(
          "DATASET_LEAK",
          `${check.name} has ${check.leaks.length} leaks between the sides of its split.`,
          "Put the images of a pair on one side, or give them one group and split again with hale data split.",
        );
      }
    });
}

function splitCommand(): Command {
  return new Command("split")
    .description("Write a manifest with a new split in which no patient or group is on two sides")
    .argument("<path>", "folder or CSV manifest")
    .option("--out <file>", "the manifest to write; split.csv in the data set's folder by default")
    .option("--seed <n>", "another seed gives another split", wholeNumber(0), 1)
    .option("--val <share>", "share of normal images for val", rate, 0.1)
    .option("--test <share>", "share of images for test", rate, 0.3)
    .option("--force", "replace a manifest that is there already")
    .addHelpText("after", "\nExample:\n  hale data split scans/ --seed 7 --out scans/split.csv")
    .action(
      async (path: string, options: { out?: string; seed: number; val: number; test: number; force?: boolean }) => {
        const dataset = await loadDataset(path, { seed: options.seed });
        const file = options.out ?? join(dataset.root, "split.csv");
        if (existsSync(file) && !options.force) {
          throw new HaleError(
            "FILE_UNWRITABLE",
            `${file} is there already.`,
            "Add --force to replace it, or choose another --out.",
          );
        }
        const fractions = { train: 1 - options.val - options.test, val: options.val, test: options.test };
        const unsplit = dataset.items.map((item) => ({ ...item, split: null as Split | null }));
        const items = splitRows(unsplit, { seed: options.seed, fractions });
        await writeManifest(file, items);
        const count = (split: string) => items.filter((item) => item.split === split).length;
        console.log(`${file}: ${count("train")} train, ${count("val")} val, ${count("test")} test`);
      },
    );
}
