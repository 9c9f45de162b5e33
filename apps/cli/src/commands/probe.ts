/**
 * @file `hale probe`: what each file is, and whether it can be read, one line a file. All files are
 * looked at, whatever one of them is; where one is missing or refused, the exit code is 1. Files are read in a worker that is ended when one takes too long or too much.
 */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { HaleError, joinedBytes, printable, printableJson } from "@hale/core";
import { type FileSummary, type GuardedReader, READ_MILLISECONDS, titlesOf } from "@hale/imaging";
import { openGuardedReader } from "@hale/imaging/node";
import { Command } from "commander";
import { labelled } from "../json.ts";
import { wholeNumber } from "../options.ts";
import { print } from "../output.ts";

type Row = { file: string } & (
  | ({ status: "ok"; code: null; reason: null } & FileSummary)
  | ({ status: "refused"; code: string; reason: string } & { [Key in keyof FileSummary]: null })
);

const NOTHING = {
  kind: null,
  shape: null,
  spacing: null,
  orientation: null,
  photometric: null,
  transferSyntax: null,
  modality: null,
  series: null,
  min: null,
  max: null,
  mean: null,
  sha256: null,
  scaled: null,
};

export function probeCommand(): Command {
  return new Command("probe")
    .description("Tell what image files are: kind, shape, place, values; or why they are refused")
    .argument("<paths...>", "files and folders; folders are walked; - is standard input")
    .option("--json", "one JSON object a line")
    .option("--timeout <ms>", "milliseconds that reading one file may take", wholeNumber(1), READ_MILLISECONDS)
    .addHelpText(
      "after",
      `
Reads ${titlesOf()}; a file is known by its content, not by its
name. min, max, mean and sha256 are those of the stored values, before rescale, as little-endian bytes; "scaled" has
them after it, where it changes anything. The shape is frames, rows, columns and samples for DICOM and pictures, first axis
fastest for the others. Spacing is in millimetres between columns, rows and slices; orientation says where these grow
towards (L left, P posterior, S superior).

Every file has its line; the exit code is 1 where one is missing or refused.

Examples:
  hale probe scan.dcm
  hale probe archive/ --json > files.jsonl`,
    )
    .action(async (paths: string[], { json, timeout }: { json?: boolean; timeout: number }) => {
      const reader = openGuardedReader({ milliseconds: timeout });
      try {
        if (!json) print(`${COLUMNS.map(([title, width]) => title.padEnd(width)).join("  ")}  file`);
        for await (const file of filesOf(paths)) {
          const row = await probeOne(reader, file);
          if (row.status === "refused") process.exitCode = 1;
          print(json ? printableJson(labelled("probe", row)) : tableLine(row));
        }
      } finally {
        reader.close();
      }
    });
}

const isFolder = (path: string) =>
  stat(path)
    .then((info) => info.isDirectory())
    .catch(() => false);

/** Files in order of name; folders are walked, but not those that a folder links to (they may lead round). */
async function* filesOf(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    if (!(await isFolder(path))) {
      // Also where there is none: its row says so.
      yield path;
      continue;
    }
    const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
    // A folder that may not be entered is named as a file that cannot be read.
    if (!entries) yield path;
    for (const entry of (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) yield* filesOf([inner]);
      else if (!(entry.isSymbolicLink() && (await isFolder(inner)))) yield inner;
    }
  }
}

async function probeOne(reader: GuardedReader, file: string): Promise<Row> {
  try {
    const summary = await reader.summarise(file === "-" ? { bytes: await fromStandardInput() } : { path: file }, file);
    return { file, status: "ok", code: null, reason: null, ...summary };
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    return { file, status: "refused", code: error.code, reason: error.message, ...NOTHING };
  }
}

async function fromStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return joinedBytes(chunks);
}

const COLUMNS: readonly [title: string, width: number][] = [
  ["status", 8],
  ["kind", 18],
  ["shape", 18],
  ["place", 22],
  ["values", 26],
];

function tableLine(row: Row): string {
  if (row.status === "refused") return `${"refused".padEnd(8)}  ${row.code}: ${printable(row.reason)}`;
  const spacing = row.spacing?.map((step) => (step === null ? "?" : short(step))).join(" x ");
  const place = [row.orientation, spacing && `${spacing} mm`].filter(Boolean).join(" ");
  const values = row.min === null ? "none" : `${short(row.min)} to ${short(row.max!)}, mean ${short(row.mean!)}`;
  const series = row.series === null ? "" : `series ${row.series}`;
  const kind = [row.kind, printable(row.modality ?? ""), series].filter(Boolean).join(" ");
  const cells = [row.status, kind, row.shape.join(" x "), place, values];
  return `${cells.map((cell, i) => cell.padEnd(COLUMNS[i][1])).join("  ")}  ${printable(row.file)}`;
}

const short = (value: number) => String(Number(value.toPrecision(5)));
