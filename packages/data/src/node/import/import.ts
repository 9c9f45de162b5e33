/**
 * @file Imports collections of clinical images as a pseudonymous data set: look, plan, write. Sources are only read.
 * Images are written one by one under temporary names and renamed; tables follow at the end, now and then in between, and
 * when it is stopped, so that the next import goes on.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HaleError, VERSION } from "@hale/core";
import { lockRun, writeAtomic } from "@hale/core/node";
import { type LabelTable, parseLabels } from "../../import/labels.ts";
import type { Reason, SourceRecord } from "../../import/records.ts";
import type { Row } from "../../item.ts";
import { openPseudonyms, type Pseudonyms } from "../../pseudonym.ts";
import { type Converted, convertUnit } from "./convert.ts";
import { defaultKeyFile, readKey, sourcesFileOf } from "./key.ts";
import type { ImportOptions } from "./options.ts";
import { planImport, sourceToken, type Unit } from "./plan.ts";
import { type ImportReport, noteLines, reportOf, summaryOf } from "./report.ts";
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
import { type Surveyed, surveyFile } from "./survey.ts";
import { compare, refuseConflicts, refuseOtherPatients, type Todo } from "./todo.ts";

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
    throw new HaleError("FILE_UNREADABLE", "The table of labels cannot be read.", "Check its path.", {
      setting: "labels",
    });
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
  const notes = new Map<string, string[]>();
  const report = () => {
    const warnings = [...key.warnings, ...noteLines(notes)];
    return reportOf({ plan, state, todo, labels, dryRun, keyFile, keyMade: key.made, sourcesFile, warnings });
  };
  if (!dryRun) {
    await addSources(sourcesFile, table);
    if (plan.conflicts.length + todo.otherPatient.length === 0) await markState(out, mark);
  }
  refuseConflicts(plan, sourcesFile, dryRun);
  refuseOtherPatients(todo);
  if (dryRun || signal?.aborted) return { ...report(), stopped: signal?.aborted ?? false };
  await write(context, todo, notes);
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

/** `notes` is given what is to be said of each scan, by its token. */
async function write(
  { options, pseudonyms, mark, state }: Context,
  todo: Todo,
  notes: Map<string, string[]>,
): Promise<void> {
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
      if (converted.notes.length > 0) notes.set(unit.token, converted.notes);
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
