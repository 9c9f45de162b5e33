import { parse } from "csv-parse/browser/esm/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvLines, plainCell } from "./csv.ts";

const read = (text: string) => parse(text, { relax_column_count: true, skip_empty_lines: false }) as string[][];

test("a cell that a spreadsheet would run is text there, and numbers stay numbers", () => {
  expect(csvLines([["=1+1", "@SUM(A1)", "-x.png", "+1", -0.5, "-1024", null, true]])).toBe(
    "'=1+1,'@SUM(A1),'-x.png,'+1,-0.5,-1024,,true\n",
  );
});

test("a dash alone, as standard input is called, is no formula", () => {
  expect(csvLines([["-", "--", "'-"]])).toBe("-,'--,''-\n");
});

test("quotes, commas and breaks survive", () => {
  const cells = ['a"b', "a,b", "a\nb", "a\rb", " a", "a ", ""];
  expect(read(csvLines([cells, cells]))).toEqual([cells, cells]);
});

test("whatever text is written, a parser and plainCell give it back", () => {
  const cell = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("'=a", "''-b", "'", "＝c", "\tx", "\r", "-1", "-", "'-", "007"),
  );
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 3 }), (rows) => {
      expect(read(csvLines(rows)).map((row) => row.map(plainCell))).toEqual(rows);
    }),
  );
});
