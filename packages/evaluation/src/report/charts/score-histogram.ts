/**
 * @file The scores of normal and abnormal images as two histograms, normal above the line and abnormal below it: they
 * are told apart by place, and overlap hides nothing.
 */

import { html, type Markup, significant } from "@hale/core";
import { scaleLinear } from "d3-scale";
import { frame } from "./frame.ts";

export interface ScoreHistogramOptions {
  id: string;
  /** Pixels. */
  width: number;
  normal: readonly number[];
  abnormal: readonly number[];
  threshold: number | null;
}

/** Shares of `values` by bin, 0..1. */
function shares(values: readonly number[], low: number, high: number, count: number): number[] {
  const bins = new Array<number>(count).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - low) / (high - low)) * count);
    bins[Math.min(count - 1, Math.max(0, bin))] += 1 / values.length;
  }
  return bins;
}

export function scoreHistogram(options: ScoreHistogramOptions): Markup {
  const { width } = options;
  const height = 300;
  const bars = width < 500 ? 20 : 36;
  const margin = { top: 24, right: 14, bottom: 42, left: 52 };
  const finite = (values: readonly number[]) => values.filter(Number.isFinite);
  const [normal, abnormal] = [finite(options.normal), finite(options.abnormal)];
  const { threshold } = options;
  const all = [...normal, ...abnormal, ...(threshold === null ? [] : finite([threshold]))];
  let [low, high] = all.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
  const x = scaleLinear([low, high], [margin.left, width - margin.right]);
  const [up, down] = [shares(normal, low, high, bars), shares(abnormal, low, high, bars)];
  const most = Math.max(...up, ...down, 1e-9);
  const bottom = height - margin.bottom;
  const y = scaleLinear([-most, most], [bottom, margin.top]);
  const step = (x(high) - x(low)) / bars;
  const drawn = (bins: number[], sign: 1 | -1, name: string) =>
    bins.map((share, i) => {
      if (share === 0) return null;
      const top = sign > 0 ? y(share) : y(0);
      return html`<rect class="${name}" x="${(x(low) + i * step + 0.5).toFixed(1)}" y="${top.toFixed(1)}"
width="${(step - 1).toFixed(1)}" height="${Math.abs(y(share) - y(0)).toFixed(1)}"/>`;
    });
  const ticks = y.ticks(6);
  const lineAt = threshold !== null && Number.isFinite(threshold) ? x(threshold) : null;
  const flip = lineAt !== null && lineAt > width * 0.6;
  const marks = html`<g class="grid">${ticks.map(
    (t) => html`<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(t)}" y2="${y(t)}"/>`,
  )}</g><g class="ticks">${ticks.map(
    (t) =>
      html`<text x="${margin.left - 7}" y="${y(t) + 4}" text-anchor="end">${Math.round(Math.abs(t) * 1000) / 10} %</text>`,
  )}${x
    .ticks(width < 500 ? 4 : 8)
    .map((t) => html`<text x="${x(t)}" y="${bottom + 16}" text-anchor="middle">${significant(t)}</text>`)}</g>
${drawn(up, 1, "normal")}${drawn(down, -1, "abnormal")}
<line class="base" x1="${margin.left}" x2="${width - margin.right}" y1="${y(0)}" y2="${y(0)}"/>
<text class="group" x="${width - margin.right - 4}" y="${margin.top + 14}" text-anchor="end">normal ↑ (${normal.length})</text>
<text class="group" x="${width - margin.right - 4}" y="${bottom - 8}" text-anchor="end">abnormal ↓ (${abnormal.length})</text>
${
  lineAt !== null &&
  html`<line class="threshold" x1="${lineAt}" x2="${lineAt}" y1="${margin.top - 8}" y2="${bottom}"/>
<text class="mark-name" x="${lineAt + (flip ? -6 : 6)}" y="${margin.top - 8}" text-anchor="${flip ? "end" : "start"}">threshold ${significant(threshold!)}</text>`
}
<text class="axis" x="${(margin.left + width - margin.right) / 2}" y="${height - 4}" text-anchor="middle">anomaly score</text>
<text class="axis" transform="translate(12 ${(margin.top + bottom) / 2}) rotate(-90)" text-anchor="middle">share of the group</text>`;
  const description = `Histogram of ${normal.length} normal scores above the line and ${abnormal.length} abnormal scores below it, from ${significant(low)} to ${significant(high)}.`;
  return frame({ id: options.id, title: "Anomaly scores by label", description, width, height, margin, marks });
}
