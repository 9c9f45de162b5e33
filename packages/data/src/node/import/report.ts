/**
 * @file What an import says of itself: counts, reasons, sentences. Nothing here can hold a name: all texts are ours, and
 * the two paths are those of the key.
 */
import type { LabelTable } from "../../import/labels.ts";
import { REASONS, type Reason } from "../../import/records.ts";
import type { ImportOptions } from "./options.ts";
import type { Plan } from "./plan.ts";
import { type ImportState, isPicture, PICTURES, tokenOf } from "./state.ts";
import type { Todo } from "./todo.ts";

/** Of the whole data set, after this import. */
export interface ImportCounts {
  scans: number;
  normal: number;
  abnormal: number;
  unlabelled: number;
  masks: number;
  /** Pseudonyms. */
  patients: number;
  /** Scans of no known patient. */
  withoutPatient: number;
  studies: number;
  /** By modality; "" where none is known. */
  modalities: Record<string, number>;
}

export interface ImportReport {
  counts: ImportCounts;
  /** Scans to import or imported by this run, those that were there, those that got a label. */
  added: number;
  known: number;
  newlyLabelled: number;
  leftOut: Partial<Record<Reason, number>>;
  dryRun: boolean;
  /** Ended early by its signal. */
  stopped: boolean;
  key: string;
  keyMade: boolean;
  /** The table from tokens to source files, beside the key. */
  sources: string;
  warnings: string[];
}

interface ReportParts {
  plan: Plan;
  state: ImportState;
  todo: Todo;
  labels: LabelTable | null;
  dryRun: boolean;
  keyFile: string;
  keyMade: boolean;
  sourcesFile: string;
  warnings: readonly string[];
}

export function reportOf(parts: ReportParts): Omit<ImportReport, "stopped"> {
  const { plan, state, todo, labels, dryRun, keyFile, keyMade, sourcesFile } = parts;
  const tokens = new Set([...state.rows.keys()].map((path) => /([^/.-]+)[^/]*$/.exec(path)![1]));
  return {
    counts: countsOf(state),
    added: dryRun ? todo.fresh.length : todo.fresh.filter((unit) => tokens.has(unit.token)).length,
    known: todo.known,
    newlyLabelled: todo.labelled.length,
    leftOut: reasonsOf(state),
    dryRun,
    key: keyFile,
    keyMade,
    sources: sourcesFile,
    warnings: [...parts.warnings, ...changes(todo, state, dryRun), ...remarks(plan, state, labels)],
  };
}

function countsOf({ rows, scans }: ImportState): ImportCounts {
  const all = [...rows.values()];
  const modalities: Record<string, number> = {};
  for (const { modality } of scans.values()) modalities[modality] = (modalities[modality] ?? 0) + 1;
  return {
    scans: all.length,
    normal: all.filter((row) => row.label === 0).length,
    abnormal: all.filter((row) => row.label === 1).length,
    unlabelled: all.filter((row) => row.label === null).length,
    masks: all.filter((row) => row.mask !== null).length,
    patients: new Set(all.flatMap((row) => row.patient ?? [])).size,
    withoutPatient: all.filter((row) => row.patient === null).length,
    studies: new Set([...scans.values()].map((scan) => scan.study).filter(Boolean)).size,
    modalities: Object.fromEntries(Object.entries(modalities).sort()),
  };
}

function reasonsOf({ leftOut }: ImportState): Partial<Record<Reason, number>> {
  const counts: Partial<Record<Reason, number>> = {};
  for (const reason of Object.keys(REASONS) as Reason[]) {
    const count = [...leftOut.values()].filter((line) => line.reason === reason).length;
    if (count > 0) counts[reason] = count;
  }
  return counts;
}

/** What import.json holds beside its mark: no path, no time, nothing that a second import of the same would change. */
export function summaryOf(state: ImportState, options: ImportOptions): object {
  const { allowBurnedIn = false, minSlices = 1, labels, patientPattern } = options;
  return {
    options: {
      labels: labels === undefined ? "folders" : "table",
      allowBurnedIn,
      minSlices,
      patientPattern: patientPattern !== undefined,
    },
    counts: countsOf(state),
    leftOut: reasonsOf(state),
  };
}

/** What became of scans that were in the data set already, besides their labels. */
function changes({ identified, masked }: Todo, { rows }: ImportState, dryRun: boolean): string[] {
  const withMask = new Set([...rows.values()].flatMap(({ path, mask }) => (mask === null ? [] : [tokenOf(path)])));
  const got = masked.filter(({ token }) => dryRun || withMask.has(token)).length;
  return [
    ...(identified.length > 0
      ? [`${identified.length} scans that were in the data set get a patient; check its split for leaks.`]
      : []),
    ...(got > 0 ? [`${got} scans that were in the data set get a mask.`] : []),
    ...(masked.length > got
      ? [
          `${masked.length - got} masks of scans that were in the data set were not taken over; left-out.csv names them.`,
        ]
      : []),
  ];
}

/** Scans that a warning tells of one by one. */
const NAMED_SCANS = 10;

/** What was noted about scans that were written, by token: how many there are, and the first of them. */
export function noteLines(notes: ReadonlyMap<string, readonly string[]>): string[] {
  if (notes.size === 0) return [];
  const named = [...notes].slice(0, NAMED_SCANS).map(([token, sentences]) => `${token}: ${sentences.join(" ")}`);
  const more = notes.size - named.length;
  return [
    `Series that have gaps, make several scans or could not be put together: ${notes.size}. ${more > 0 ? `The first ${named.length} are` : "Each is"} named below; look at them.`,
    ...named,
  ];
}

/** More studies than one person has: an id that stands for nobody. */
const MANY_STUDIES = 50;

function remarks(plan: Plan, state: ImportState, labels: LabelTable | null): string[] {
  const lines: string[] = [];
  const say = (count: number, sentence: string) => {
    if (count > 0) lines.push(`${count} ${sentence}`);
  };
  say(plan.unmatchedLines, "lines of the table of labels name nothing that was found.");
  if (labels) say(labels.unused, "columns of the table of labels are not used.");
  say(
    plan.unlistedClasses,
    "scans lie in a folder below abnormal/ that is not listed as a class; their class is abnormal. A folder may be called like a patient, so its name is only taken when you list it.",
  );
  say(plan.personalClasses, "scans have a class that is called like a patient; it was replaced by abnormal.");
  const rows = [...state.rows.values()];
  say(
    rows.filter((row) => row.patient === null && row.group === null).length,
    "scans have no patient: name one in the table of labels (column patient) or by a pattern of file names, or images of one patient may come to lie in two splits.",
  );
  const pictures = rows.filter((row) => isPicture(row.path)).length;
  if (pictures > 0 && pictures < rows.length) {
    lines.push(
      `${pictures} images are colour or plain pictures, which no data set mixes with scans: they have a manifest of their own, ${PICTURES}.`,
    );
  }
  const labelled = rows.filter((row) => row.label !== null);
  const split = labelled.filter((row) => row.split !== null).length;
  if (split > 0 && split < labelled.length) {
    lines.push(
      `${labelled.length - split} labelled scans have no split, while ${split} have one: divide them anew, or complete split.csv.`,
    );
  }
  const studies = new Map<string, Set<string>>();
  for (const { patient, study } of state.scans.values()) {
    if (patient && study) studies.set(patient, (studies.get(patient) ?? new Set()).add(study));
  }
  for (const [patient, own] of studies) {
    if (own.size > MANY_STUDIES) {
      lines.push(`The patient ${patient} has ${own.size} studies; the id may stand for many patients.`);
    }
  }
  return lines;
}
