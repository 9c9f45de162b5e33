/**
 * @file What `hale data check` finds, as plain data and as text for the terminal. Gathering it from files is left to
 * the Node half.
 */
import { type ControlResult, SUSPICIOUS_AUROC } from "./controls.ts";
import { type Dataset, type DatasetInput, type Item, SPLITS, type Split } from "./item.ts";
import type { Leak } from "./leaks.ts";

export interface CountRow {
  split: Split;
  label: "normal" | "abnormal" | "unlabelled";
  class: string;
  images: number;
}

/** JSON-able result of checking a data set. */
export interface DatasetCheck {
  name: string;
  /** Slices, where there are volumes. */
  images: number;
  /** Scans that the images are slices of; 0 for plain pictures. */
  scans: number;
  /** How they became images; null for plain pictures. */
  input: DatasetInput | null;
  counts: CountRow[];
  /** Known patients by split. */
  patients: Record<Split, number>;
  masks: number;
  leaks: Leak[];
  /** Whether near copies were looked for. */
  nearCopies: boolean;
  /** Controls on the labelled images of `controlsOn`; null where one class or the training normals are missing. */
  controls: ControlResult[] | null;
  controlsOn: string;
  skipped: { path: string; reason: string }[];
  /** Sentences for the user: from loading, leaks and controls. */
  warnings: string[];
}

const LABELS = ["normal", "abnormal", "unlabelled"] as const;
const labelName = (item: Item) => (item.label === null ? "unlabelled" : LABELS[item.label]);

/** Images by split, label and class, in that order. */
export function countItems(items: readonly Item[]): CountRow[] {
  const rows = new Map<string, CountRow>();
  for (const item of items) {
    const row: CountRow = { split: item.split, label: labelName(item), class: item.class, images: 0 };
    const key = `${row.split} ${row.label} ${row.class}`;
    const kept = rows.get(key) ?? row;
    kept.images++;
    rows.set(key, kept);
  }
  const order = (row: CountRow) => SPLITS.indexOf(row.split) * 3 + LABELS.indexOf(row.label);
  return [...rows.values()].sort((a, b) => order(a) - order(b) || (a.class < b.class ? -1 : 1));
}

export interface CheckFindings {
  leaks: Leak[];
  nearCopies: boolean;
  controls: ControlResult[] | null;
  controlsOn: string;
  skipped: { path: string; reason: string }[];
  /** Scans with samples that were NaN or infinite, and were taken as background. */
  notNumbers?: { path: string; samples: number }[];
}

/** Puts counts, findings and their plain-language warnings together. */
export function summariseCheck(dataset: Dataset, { notNumbers = [], ...findings }: CheckFindings): DatasetCheck {
  const { items } = dataset;
  const patientsOf = (split: Split) =>
    new Set(items.flatMap((item) => (item.split === split && item.patient !== null ? [item.patient] : []))).size;
  return {
    name: dataset.name,
    images: items.length,
    scans: new Set(items.flatMap(({ scan }) => (scan ? [scan.path] : []))).size,
    input: dataset.input ?? null,
    counts: countItems(items),
    patients: { train: patientsOf("train"), val: patientsOf("val"), test: patientsOf("test") },
    masks: items.filter((item) => item.mask !== null).length,
    ...findings,
    warnings: [
      ...dataset.warnings,
      ...leakWarnings(findings.leaks),
      ...controlWarnings(findings),
      ...notNumbers.map(
        ({ path, samples }) => `${path} has ${samples} samples that are NaN or infinite; they are taken as background.`,
      ),
    ],
  };
}

function leakWarnings(leaks: readonly Leak[]): string[] {
  const words: Record<Leak["kind"], string> = {
    patient: "patients are in two splits",
    group: "groups are in two splits",
    file: "volumes have slices in two splits",
    identical: "pairs of identical files are in two splits",
    "near-copy": "pairs of near copies are in two splits",
  };
  return (Object.keys(words) as Leak["kind"][]).flatMap((kind) => {
    const count = leaks.filter((leak) => leak.kind === kind).length;
    return count > 0 ? [`${count} ${words[kind]}; results on this split will look better than they are.`] : [];
  });
}

function controlWarnings({ controls, controlsOn }: CheckFindings): string[] {
  if (controls === null) return ["Controls were not computed: they need training normals and both labels."];
  return controls
    .filter((control) => control.auroc.estimate >= SUSPICIOUS_AUROC)
    .map(
      ({ name, auroc, direction }) =>
        `The control "${name}" alone reaches an AUROC of ${auroc.estimate.toFixed(2)} on ${controlsOn}: ${direction}. ` +
        "A detector may learn this instead of disease; compare every result with it.",
    );
}

/**
 * The check as text of at most about 100 columns, ending with a line break. Lists the first 20 leaks. `wordsOf` says how scans are
 * read, as whoever asks is used to.
 */
export function formatDatasetCheck(check: DatasetCheck, wordsOf: (input: DatasetInput) => string): string {
  const from = check.scans > 0 ? `, of ${check.scans} scans` : "";
  const lines = [`${check.name}: ${check.images} images${from}, ${check.masks} with masks`, ""];
  if (check.input) lines.splice(1, 0, `Scans are read with ${wordsOf(check.input)}`);
  const widest = Math.max(5, ...check.counts.map((row) => row.class.length));
  lines.push(`  ${"split".padEnd(6)} ${"label".padEnd(11)} ${"class".padEnd(widest)} ${"images".padStart(7)}`);
  for (const row of check.counts) {
    const { split, label, images } = row;
    lines.push(`  ${split.padEnd(6)} ${label.padEnd(11)} ${row.class.padEnd(widest)} ${String(images).padStart(7)}`);
  }
  const patients = SPLITS.map((split) => `${split} ${check.patients[split]}`).join(", ");
  lines.push("", `Known patients: ${patients}`, "");
  const left = check.nearCopies ? "" : " (near copies were not looked for)";
  lines.push(`Leaks: ${check.leaks.length === 0 ? "none found" : check.leaks.length}${left}`);
  for (const leak of check.leaks.slice(0, 20)) {
    const similarity = leak.kind === "near-copy" ? `, agreement ${leak.similarity.toFixed(3)}` : "";
    lines.push(`  ${leak.a} (${leak.splits[0]}) and ${leak.b} (${leak.splits[1]}): ${leak.detail}${similarity}`);
  }
  if (check.leaks.length > 20) lines.push(`  and ${check.leaks.length - 20} more`);
  if (check.controls) {
    lines.push("", `Controls that know nothing of disease, AUROC on ${check.controlsOn}`);
    for (const { name, auroc, direction } of check.controls) {
      const { estimate, low, high } = auroc;
      const range = low === null || high === null ? "" : ` (${low.toFixed(3)} to ${high.toFixed(3)})`;
      lines.push(`  ${name.padEnd(11)} ${estimate.toFixed(3)}${range}  ${direction}`);
    }
  }
  if (check.skipped.length > 0) {
    lines.push("", `Left out: ${check.skipped.length}`, ...check.skipped.map(({ reason }) => `  ${reason}`));
  }
  if (check.warnings.length > 0) lines.push("", "Warnings", ...check.warnings.map((warning) => `  - ${warning}`));
  return `${lines.join("\n")}\n`;
}
