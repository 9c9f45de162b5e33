/** @file Rows as a table for people and spreadsheets. What has no column, such as the slices of a volume, is left out. */
import { type Cell, csvLines } from "@hale/data/csv";
import type { Card } from "@hale/detector";
import { type Row, rowColumns, rowRecord, type Sentences } from "./row.ts";

/** The line of the column names. */
export const csvHead = (card: Card): string => csvLines([rowColumns(card)]);

/** One line. */
export function csvRow(card: Card, row: Row, sentences?: Sentences): string {
  const record = rowRecord(row, sentences);
  return csvLines([rowColumns(card).map((column) => record[column] as Cell)]);
}
