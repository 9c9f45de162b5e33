/**
 * @file `hale data import`: a pseudonymous data set from collections of clinical images. What it prints are counts,
 * reasons and tokens: paths of sources may be patients' names.
 */
import { printableJson } from "@hale/core";
import { REASONS, type Reason } from "@hale/data";
import { defaultKeyFile, type ImportReport, importDataset } from "@hale/data/node";
import { Command, InvalidArgumentError } from "commander";
import { labelled } from "../json.ts";
import { wholeNumber } from "../options.ts";
import { print, warn } from "../output.ts";
import { progress, stoppedCode, stopSignal } from "../terminal.ts";

interface Options {
  out: string;
  key?: string;
  labels?: string;
  classes?: string[];
  patientPattern?: RegExp;
  allowBurnedIn?: boolean;
  minSlices: number;
  dryRun?: boolean;
  json?: boolean;
}

export function importCommand(): Command {
  return new Command("import")
    .description("Turn DICOM and NIfTI collections into a pseudonymous data set")
    .argument("<sources...>", "files, folders, zips and DICOMDIRs; they are only read")
    .requiredOption("--out <folder>", "the data set: a new folder, or that of an earlier import with the same key")
    .option("--key <file>", "the key of the pseudonyms, outside the data set; made if missing", undefined)
    .option("--labels <csv>", "table with label and one of path, series, study, accession, patient")
    .option("--classes <names>", "folders below abnormal/ that are classes, with commas between", list)
    .option("--patient-pattern <regex>", "finds the patient in the path of a file that names none", pattern)
    .option("--min-slices <n>", "leave volumes with fewer slices out", wholeNumber(1), 1)
    .option("--allow-burned-in", "take pictures that have, or may have, text in them")
    .option("--dry-run", "look and count, write nothing")
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
Grey scans become .nii.gz with their stored integers and geometry, colours and plain pictures PNG. Nothing of a header
goes along but numbers and defined terms. Patients get pseudonyms, an HMAC under a key that stays with you:
  ${defaultKeyFile()}
Whoever has that key can tell who is who. Beside it lies the table that leads from tokens back to files.

Labels come from folders of the sources (normal/, abnormal/<class>/, unlabelled/, masks/) or from a table. A line for a
folder holds for what is in it. Columns: label (0 or normal, 1 or abnormal, or nothing), class, split, patient.

Pixels are not changed: a head's surface can be told from a volume of it. Run it again to add what is new.

Examples:
  hale data import export/ --out scans
  hale data import export/ --out scans --labels labels.csv --dry-run
  hale data import normal/ abnormal/ --out scans --classes glioma,meningioma
  hale data import bids/ --out scans --patient-pattern "(sub-[^/]+)"`,
    )
    .action(async (sources: string[], { json, ...options }: Options) => {
      const bars = { looking: progress("Looking at files", json), writing: progress("Writing scans", json) };
      const stop = () => {
        bars.looking.stop();
        bars.writing.stop();
      };
      let report: ImportReport;
      try {
        report = await importDataset(sources, {
          ...options,
          signal: stopSignal(),
          onProgress(stage, done, total) {
            if (stage === "writing") bars.looking.stop();
            bars[stage].update(done, total);
          },
        });
      } finally {
        stop();
      }
      print(json ? printableJson(labelled("data import", report)) : text(report, options.out));
      if (report.stopped) {
        warn("Stopped; the same command goes on.");
        process.exitCode = stoppedCode();
      }
    });
}

function list(names: string): string[] {
  return names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function pattern(source: string): RegExp {
  let regex: RegExp;
  try {
    regex = new RegExp(source);
  } catch {
    throw new InvalidArgumentError("It is no regular expression.");
  }
  if (new RegExp(`${source}|`).exec("")!.length !== 2) {
    throw new InvalidArgumentError('It must hold one group in brackets: the patient, as in "(sub-[^/]+)".');
  }
  return regex;
}

function text(report: ImportReport, out: string): string {
  const { counts, added, known, newlyLabelled, leftOut, dryRun, key, keyMade, sources, warnings } = report;
  const { scans, normal, abnormal, unlabelled, masks, patients, studies, modalities } = counts;
  const lines = dryRun
    ? [`${added} scans would be imported, ${known} are there already. Nothing was written.`]
    : [
        `${out}: ${scans} images (${normal} normal, ${abnormal} abnormal, ${unlabelled} unlabelled), ${masks} masks, ${patients} patients, ${studies} studies`,
        `This import: ${added} scans added, ${known} were there already${newlyLabelled > 0 ? `, ${newlyLabelled} got a label` : ""}`,
      ];
  const kinds = Object.entries(modalities).map(([modality, count]) => `${modality || "unknown"} ${count}`);
  if (kinds.length > 0) lines.push(`Modalities: ${kinds.join(", ")}`);
  const reasons = Object.entries(leftOut) as [Reason, number][];
  if (reasons.length > 0) {
    lines.push("", "Left out");
    for (const [reason, count] of reasons) lines.push(`  ${String(count).padStart(7)}  ${reason}: ${REASONS[reason]}`);
  }
  if (warnings.length > 0) lines.push("", "Warnings", ...warnings.map((warning) => `  - ${warning}`));
  if (!dryRun) {
    lines.push(
      "",
      `${keyMade ? "A new key was made" : "Key"}: ${key}`,
      `From tokens back to files: ${sources}`,
      "Keep both, keep them to yourself, and never put them into the data set.",
    );
    if (scans > 0) lines.push("", `Next: hale data split ${out} --force, then hale data check ${out}`);
  }
  return lines.join("\n");
}
