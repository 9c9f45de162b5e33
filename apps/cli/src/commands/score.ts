/**
 * @file `hale score`: scores for files, folders and globs, one line an image as soon as it is known.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { type Aggregation, Detector, mapPng, overlayPng, PART_PREFIX, picturePng, prefixed } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { isDicom, isPicture } from "@hale/imaging";
import { readImageBytes, readScan, sharedReader } from "@hale/imaging/node";
import { openDevice } from "@hale/runtime/node";
import {
  DICOM_OUT_HELP,
  type DicomOutOptions,
  findTargets,
  framesOf,
  identityOf,
  inputAsked,
  openDicomOut,
  refusePicture,
  type ScanScoring,
  SEGMENT_ABOVE,
  scoreScan,
  type Target,
} from "@hale/scoring/node";
import { Command, Option } from "commander";
import { wholeNumber } from "../options.ts";
import { addScanOptions, aggregation, askedInput, type ScanOptions } from "../scan-options.ts";
import { progress } from "../terminal.ts";

interface ScoreOptions extends ScanOptions, DicomOutOptions {
  format: "csv" | "jsonl";
  maps?: string;
  device: "cpu" | "webgpu";
  threads: number;
  strict?: boolean;
  aggregate?: Aggregation;
}

const COLUMNS = ["file", "score", "p_value", "decision", "threshold", "error"] as const;
/** By column; rows of volumes have more, such as their slices, which CSV leaves out. */
type Row = Record<string, unknown>;

export function scoreCommand(): Command {
  return addScanOptions(new Command("score"))
    .description("Score images with a detector; results go to standard output as they come")
    .argument("<detector>", "a .hale file")
    .argument("<images...>", "pictures and scans (NIfTI, DICOM): files, folders and globs (quote them)")
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
    .action(async (file: string, patterns: string[], options: ScoreOptions & { json?: boolean }) => {
      const format = options.json ? "jsonl" : options.format;
      const out = await openDicomOut(options);
      const images = await findTargets(patterns, out?.library.sourceInstance);
      const device = await openDevice({ kind: options.device, threads: options.threads });
      const bytes = await readDetectorBytes(file);
      const detector = await Detector.load(bytes, device, file);
      const scoring = {
        input: inputAsked(detector, askedInput(options)),
        aggregation: options.aggregate,
        maps: options.maps,
        dicom: out && { out, identity: await identityOf(detector, bytes) },
      };
      const bar = progress("Scoring", !process.stderr.isTTY);
      const columns = [...COLUMNS, ...detector.card.parts.map((name) => PART_PREFIX + name)];
      if (format === "csv") console.log(columns.join(","));
      let failed = 0;
      try {
        for (const [i, image] of images.entries()) {
          const row = await scoreOne(detector, image, scoring, options.strict);
          if (row.error !== null) failed++;
          console.log(format === "csv" ? columns.map((name) => csvField(row[name])).join(",") : JSON.stringify(row));
          bar.update(i + 1, images.length);
        }
      } finally {
        bar.stop();
        await detector.release();
      }
      // Not thrown: with --json that would add an object that is no row.
      if (failed > 0) {
        console.error(`hale: ${failed} of ${images.length} images could not be scored. Their rows say why.`);
        process.exitCode = 1;
      }
    });
}

async function scoreOne(
  detector: Detector,
  { file, name, scan }: Target,
  scoring: ScanScoring,
  strict = false,
): Promise<Row> {
  try {
    if (scan) return await scoreScan(detector, await scan(), file, name, scoring);
    const bytes = await readImageBytes(file, file);
    if (!isPicture(bytes)) {
      const readSource = scoring.dicom?.out.library.sourceInstance;
      const frames = readSource && isDicom(bytes) ? framesOf(bytes, file, readSource) : undefined;
      return await scoreScan(detector, { scan: await readScan(file, file), frames }, file, name, scoring);
    }
    refusePicture(detector, file);
    const raster = await sharedReader().picture({ bytes }, file);
    const finding = await detector.examine(raster);
    if (scoring.maps) {
      const base = join(scoring.maps, name);
      await writeAtomic(`${base}-map.png`, mapPng(finding.anomalyMap, detector.card));
      await writeAtomic(`${base}-overlay.png`, overlayPng(finding.prepared, finding.anomalyMap, detector.card));
      if (finding.healthy) await writeAtomic(`${base}-healthy.png`, picturePng(finding.healthy));
    }
    const { score, pValue, decision, threshold } = finding;
    return { file, score, p_value: pValue, decision, threshold, error: null, ...prefixed(PART_PREFIX, finding.parts) };
  } catch (error) {
    if (
      !(error instanceof HaleError) ||
      strict ||
      !/^(IMAGE|FILE_NOT|FILE_UNREAD|SHAPE|DETECTOR_MISM)/.test(error.code)
    )
      throw error;
    const none = detector.card.parts.map((name) => [PART_PREFIX + name, null]);
    return {
      file,
      score: null,
      p_value: null,
      decision: null,
      threshold: null,
      error: error.message,
      ...Object.fromEntries(none),
    };
  }
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
