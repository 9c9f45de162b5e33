/**
 * @file `hale data`: import one, check it for leaks and confounds, take the leaks out, split one by patient.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HaleError, printableJson } from "@hale/core";
import { type DatasetCheck, filePartOf, formatDatasetCheck, leakingItems, type Split, splitRows } from "@hale/data";
import { checkOpened, loadFiles, type OpenedDataset, openDataset, writeManifest } from "@hale/data/node";
import { Command } from "commander";
import { labelled } from "../json.ts";
import { rate, wholeNumber } from "../options.ts";
import { clean, print, warn } from "../output.ts";
import { addScanOptions, askedInput, formatInput, refuseWithoutScans, type ScanOptions } from "../scan-options.ts";
import { progress } from "../terminal.ts";
import { importCommand } from "./data-import.ts";

export function dataCommand(): Command {
  return new Command("data")
    .description("Make data sets and look into them")
    .addCommand(importCommand())
    .addCommand(checkCommand())
    .addCommand(cleanCommand())
    .addCommand(splitCommand());
}

function checkCommand(): Command {
  return addScanOptions(new Command("check"), "of-training")
    .description("Count images, refuse leaks between splits, audit trivial confounds")
    .argument("<path>", "folder with normal/, abnormal/, unlabelled/, or a CSV manifest")
    .option("--skip-corrupt", "leave damaged images out instead of refusing the set")
    .option("--no-near-copies", "leave out the search for near copies, the slow part")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
The manifest's columns: path,label,class,split,patient,mask,group. An empty label means unlabelled; split is train, val
or test; images that share a patient or group never may be in two splits. Exit code 1 when a leak is found.

Examples:
  hale data check scans/
  hale data check scans/split.csv --json
  hale data check volumes/ --slices axial:0.2-0.8 --skip-empty`,
    )
    .action(async (path: string, options: ReadingOptions) => {
      const { check } = await checked(path, options);
      // What each image scores is for comparisons within a program.
      const controls = check.controls?.map(({ scores: _, ...control }) => control) ?? null;
      print(
        options.json
          ? printableJson(labelled("data check", { ...check, controls }))
          : formatDatasetCheck(clean(check), formatInput).trimEnd(),
      );
      if (check.leaks.length > 0) {
        process.exitCode = 1;
        warn(
          `hale: ${check.name} has ${check.leaks.length} leaks between its splits. ` +
            "Take them out with hale data clean, or divide the images anew with hale data split.",
        );
      }
    });
}

interface ReadingOptions extends ScanOptions {
  skipCorrupt?: boolean;
  nearCopies?: boolean;
  json?: boolean;
}

async function checked(path: string, options: ReadingOptions): Promise<{ check: DatasetCheck; opened: OpenedDataset }> {
  const { skipCorrupt, nearCopies, json } = options;
  const asked = askedInput(options);
  const opened = await openDataset(path, { input: asked });
  if (Object.keys(asked).length > 0 && !opened.dataset.input) refuseWithoutScans(asked, path);
  const bars = { reading: progress("Reading images", json), comparing: progress("Comparing images", json) };
  const check = await checkOpened(opened, {
    corrupt: skipCorrupt ? "skip" : "refuse",
    nearCopies,
    onProgress: (stage, done, total) => bars[stage].update(done, total),
  });
  bars.reading.stop();
  bars.comparing.stop();
  return { check, opened };
}

function cleanCommand(): Command {
  return new Command("clean")
    .description("Write a manifest of the same split without what leaks: test images stay, their copies go")
    .argument("<path>", "folder or CSV manifest")
    .requiredOption("--out <file>", "the manifest to write; elsewhere than in the data set's folder it names that")
    .option("--skip-corrupt", "leave damaged images out too instead of refusing the set")
    .option("--force", "replace a manifest that is there already")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
Of two copies the one in train goes before the one in val, and that before the one in test; of a patient or group on
several splits only the images in the one nearest to test stay.

Example:
  hale data clean scans/ --out scans/clean.csv`,
    )
    .action(async (path: string, options: { out: string; force?: boolean } & ReadingOptions) => {
      refuseToReplace(options.out, options.force);
      const { check, opened } = await checked(path, options);
      // Scans stay whole: what leaks by a slice goes with all of its volume.
      const dataset = opened.files;
      const byFile = new Map(dataset.items.map((item) => [item.path, item]));
      const whole = (name: string) => (byFile.has(name) ? name : filePartOf(name));
      const leaks = check.leaks.map((leak) => ({ ...leak, a: whole(leak.a), b: whole(leak.b) }));
      const known = leaks.filter(({ a, b }) => byFile.has(a) && byFile.has(b));
      const gone = new Set(leakingItems(dataset.items, known).map((item) => item.path));
      for (const { path: damaged } of check.skipped) gone.add(whole(damaged));
      await writeManifest(
        options.out,
        dataset.items.filter((item) => !gone.has(item.path)),
        dataset.root,
      );
      const images = dataset.items.length - gone.size;
      if (options.json) {
        print(printableJson(labelled("data clean", { manifest: options.out, images, leftOut: [...gone] })));
        return;
      }
      print(`${options.out}: ${images} images; left out: ${gone.size}`);
      for (const left of gone) print(`  ${clean(left)}`);
    });
}

function refuseToReplace(file: string, force?: boolean): void {
  if (!existsSync(file) || force) return;
  throw new HaleError(
    "FILE_UNWRITABLE",
    `${file} is there already.`,
    "Add --force to replace it, or choose another --out.",
  );
}

interface SplitCommandOptions {
  out?: string;
  seed: number;
  val: number;
  test: number;
  force?: boolean;
  json?: boolean;
}

function splitCommand(): Command {
  return new Command("split")
    .description("Write a manifest with a new split in which no patient or group is in two of them")
    .argument("<path>", "folder or CSV manifest")
    .option(
      "--out <file>",
      "the manifest to write; split.csv in the data set's folder by default, elsewhere it names that",
    )
    .option("--seed <n>", "another seed gives another split", wholeNumber(0), 1)
    .option("--val <share>", "share of normal images for val", rate, 0.1)
    .option("--test <share>", "share of images for test", rate, 0.3)
    .option("--force", "replace a manifest that is there already")
    .option("--json", "print the result as one JSON object")
    .addHelpText("after", "\nExample:\n  hale data split scans/ --seed 7 --out scans/split.csv")
    .action(async (path: string, options: SplitCommandOptions) => {
      const dataset = await loadFiles(path, { seed: options.seed });
      const file = options.out ?? join(dataset.root, "split.csv");
      refuseToReplace(file, options.force);
      const fractions = { train: 1 - options.val - options.test, val: options.val, test: options.test };
      const unsplit = dataset.items.map((item) => ({ ...item, split: null as Split | null }));
      const items = splitRows(unsplit, { seed: options.seed, fractions });
      await writeManifest(file, items, dataset.root);
      const count = (split: string) => items.filter((item) => item.split === split).length;
      const counts = { train: count("train"), val: count("val"), test: count("test") };
      print(
        options.json
          ? printableJson(labelled("data split", { manifest: file, ...counts }))
          : `${file}: ${counts.train} train, ${counts.val} val, ${counts.test} test`,
      );
    });
}
