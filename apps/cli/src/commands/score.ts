/**
 * @file `hale score`: scores for files, folders and globs, one line an image as soon as it is known.
 */
import { availableParallelism } from "node:os";
import { HaleError, printable, printableJson } from "@hale/core";
import { type Aggregation, inOrderOfReview, RESEARCH_USE } from "@hale/detector";
import { openDevice } from "@hale/runtime/node";
import {
  csvHead,
  csvRow,
  identityOf,
  inputAsked,
  type Row,
  rowRecord,
  SEGMENT_ABOVE,
  type SegmentAbove,
  scoreTargets,
} from "@hale/scoring";
import { findTargets, folderSink, openObjects } from "@hale/scoring/node";
import { Command, Option } from "commander";
import { openDetectorFile } from "../detector.ts";
import { sentencesOf } from "../flags.ts";
import { labelled } from "../json.ts";
import { note } from "../notes.ts";
import { wholeNumber } from "../options.ts";
import { addScanOptions, aggregation, askedInput, type ScanOptions } from "../scan-options.ts";
import { progress } from "../terminal.ts";

interface ScoreOptions extends ScanOptions {
  format: "csv" | "jsonl";
  json?: boolean;
  maps?: string;
  device: "cpu" | "webgpu";
  threads: number;
  strict?: boolean;
  sort?: boolean;
  aggregate?: Aggregation;
  dicomOut?: string;
  segmentAbove: SegmentAbove;
  deidentify?: boolean;
  key?: string;
}

export function scoreCommand(): Command {
  return addScanOptions(new Command("score"), "of-detector")
    .description("Score images with a detector; results go to standard output as they come")
    .argument("<detector>", "a .hale file")
    .argument(
      "<images...>",
      "pictures and scans (NIfTI, DICOM): files, folders and globs (quote them); - is standard input",
    )
    .addOption(new Option("--format <kind>", "form of the result").choices(["csv", "jsonl"]).default("csv"))
    .option("--json", "the same as --format jsonl")
    .option(
      "--maps <folder>",
      "write map, overlay and, if the detector makes one, healthy counterpart of each image here, as PNG; maps of scans as NIfTI",
    )
    .option("--aggregate <way>", "volumes: their score of their slices': max, mean or top-k:<number>", aggregation)
    .option("--dicom-out <folder>", "write DICOM objects of each DICOM image or series here")
    .addOption(
      new Option("--segment-above <value>", "with --dicom-out: map value above which a point is in the segment")
        .choices(SEGMENT_ABOVE)
        .default("p99"),
    )
    .option("--deidentify", "with --dicom-out: objects without patient and study, under other UIDs")
    .option("--key <file>", "with --deidentify: the key of pseudonyms and UIDs, as data import has it; made if missing")
    .addOption(new Option("--device <kind>", "where to run").choices(["cpu", "webgpu"]).default("cpu"))
    .option("--threads <n>", "CPU threads", wholeNumber(1, 256), availableParallelism())
    .option("--sort", "print the rows at the end: what needs review first, then by falling score")
    .option("--strict", "stop at the first damaged image instead of naming it in its row")
    .addHelpText(
      "after",
      `
An image that cannot be read has a row with its error, and the exit code is 1 at the end. Where a detector's score has
parts, each has a column part:<name>; the decision is the score's alone.

A scan is read as the detector's card says. Options that ask for something else change what its score means: it then has
neither threshold nor p-value. With jsonl a volume's row has the scores of its slices, and with --maps there is its map in
the scan's own grid, its curve, and pictures of its highest slice.
${DICOM_OUT_HELP}

Examples:
  hale score detector.hale new/ > scores.csv
  hale score detector.hale "new/**/*.png" --format jsonl --maps maps/
  hale score detector.hale scan.nii.gz --json --maps maps/
  hale score detector.hale series/ --json --dicom-out objects/
  hale score detector.hale series/ --json --dicom-out objects/ --deidentify --key ~/keys/study.key`,
    )
    .action(score);
}

async function score(file: string, patterns: string[], options: ScoreOptions): Promise<void> {
  const csv = !options.json && options.format === "csv";
  const objects = await objectsAsked(options);
  const targets = await findTargets(patterns, objects?.library.sourceInstance);
  const device = await openDevice({ kind: options.device, threads: options.threads });
  const { detector, bytes } = await openDetectorFile(file, device, options.json);
  const { card } = detector;
  const rows = scoreTargets(detector, targets, {
    input: inputAsked(detector, askedInput(options)),
    aggregation: options.aggregate,
    maps: options.maps === undefined ? undefined : folderSink(options.maps),
    objects: objects && { ...objects, detector: await identityOf(detector, bytes) },
    strict: options.strict,
    onNote: say,
  });
  const bar = progress("Scoring", !process.stderr.isTTY);
  if (csv) process.stdout.write(csvHead(card));
  const print = (row: Row) =>
    process.stdout.write(
      csv ? csvRow(card, row, sentencesOf) : `${printableJson(labelled("score", rowRecord(row, sentencesOf)))}\n`,
    );
  const kept: Row[] = [];
  let [done, failed] = [0, 0];
  try {
    for await (const row of rows) {
      if (row.error) failed++;
      if (options.sort) kept.push(row);
      else print(row);
      bar.update(++done, targets.length);
    }
    kept.sort(inOrderOfReview).forEach(print);
  } finally {
    bar.stop();
    await detector.release();
  }
  // Not thrown: with --json that would add an object that is no row.
  if (failed > 0) {
    say(`${failed} of ${targets.length} images could not be scored. Their rows say why.`);
    process.exitCode = 1;
  }
}

const say = (sentence: string) => note(`hale: ${printable(sentence)}`);

/** What the options for DICOM objects ask for; undefined where they ask for none. Throws OPTION_INVALID. */
async function objectsAsked({ dicomOut: folder, segmentAbove, deidentify = false, key }: ScoreOptions) {
  if (folder === undefined && deidentify) throw misused("--deidentify", "--dicom-out");
  if (key !== undefined && !deidentify) throw misused("--key", "--deidentify");
  if (folder === undefined) return undefined;
  return openObjects({ folder, segmentAbove, deidentify: deidentify ? { keyFile: key } : undefined }, say);
}

function misused(option: string, needed: string): HaleError {
  return new HaleError("OPTION_INVALID", `${option} means nothing without ${needed}.`, `Give ${needed} too.`);
}

const DICOM_OUT_HELP = `
With --dicom-out, each DICOM image or series that was scored gets a Parametric Map, a Segmentation, a Secondary Capture
and a Structured Report, named by their own UIDs; rows of jsonl list them, and what was left out and why. The segment is
the map above --segment-above: a quantile of the map's points in the detector's held-out normal images (p99: one healthy
point in a hundred is above it; top: twice p99, where overlays have their brightest colour). It is no threshold of the score,
which is the card's and stands in the report. Objects carry the patient's and study's identity on, unless
--deidentify is given. ${RESEARCH_USE}`;
