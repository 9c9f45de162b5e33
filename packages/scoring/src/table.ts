/** @file Rows as a table for people and spreadsheets. What has no column, such as the slices of a volume, is left out. */
import { printable } from "@hale/core";
import { type Cell, csvLines } from "@hale/data/csv";
import type { Card } from "@hale/detector";
import { type Row, rowColumns, rowRecord, type Sentences } from "./row.ts";

/** The line of the column names. */
export const csvHead = (card: Card): string => csvLines([rowColumns(card)]);

/** One line; what a stranger's name could do to a terminal is shown as its number. */
export function csvRow(card: Card, row: Row, sentences?: Sentences): string {
  const record: Record<string, unknown> = { ...rowRecord(row, sentences) };
  return csvLines([rowColumns(card).map((column) => shown(record[column] as Cell))]);
}

const shown = (cell: Cell): Cell => (typeof cell === "string" ? printable(cell) : cell);
