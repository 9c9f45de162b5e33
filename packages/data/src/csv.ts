/**
 * @file Tables out as CSV, by csv-stringify: one form for results, manifests and records of imports. A cell that a
 * spreadsheet would run as a formula gets an apostrophe in front (names of files and classes are anyone's); what we read
 * back ourselves takes it off again with `plainCell`.
 */
import { stringify } from "csv-stringify/browser/esm/sync";

export type Cell = string | number | boolean | null | undefined;

/** What csv-stringify escapes, and what could be taken for that. */
const ESCAPED = /^'+[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

/** Lines of CSV, each with its line break. Null and undefined are empty cells; numbers are written as JavaScript does. */
export function csvLines(records: readonly (readonly Cell[])[]): string {
  return stringify(
    records.map((cells) => cells.map(typed)),
    {
      record_delimiter: "\n",
      quoted_match: /[\r\n]|^\s|\s$/,
      escape_formulas: true,
      cast: {
        boolean: String,
        // A dash alone is no formula, and the name of standard input.
        string: (text) => (text === "-" ? { value: text, escape_formulas: false } : text),
      },
    },
  );
}

/** Numbers that came as text are no formulas, whatever they begin with. */
function typed(cell: Cell): Cell {
  if (typeof cell !== "string") return cell;
  if (cell !== "" && String(Number(cell)) === cell) return Number(cell);
  return ESCAPED.test(cell) ? `'${cell}` : cell;
}

/** A cell of `csvLines` as it was given, after a CSV parser has read it. */
export function plainCell(cell: string): string {
  return ESCAPED.test(cell) ? cell.slice(1) : cell;
}
