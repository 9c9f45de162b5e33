/**
 * @file Imports collections of clinical images as a pseudonymous data set: look, plan, write. Sources are only read.
 * Images are written one by one under temporary names and renamed; tables follow at the end, now and then in between, and
 * when it is stopped, so that the next import goes on.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HaleError, VERSION } from "@hale/core";
import { lockRun, writeAtomic } from "@hale/core/node";
import { type LabelTable, parseLabels, sameLabel } from "../../import/labels.ts";
import type { Reason, SourceRecord } from "../../import/records.ts";
import type { Row } from "../../item.ts";
import { openPseudonyms, type Pseudonyms } from "../../pseudonym.ts";
import { type Converted, convertUnit } from "./convert.ts";
import { defaultKeyFile, readKey, sourcesFileOf } from "./key.ts";
import { type Plan, planImport, sourceToken, type Unit } from "./plan.ts";
import { type ImportReport, reportOf, summaryOf } from "./report.ts";
import { forgetZip, listSources } from "./sources.ts";
import {
  addSources,
  type ImportMark,
  type ImportState,
  markState,
  readState,
  removeLeftovers,
  tokenOf,
  writeState,
} from "./state.ts";
import { type Surveyed, standsAlone, surveyFile } from "./survey.ts";

export interface ImportOptions {
  /** The data set's folder: new, empty, or that of an earlier import with the same key. */
  out: string;
  /** The key's file; `defaultKeyFile()` unless given. Made where it is missing. */
  key?: string;
  /** A table of labels (CSV). */
  labels?: string;
  /** Names of folders below `abnormal/` that are classes. None unless given. */
  classes?: readonly string[];
  /** Its first group, on a file's path, is the patient's id where the file has none. */
  patientPattern?: RegExp;
  allowBurnedIn?: boolean;
  /** Stacks and volumes with fewer slices are left out. 1 unless given. */
  minSlices?: number;
  /** Look and plan, and write nothing. */
  dryRun?: boolean;
  /** Ends the import after the present scan, with all tables written. */
  signal?: AbortSignal;
  onProgress?: (stage: "looking" | "writing", done: number, total: number) => void;
}

/** Scans between two writings of the tables. */
const SAVE_EVERY = 200;

/**
 * Imports `sources` (files, folders, zips, DICOMDIRs) into `options.out`. Neither what it returns nor what it throws holds
 * anything of a patient, a path of a source, or text of a header. Throws FILE_NOT_FOUND, FILE_UNREADABLE,
 * FILE_UNWRITABLE, DISK_FULL, OPTION_INVALID, RUN_BUSY, and DATASET_INVALID for labels or patients that contradict each other, a
 * folder that is no import, or another key.
 */
export async function importDataset(sources: readonly string[], options: ImportOptions): Promise<ImportReport> {
  const { out, dryRun = false } = options;
  const keyFile = options.key ?? defaultKeyFile();
  const labels = options.labels === undefined ? null : await readLabels(options.labels);
  const key = await readKey(keyFile, [out], !dryRun);
  const pseudonyms = await openPseudonyms(key.bytes);
  const mark: ImportMark = { format: "hale-import", version: 1, hale: VERSION, key: await pseudonyms.of("key") };
  const unlock = dryRun ? async () => {} : await lockRun(out, "importing");
  try {
    const state = await readState(out, mark.key);
    if (!dryRun) await removeLeftovers(out);
    const context = { sources, options, labels, keyFile, key, pseudonyms, mark, state };
    return await lookAndWrite(context);
  } catch (error) {
    throw error instanceof HaleError ? error : withoutWords(error);
  } finally {
    forgetZip();
    await unlock();
  }
}

/** A defect of ours without its sentence, which may quote a path: kind, code, and where in our code it was. */
export function withoutWords(error: unknown): Error {
  const { name = "Error", code = "", stack = "" } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const clean = new Error(
    `The import failed unexpectedly (${name} ${code}). What it said is withheld: it may name a file.`,
  );
  clean.stack = [clean.message, ...stack.split("\n").filter((line) => /^\s+at .*\.[jt]s:\d/.test(line))].join("\n");
  return clean;
}

interface Context {
  sources: readonly string[];
  options: ImportOptions;
  labels: LabelTable | null;
  keyFile: string;
  key: Awaited<ReturnType<typeof readKey>>;
  pseudonyms: Pseudonyms;
  mark: ImportMark;
  state: ImportState;
}

async function readLabels(file: string): Promise<LabelTable> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new HaleError("FILE_UNREADABLE", "The table of labels cannot be read.", "Check --labels.");
  });
  return parseLabels(text);
}

async function lookAndWrite(context: Context): Promise<ImportReport> {
  const { options, labels, keyFile, key, pseudonyms, mark, state } = context;
  const { out, dryRun = false, signal } = options;
  const table: SourceRecord[] = [];
  const leave = async (place: string, reason: Reason) => {
    const token = await sourceToken(pseudonyms, place);
    table.push({ token, patient: "", source: place });
    state.leftOut.set(token, { token, reason });
  };
  const surveyed = await look(context, leave);
  const plan = await planImport(surveyed, pseudonyms, { labels, patientPattern: options.patientPattern ?? null });
  for (const { file } of state.leftOut.size > 0 ? surveyed : []) {
    // It was left out before, by other options; should it be again, its line comes back.
    state.leftOut.delete(await sourceToken(pseudonyms, file.place));
  }
  for (const { found, reason } of plan.leftOut) await leave(found.file.place, reason);
  for (const { token, patient, files, mask } of plan.units) {
    const known = { patient: patient ?? "" };
    for (const { file } of mask ? [...files, mask] : files) table.push({ token, ...known, source: file.place });
    // Should it not fit its scan, it is left out under a token of its own.
    if (mask) table.push({ token: await sourceToken(pseudonyms, mask.file.place), ...known, source: mask.file.place });
  }
  const sourcesFile = sourcesFileOf(keyFile);
  const todo = compare(plan, state);
  const report = () =>
    reportOf({ plan, state, todo, labels, dryRun, keyFile, keyMade: key.made, sourcesFile, warnings: key.warnings });
  if (!dryRun) {
    await addSources(sourcesFile, table);
    if (plan.conflicts.length + todo.otherPatient.length === 0) await markState(out, mark);
  }
  refuseConflicts(plan, sourcesFile, dryRun);
  refuseOtherPatients(todo);
  if (dryRun || signal?.aborted) return { ...report(), stopped: signal?.aborted ?? false };
  await write(context, todo);
  return { ...report(), stopped: signal?.aborted ?? false };
}

/** Looks at every file; a signal ends it early, with nothing planned of what was not seen. */
async function look(
  { sources, options }: Context,
  leave: (place: string, reason: Reason) => Promise<void>,
): Promise<Surveyed[]> {
  const { classes = [], allowBurnedIn = false, onProgress, signal } = options;
  const { files, leftOut } = await listSources(sources, options.out);
  for (const { place, reason } of leftOut) await leave(place, reason);
  const surveyed: Surveyed[] = [];
  const unknown = new Set<string>();
  for (const [i, file] of files.entries()) {
    if (signal?.aborted) return [];
    for await (const one of surveyFile(file, { classes, allowBurnedIn })) {
      if ("found" in one) surveyed.push(one.found);
      else if ("leftOut" in one && one.leftOut === "not-an-image") unknown.add(one.place);
      else if ("leftOut" in one) await leave(one.place, one.leftOut);
    }
    onProgress?.("looking", i + 1, files.length);
  }
  // Samples that a header keeps in a file of their own are no file apart.
  const samples = new Set<string>();
  for (const { file, parts } of surveyed) {
    const folder = file.place.slice(0, Math.max(file.place.lastIndexOf("/"), file.place.lastIndexOf("\\")) + 1);
    for (const part of parts) samples.add(folder + part);
  }
  for (const place of unknown) if (!samples.has(place)) await leave(place, "not-an-image");
  return surveyed.filter(({ file }) => !samples.has(file.place));
}

/** What an import has to do for each planned scan. */
export interface Todo {
  /** Not in the data set yet. */
  fresh: Unit[];
  /** In it, and unlabelled until now. */
  labelled: Unit[];
  /** In it, and of no known patient until now. */
  identified: Unit[];
  /** In it, and without a mask until now; whether the mask lies on its scan is seen when it is written. */
  masked: Unit[];
  /** Tokens of scans that are in it with another patient. */
  otherPatient: string[];
  /** In it with nothing to change. */
  known: number;
}

function compare(plan: Plan, state: ImportState): Todo {
  const rowsOf = new Map<string, Row[]>();
  for (const row of state.rows.values()) {
    const token = tokenOf(row.path);
    rowsOf.set(token, [...(rowsOf.get(token) ?? []), row]);
  }
  const stacks = new Map<string, string>();
  for (const { path, series } of state.scans.values()) if (series) stacks.set(series, tokenOf(path));
  const todo: Todo = { fresh: [], labelled: [], identified: [], masked: [], otherPatient: [], known: 0 };
  for (const unit of plan.units) {
    const rows = rowsOf.get(unit.token);
    if (!rows) {
      const other = unit.series && !standsAlone(unit.files[0]) ? stacks.get(unit.series) : undefined;
      if (other) state.leftOut.set(unit.token, { token: unit.token, reason: "series-changed" });
      else todo.fresh.push(unit);
      continue;
    }
    const [row] = rows;
    const said = unit.label !== null && unit.label.label !== null ? unit.label : null;
    if (said && row.label !== null && !sameLabel({ ...said, split: null }, { ...row, split: null })) {
      plan.conflicts.push(unit.token);
      continue;
    }
    const { patient, mask } = unit;
    if (patient !== null && rows.some((one) => one.patient !== null && one.patient !== patient)) {
      todo.otherPatient.push(unit.token);
      continue;
    }
    const news = {
      labelled: said !== null && row.label === null,
      identified: patient !== null && rows.some((one) => one.patient === null),
      masked: mask !== null && rows.every((one) => one.mask === null),
    };
    for (const kind of ["labelled", "identified", "masked"] as const) if (news[kind]) todo[kind].push(unit);
    if (!news.labelled && !news.identified && !news.masked) todo.known++;
  }
  return todo;
}

function refuseOtherPatients({ otherPatient }: Todo): void {
  if (otherPatient.length === 0) return;
  throw new HaleError(
    "DATASET_INVALID",
    `${otherPatient.length} scans have another patient than in the data set: ${shown(otherPatient)}.`,
    "Use the table of labels and --patient-pattern of the earlier import, or import into a new folder.",
  );
}

const shown = (tokens: readonly string[]) =>
  tokens.slice(0, 5).join(", ") + (tokens.length > 5 ? ` and ${tokens.length - 5} more` : "");

function refuseConflicts({ conflicts }: Plan, table: string, dryRun: boolean): void {
  if (conflicts.length === 0) return;
  throw new HaleError(
    "DATASET_INVALID",
    `${conflicts.length} scans have two labels: ${shown(conflicts)}.`,
    dryRun
      ? "Each scan, and all slices of a series, must lie in one kind of folder and have one line; an earlier import counts too."
      : `${table} says which files they are. Give each one label; where an earlier import had the wrong one, correct split.csv.`,
  );
}

async function write({ options, pseudonyms, mark, state }: Context, todo: Todo): Promise<void> {
  const { out, signal, minSlices = 1, onProgress } = options;
  const { fresh } = todo;
  for (const unit of todo.labelled) change(state, unit, () => ({ ...unit.label! }));
  for (const unit of todo.identified) {
    // The patient keeps its scans together from now on, as with a scan that is new.
    for (const row of change(state, unit, () => ({ patient: unit.patient, group: null }))) {
      const record = state.scans.get(row.path);
      if (record) state.scans.set(row.path, { ...record, patient: unit.patient! });
    }
  }
  const save = () => writeState(out, state, mark, summaryOf(state, options));
  let done = 0;
  // While one scan is packed and written, in threads of Node's own, the next one is decoded.
  let writing: Promise<void> = Promise.resolve();
  const written = async () => {
    await writing;
    if (done > 0 && done % SAVE_EVERY === 0) await save();
    if (done > 0) onProgress?.("writing", done, fresh.length);
  };
  try {
    for (const unit of todo.masked) {
      if (signal?.aborted) break;
      await writeMask(out, unit, state, pseudonyms);
    }
    for (const unit of fresh) {
      if (signal?.aborted) break;
      const converted = await convertUnit(unit, minSlices);
      await written();
      if (signal?.aborted) break;
      writing = writeUnit(out, unit, converted, state, pseudonyms);
      // Whoever waits for it hears of its failure; until then it must not count as unheard.
      writing.catch(() => {});
      done++;
    }
    await written();
  } finally {
    await save();
  }
}

/** Changes all rows of a scan; returns them. */
function change(state: ImportState, { token }: Unit, news: () => Partial<Row>): Row[] {
  const rows = [...state.rows.values()].filter((row) => tokenOf(row.path) === token);
  for (const row of rows) state.rows.set(row.path, { ...row, ...news() });
  return rows;
}

/** Gives a scan that is in the data set its mask, or leaves the mask out. */
async function writeMask(out: string, unit: Unit, state: ImportState, pseudonyms: Pseudonyms): Promise<void> {
  // The scan was written already, so that it has enough slices, whatever is asked for now.
  const [output, ...others] = (await convertUnit(unit, 1)).outputs;
  if (output?.mask && others.length === 0 && state.rows.has(output.path)) {
    const { mask } = output;
    await writeAtomic(join(out, mask.path), await mask.bytes());
    change(state, unit, () => ({ mask: mask.path }));
    return;
  }
  const token = await sourceToken(pseudonyms, unit.mask!.file.place);
  state.leftOut.set(token, { token, reason: "mask-of-another-shape" });
}

async function writeUnit(
  out: string,
  unit: Unit,
  { outputs, leftOut }: Converted,
  state: ImportState,
  pseudonyms: Pseudonyms,
): Promise<void> {
  const { token, label, patient, study } = unit;
  for (const { path, bytes, mask } of outputs) {
    await writeAtomic(join(out, path), await bytes());
    if (mask) await writeAtomic(join(out, mask.path), await mask.bytes());
  }
  state.leftOut.delete(token);
  for (const { path, record, mask } of outputs) {
    state.scans.set(path, record);
    state.rows.set(path, {
      path,
      label: label?.label ?? null,
      class: label?.class ?? "",
      split: label?.split ?? null,
      patient,
      // A patient already keeps scans together; a group would only make smaller clusters of one patient.
      group: patient === null ? study || (outputs.length > 1 ? token : null) : null,
      mask: mask?.path ?? null,
    });
  }
  for (const { what, reason } of leftOut) {
    const of = what === "mask" && unit.mask ? await sourceToken(pseudonyms, unit.mask.file.place) : token;
    state.leftOut.set(of, { token: of, reason });
  }
}
