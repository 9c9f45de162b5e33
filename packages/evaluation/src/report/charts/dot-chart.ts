/** @file Areas under the ROC curve in rows, a dot with its interval each: the method beside scores that know nothing. */

import { fixed, html, type Markup } from "@hale/core";
import { scaleLinear } from "d3-scale";
import { interval } from "../format.ts";
import type { IntervalData } from "../report-data.ts";
import { frame } from "./frame.ts";

export interface DotRow {
  name: string;
  value: IntervalData;
  /** Draws the row as the one that the others are compared with. */
  strong: boolean;
}

export interface DotChartOptions {
  id: string;
  title: string;
  /** Pixels; below 500 names stand above their rows. */
  width: number;
  rows: readonly DotRow[];
  /** Values from here to 1 are shaded for the rows that are not strong. */
  suspicious: number;
}

const ROW = 30;
/** Letters of a name that find room; the rest is cut, the table below has it whole. */
const LETTERS = 26;

const short = (name: string): string => (name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name);

/** A chart over 0.4..1, wider where a value asks for it. */
export function dotChart({ id, title, width, rows, suspicious }: DotChartOptions): Markup {
  const narrow = width < 500;
  const margin = narrow ? { top: 22, right: 8, bottom: 42, left: 8 } : { top: 22, right: 130, bottom: 42, left: 180 };
  const tall = narrow ? 44 : ROW;
  const height = margin.top + margin.bottom + tall * rows.length;
  const least = rows.reduce(
    (low, { value }) => Math.min(low, value.low ?? (Number.isFinite(value.estimate) ? value.estimate : 1)),
    0.45,
  );
  const x = scaleLinear([Math.max(0, Math.floor(least * 20) / 20), 1], [margin.left, width - margin.right]);
  const bottom = height - margin.bottom;
  const lines = rows.map((row, i) => {
    const y = margin.top + (i + (narrow ? 0.72 : 0.5)) * tall;
    const nameAt = narrow ? y - 15 : y + 4;
    const { estimate, low, high } = row.value;
    if (!Number.isFinite(estimate)) return null;
    return html`<g class="${row.strong ? "method" : "control"}"><title>${row.name}: ${fixed(estimate)} (${interval(row.value)})</title>
<text class="row" x="0" y="${nameAt}">${short(row.name)}</text>
${low !== null && high !== null && html`<line class="whisker" x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}"/>`}
${
  row.strong
    ? html`<rect class="dot" x="${x(estimate) - 6}" y="${y - 6}" width="12" height="12" transform="rotate(45 ${x(estimate)} ${y})"/>`
    : html`<circle class="dot" cx="${x(estimate)}" cy="${y}" r="5"/>`
}
<text class="row" x="${narrow ? width : width - margin.right + 12}" y="${nameAt}"${narrow && html` text-anchor="end"`}>${fixed(estimate)}</text></g>`;
  });
  const marks = html`<rect class="suspicious" x="${x(suspicious)}" y="${margin.top}" width="${x(1) - x(suspicious)}" height="${bottom - margin.top}"/>
<g class="grid">${x.ticks(narrow ? 4 : 6).map((t) => html`<line x1="${x(t)}" x2="${x(t)}" y1="${margin.top}" y2="${bottom}"/>`)}</g>
<g class="ticks">${x.ticks(narrow ? 4 : 6).map((t) => html`<text x="${x(t)}" y="${bottom + 16}" text-anchor="middle">${t}</text>`)}</g>
<line class="reference" x1="${x(0.5)}" x2="${x(0.5)}" y1="${margin.top}" y2="${bottom}"/>
<text class="note" x="${x(0.5)}" y="${margin.top - 7}" text-anchor="middle">guessing</text>
<text class="note" x="${narrow ? width : x(suspicious)}" y="${margin.top - 7}"${narrow && html` text-anchor="end"`}>suspicious for a control ▸</text>
${lines}
<text class="axis" x="${(margin.left + width - margin.right) / 2}" y="${height - 4}" text-anchor="middle">AUROC</text>`;
  const description = rows.map((row) => `${row.name}: ${fixed(row.value.estimate)}`).join("; ");
  return frame({ id, title, description, width, height, margin, marks });
}
