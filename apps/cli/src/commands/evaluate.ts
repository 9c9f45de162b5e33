/**
 * @file `hale evaluate`: figures with intervals, and the report.
 */

import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { count, printable, printableJson, sha256Hex } from "@hale/core";
import { aggregationName } from "@hale/detector";
import { readSeen, seenPath } from "@hale/detector/node";
import {
  type Comparison,
  type Evaluation,
  evaluateDetector,
  patientsKnown,
  patientsSentence,
  seenAsWords,
  seenSentence,
  writeReport,
} from "@hale/evaluation/node";
import { openDevice } from "@hale/runtime/node";
import { Command, Option } from "commander";
import { openDetectorFile } from "../detector.ts";
import { labelled } from "../json.ts";
import { note } from "../notes.ts";
import { wholeNumber } from "../options.ts";
import { print } from "../output.ts";
import { progress } from "../terminal.ts";
import { checkWritable } from "../writable.ts";

interface EvaluateOptions {
  report?: string;
  device: "cpu" | "webgpu";
  threads: number;
  seed: number;
  nearCopies: boolean;
  skipCorrupt?: boolean;
  unmarkedNormal?: boolean;
  json?: boolean;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("Evaluate a detector on the test split of a data set")
    .argument("<detector>", "a .hale file")
    .argument("<data>", "folder or CSV manifest")
    .option("--report <file>", "write the HTML report here")
    .addOption(new Option("--device <kind>", "where to run").choices(["cpu", "webgpu"]).default("cpu"))
    .option("--threads <n>", "CPU threads", wholeNumber(1, 256), availableParallelism())
    .option("--seed <n>", "of the bootstrap", wholeNumber(0), 1)
    .option("--no-near-copies", "leave out the audit's search for near copies, its slow part")
    .option("--skip-corrupt", "leave damaged images out instead of refusing the set")
    .option("--unmarked-normal", "scans: slices of abnormal volumes without a mark in their mask count as normal")
    .option("--json", "print the figures as one JSON object")
    .addHelpText("after", "\nExample:\n  hale evaluate runs/first/detector.hale scans/ --report report.html")
    .action(async (file: string, data: string, options: EvaluateOptions) => {
      if (options.report) await checkWritable(options.report);
      const device = await openDevice({ kind: options.device, threads: options.threads });
      const { detector, bytes } = await openDetectorFile(file, device, options.json);
      const bar = progress("Scoring", options.json);
      try {
        const evaluation = await evaluateDetector(detector, data, {
          corrupt: options.skipCorrupt ? "skip" : "refuse",
          seed: options.seed,
          nearCopies: options.nearCopies,
          seen: await readSeen(seenPath(file), bytes),
          unmarked: options.unmarkedNormal ? "normal" : "left-out",
          onProgress: (done, total) => {
            bar.update(done, total);
            if (done < total) return;
            bar.stop();
            if (!options.json) note(auditing(options.nearCopies));
          },
        });
        bar.stop();
        if (options.report) {
          await writeReport(options.report, {
            detector,
            evaluation,
            data,
            runFolder: dirname(file),
            command: process.argv.slice(2),
          });
        }
        print(
          options.json
            ? printableJson(
                labelled("evaluate", {
                  detector: { file, sha256: await sha256Hex(bytes), method: detector.card.method.name },
                  ...{ seed: options.seed, threshold: detector.card.threshold },
                  ...figures(evaluation, options.report),
                }),
              )
            : text(evaluation, options.report),
        );
      } finally {
        bar.stop();
        await detector.release();
      }
    });
}

/** Everything but the single cases, for programs. */
function figures({ cases: _, dataset, audit, volumes, ...rest }: Evaluation, report?: string) {
  // Of volumes the scores too, but not those of each slice.
  const whole = volumes && { ...volumes, volumes: volumes.volumes.map(({ slices: __, ...volume }) => volume) };
  const controls = audit.controls?.map(({ scores: _scores, ...control }) => control) ?? null;
  return {
    dataset: dataset.name,
    ...rest,
    volumes: whole,
    controls,
    leaks: audit.leaks,
    patients_known: patientsKnown(dataset.items),
    report,
  };
}

/** What goes on after the last image was scored: on a large set it takes minutes. */
const auditing = (nearCopies: boolean) =>
  `Working out intervals and controls, and looking for leaks${nearCopies ? " and near copies (--no-near-copies leaves these out)" : ""} ...`;

function text(
  {
    normals,
    abnormals,
    clusters,
    auroc,
    averagePrecision,
    operating,
    needsReview,
    classes,
    parts,
    pixels,
    volumes,
    audit,
    comparisons,
    seen,
    dataset,
    skipped,
  }: Evaluation,
  report?: string,
): string {
  const interval = ({ estimate, low, high, reason }: Evaluation["auroc"]) =>
    `${estimate.toFixed(3)}  ${low === null || high === null ? `no interval: ${reason}` : `95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}`}`;
  const share = (p: { value: number; low: number; high: number; successes: number; trials: number } | null) =>
    p
      ? `${(100 * p.value).toFixed(1)} %  (${p.successes} of ${p.trials}; ${(100 * p.low).toFixed(1)} to ${(100 * p.high).toFixed(1)} %)`
      : "not known";
  const lines = [
    `${normals} normal and ${abnormals} abnormal ${volumes ? "slices" : "images"}, ${clusters.clusters} patients or groups`,
    `AUROC              ${interval(auroc)}`,
    `average precision  ${interval(averagePrecision)}`,
  ];
  if (operating) {
    lines.push(
      `sensitivity        ${share(operating.sensitivity)}`,
      `specificity        ${share(operating.specificity)}`,
    );
  }
  if (needsReview > 0)
    lines.push(`needs review       ${needsReview}, outside what the detector knows: in neither of the two`);
  if (pixels)
    lines.push(
      `pixel AUROC        ${pixels.auroc.toFixed(3)}, pixel AP ${pixels.averagePrecision.toFixed(3)}, best Dice ${pixels.bestDice.dice.toFixed(3)} (oracle: its threshold was chosen on these very pixels)`,
    );
  if (volumes) {
    const { aggregation, operating: at, reason } = volumes;
    lines.push(
      `Whole volumes, by the ${aggregationName(aggregation)} of their slices: ${volumes.normals} normal and ${volumes.abnormals} abnormal, ${volumes.clusters.clusters} patients or groups`,
      `  AUROC              ${volumes.auroc ? interval(volumes.auroc) : "not known: one of the classes is missing"}`,
    );
    if (volumes.averagePrecision) lines.push(`  average precision  ${interval(volumes.averagePrecision)}`);
    if (at) {
      lines.push(`  sensitivity        ${share(at.sensitivity)}`, `  specificity        ${share(at.specificity)}`);
    } else if (reason) lines.push(`  no threshold: ${reason}`);
  }
  if (classes.length > 1)
    for (const row of classes)
      lines.push(`  ${row.name.padEnd(24)} ${row.images} images, AUROC ${interval(row.auroc)}`);
  if (parts.length > 0)
    lines.push(
      "Parts of the score, each alone; nothing was chosen by them:",
      ...parts.map(({ name, auroc: value }) => `  ${name.padEnd(16)} AUROC ${interval(value)}`),
    );
  if (audit.controls) {
    lines.push("Controls, which know nothing of disease:");
    for (const { name, auroc: value, direction } of audit.controls) {
      lines.push(`  ${name.padEnd(16)} ${interval(value)}: ${direction}`);
      const compared = comparisons?.find(({ control }) => control === name);
      if (compared) lines.push(`  ${"".padEnd(16)} ${beside(compared)}`);
    }
  }
  lines.push(...trustLines({ seen, audit, dataset }));
  if (skipped.length > 0)
    lines.push(`Left out ${skipped.length} damaged images: ${skipped.map(({ path }) => path).join(", ")}`);
  for (const caution of new Set([clusters.caution, operating?.caution, volumes?.clusters.caution]))
    if (caution) lines.push(`Caution: ${caution}`);
  if (report) lines.push(`Report: ${report}`);
  return lines.join("\n");
}

/** The detector less a control. */
function beside({ difference: { estimate, low, high }, pValue, verdict }: Comparison): string {
  const signed = (value: number) => `${value < 0 ? "" : "+"}${value.toFixed(3)}`;
  if (low === null || high === null || pValue === null) return `the detector ${signed(estimate)}, without an interval`;
  const words = { above: "above it", below: "below it", undecided: "not told apart from it" };
  const p = pValue < 0.001 ? "p < 0.001" : `p ${pValue.toFixed(3)}`;
  return `the detector ${signed(estimate)} (${signed(low)} to ${signed(high)}; ${p} after Holm): ${words[verdict]}`;
}

/** Most test images that are named. */
const NAMED = 10;

/** What could make the result better than it is, and what could not be looked for. */
function trustLines({ seen, audit, dataset }: Pick<Evaluation, "seen" | "audit" | "dataset">): string[] {
  const { text: sentence, warns } = seenSentence(seen);
  const lines = [warns ? `Caution: ${sentence}` : sentence];
  const named = seen.checked ? seen.seen : [];
  lines.push(...named.slice(0, NAMED).map(({ path, as }) => `  ${printable(path)}: ${seenAsWords(as)}`));
  if (named.length > NAMED) lines.push(`  and ${named.length - NAMED} more`);
  const { leaks, nearCopies } = audit;
  const copies = nearCopies ? "" : "; near copies were not looked for";
  lines.push(
    leaks.length > 0
      ? `Caution: ${count(leaks.length, "leak")} between the splits of this data set; hale data check names them${copies}.`
      : `Leaks between the splits of this data set: none found of what could be looked for${copies}.`,
  );
  const patients = patientsSentence(patientsKnown(dataset.items));
  if (patients) lines.push(patients);
  return lines;
}
