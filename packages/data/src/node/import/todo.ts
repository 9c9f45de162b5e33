/** @file What an import has to do: the planned scans held against those that the data set has. */
import { HaleError } from "@hale/core";
import { sameLabel } from "../../import/labels.ts";
import type { Row } from "../../item.ts";
import type { Plan, Unit } from "./plan.ts";
import { type ImportState, tokenOf } from "./state.ts";
import { standsAlone } from "./survey.ts";

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

/** Compares what was planned with what the data set has. Scans with two labels join `plan.conflicts`; series that have changed are left out in `state`. */
export function compare(plan: Plan, state: ImportState): Todo {
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

/** Throws DATASET_INVALID where scans are in the data set with another patient. */
export function refuseOtherPatients({ otherPatient }: Todo): void {
  if (otherPatient.length === 0) return;
  throw new HaleError(
    "DATASET_INVALID",
    `${otherPatient.length} scans have another patient than in the data set: ${shown(otherPatient)}.`,
    "Use the table of labels and the pattern of file names of the earlier import, or import into a new folder.",
    { setting: "patientPattern" },
  );
}

const shown = (tokens: readonly string[]) =>
  tokens.slice(0, 5).join(", ") + (tokens.length > 5 ? ` and ${tokens.length - 5} more` : "");

/** Throws DATASET_INVALID where scans have two labels; `table` says which files they are. */
export function refuseConflicts({ conflicts }: Plan, table: string, dryRun: boolean): void {
  if (conflicts.length === 0) return;
  throw new HaleError(
    "DATASET_INVALID",
    `${conflicts.length} scans have two labels: ${shown(conflicts)}.`,
    dryRun
      ? "Each scan, and all slices of a series, must lie in one kind of folder and have one line; an earlier import counts too."
      : `${table} says which files they are. Give each one label; where an earlier import had the wrong one, correct split.csv.`,
  );
}
