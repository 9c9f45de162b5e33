/** @file The table of results: sorted and filtered, and of ten thousand rows only those in sight are in the page. */
import { significant } from "@hale/core";
import type { Card } from "@hale/detector";
import type { Row } from "@hale/scoring";
import {
  createColumnHelper,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { Input, Label, SearchField } from "react-aria-components";
import type { TableRow } from "../session.ts";
import { DecisionMark } from "./decision-mark.tsx";
import { judgedRow } from "./judge.ts";

/** Pixels. */
const ROW_HEIGHT = 44;

interface Line extends TableRow {
  /** The row at the chosen threshold. */
  judged: Row | null;
}

const ORDER = { "needs review": 3, above: 2, "not above": 1 } as const;
const column = createColumnHelper<Line>();
const COLUMNS = [
  column.accessor("file", { header: "File", sortingFn: "alphanumeric" }),
  column.accessor(({ judged }) => judged?.score ?? undefined, { id: "score", header: "Score", sortUndefined: "last" }),
  column.accessor(({ judged }) => judged?.pValue ?? undefined, { id: "p", header: "p", sortUndefined: "last" }),
  column.accessor(({ judged }) => (judged?.decision ? ORDER[judged.decision] : judged?.error ? 0 : undefined), {
    id: "decision",
    header: "Decision",
    sortUndefined: "last",
    sortDescFirst: true,
  }),
];

interface Props {
  rows: readonly TableRow[];
  card: Card | null;
  selected: string | null;
  onSelect: (key: string) => void;
}

export function ResultTable({ rows, card, selected, onSelect }: Props) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const [filter, setFilter] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(
    () => rows.map((row): Line => ({ ...row, judged: row.row && card ? judgedRow(row.row, card) : row.row })),
    [rows, card],
  );
  const table = useReactTable({
    data: lines,
    columns: COLUMNS,
    state: { sorting, globalFilter: filter },
    onSortingChange: setSorting,
    getRowId: ({ key }) => key,
    globalFilterFn: ({ original }, _, wanted: string) => matches(original, wanted),
    getCoreRowModel: getCoreRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const shown = table.getRowModel().rows;
  const at = shown.findIndex(({ id }) => id === selected);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    // The head lies over the first of them.
    scrollMargin: 0,
    scrollPaddingStart: ROW_HEIGHT,
  });
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);

  const move = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const goals: Record<string, number> = { Home: 0, End: shown.length - 1 };
    if (event.target !== event.currentTarget) return;
    const to = event.key in steps ? (at < 0 ? 0 : at + steps[event.key]) : goals[event.key];
    if (to === undefined || shown.length === 0) return;
    event.preventDefault();
    onSelect(shown[Math.min(shown.length - 1, Math.max(0, to))].id);
  };

  return (
    <>
      <SearchField className="filter" value={filter} onChange={setFilter}>
        <Label className="hidden">Filter by file or decision</Label>
        <Input placeholder="Filter: a name, above, review, not scored" />
      </SearchField>
      <div
        className="table"
        ref={scroller}
        role="grid"
        tabIndex={0}
        aria-label="Results; arrow keys choose a row"
        aria-rowcount={shown.length + 1}
        aria-colcount={4}
        aria-activedescendant={at >= 0 ? `row-${shown[at].id}` : undefined}
        onKeyDown={move}
      >
        <div className="line head" role="row" aria-rowindex={1}>
          {table.getFlatHeaders().map((header) => {
            const sorted = header.column.getIsSorted();
            return (
              <div
                key={header.id}
                className={`cell ${header.id}`}
                role="columnheader"
                aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : "none"}
              >
                <button type="button" onClick={header.column.getToggleSortingHandler()}>
                  {String(header.column.columnDef.header)}
                  <span aria-hidden="true">{sorted === "asc" ? " ↑" : sorted === "desc" ? " ↓" : ""}</span>
                </button>
              </div>
            );
          })}
        </div>
        <div className="body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const { original, id } = shown[item.index];
            return (
              <div
                key={id}
                id={`row-${id}`}
                className={id === selected ? "line chosen" : "line"}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={id === selected}
                style={{ transform: `translateY(${item.start}px)`, height: item.size }}
                onClick={() => onSelect(id)}
              >
                <Cells line={original} />
              </div>
            );
          })}
        </div>
      </div>
      <p className="soft count" role="status">
        {shown.length === rows.length ? `${rows.length} images` : `${shown.length} of ${rows.length} images`}
      </p>
    </>
  );
}

function Cells({ line: { file, judged } }: { line: Line }) {
  const cut = file.lastIndexOf("/") + 1;
  return (
    <>
      <div className="cell file" role="gridcell" title={file}>
        <span className="folder">{file.slice(0, cut)}</span>
        {file.slice(cut)}
      </div>
      <div className="cell score" role="gridcell">
        {judged?.score == null ? "" : significant(judged.score)}
      </div>
      <div className="cell p" role="gridcell">
        {judged?.pValue == null ? "" : significant(judged.pValue)}
      </div>
      <div className="cell decision-cell" role="gridcell">
        {judged ? <DecisionMark row={judged} short /> : <span className="soft">waits</span>}
      </div>
    </>
  );
}

function matches({ file, judged }: Line, wanted: string): boolean {
  const words = judged?.error
    ? `not scored ${judged.error.fault}`
    : `${judged?.decision ?? ""} ${judged?.meaning ?? ""}`;
  const text = wanted.trim().toLowerCase();
  if (text === "above") return judged?.decision === "above";
  return `${file} ${words}`.toLowerCase().includes(text);
}
