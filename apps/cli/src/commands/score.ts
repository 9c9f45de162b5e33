/**
 * @file `hale score`: scores for files, folders and globs, one line an image as soon as it is known.
 */
import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, extname, join } from "node:path";
import { type Detector, mapPng, overlayPng, picturePng } from "@hale/detector";
import { readDetector } from "@hale/detector/node";
import { HaleError } from "@hale/errors";
import { decodeImage } from "@hale/imaging";
import { readImageBytes } from "@hale/imaging/node";
import { openDevice, writeAtomic } from "@hale/runtime/node";
import { Command, Option } from "commander";
import { glob } from "tinyglobby";
import { wholeNumber } from "../options.ts";
import { progress } from "../terminal.ts";

interface ScoreOptions {
  format: "csv" | "jsonl";
  maps?: string;
  device: "cpu" | "webgpu";
  threads: number;
  strict?: boolean;
}

const COLUMNS = ["file", "score", "p_value", "decision", "threshold", "error"] as const;
type Row = Record<(typeof COLUMNS)[number], string | number | null> & Record<`part:${string}`, number | null>;

export function scoreCommand(): Command {
  return new Command("score")
    .description("Score images with a detector; results go to standard output as they come")
    .argument("<detector>", "a .hale file")
    .argument("<images...>", "files, folders and globs (quote them)")
    .addOption(new Option("--format <kind>", "form of the result").choices(["csv", "jsonl"]).default("csv"))
    .option("--json", "the same as --format jsonl")
    .option("--maps <folder>", "write map, overlay and healthy counterpart of each image here, as PNG")
    .addOption(new Option("--device <kind>", "where to run").choices(["cpu", "webgpu"]).default("cpu"))
    .option("--threads <n>", "CPU threads", wholeNumber(1, 256), availableParallelism())
    .option("--strict", "stop at the first damaged image instead of naming it in its row")
    .addHelpText(
      "after",
      `
An image that cannot be read has a row with its error, and the exit code is 1 at the end. Where a detector's score has
parts, each has a column part:<name>; the decision is the score's alone.

Examples:
  hale score detector.hale new/ > scores.csv
  hale score detector.hale "new/**/*.png" --format jsonl --maps maps/`,
    )
    .action(async (file: string, patterns: string[], options: ScoreOptions & { json?: boolean }) => {
      const format = options.json ? "jsonl" : options.format;
      const images = await findImages(patterns);
      const device = await openDevice({ kind: options.device, threads: options.threads });
      const detector = await readDetector(file, device);
      const bar = progress("Scoring", !process.stderr.isTTY);
      const columns = [...COLUMNS, ...detector.card.parts.map((name) => `part:${name}` as const)];
      if (format === "csv") console.log(columns.join(","));
      const names = mapNames(images);
      let failed = 0;
      try {
        for (const [i, image] of images.entries()) {
          const row = await scoreOne(detector, image, names[i], options);
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

async function findImages(patterns: string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const info = await stat(pattern).catch(() => null);
    if (info?.isFile()) found.add(pattern);
    else {
      const inside = info?.isDirectory()
        ? `${pattern.replace(/\\/g, "/").replace(/\/$/, "")}/**/*.{png,jpg,jpeg,tif,tiff}`
        : pattern;
      const files = await glob([inside], { caseSensitiveMatch: false, absolute: pattern.startsWith("/") });
      if (files.length === 0)
        throw new HaleError("FILE_NOT_FOUND", `No images match ${pattern}.`, "Check the path; quote globs.");
      for (const match of files.sort()) found.add(match);
    }
  }
  return [...found];
}

/** What the pictures of each image are named by: its name, or its whole path where several have the same. */
function mapNames(images: readonly string[]): string[] {
  const stem = (file: string) => basename(file, extname(file));
  const count = new Map<string, number>();
  for (const file of images) count.set(stem(file), (count.get(stem(file)) ?? 0) + 1);
  return images.map((file) => (count.get(stem(file)) === 1 ? stem(file) : file.replace(/[\\/:]+/g, "_")));
}

async function scoreOne(detector: Detector, file: string, name: string, options: ScoreOptions): Promise<Row> {
  try {
    const raster = await decodeImage(await readImageBytes(file, file), file);
    const finding = await detector.examine(raster);
    if (options.maps) {
      const base = join(options.maps, name);
      await writeAtomic(`${base}-map.png`, mapPng(finding.anomalyMap, detector.card));
      await writeAtomic(`${base}-overlay.png`, overlayPng(finding.prepared, finding.anomalyMap, detector.card));
      await writeAtomic(`${base}-healthy.png`, picturePng(finding.healthy));
    }
    const { score, pValue, decision, threshold } = finding;
    const parts = Object.entries(finding.parts).map(([name, value]) => [`part:${name}`, value]);
    return { file, score, p_value: pValue, decision, threshold, error: null, ...Object.fromEntries(parts) };
  } catch (error) {
    if (!(error instanceof HaleError) || options.strict || !/^(IMAGE|FILE_NOT|FILE_UNREAD|SHAPE)/.test(error.code))
      throw error;
    const none = detector.card.parts.map((name) => [`part:${name}`, null]);
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

function csvField(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
