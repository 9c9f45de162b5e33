/**
 * @file What every chart of the report has: a title and a description for screen readers, axes with labels, grid lines
 * and room for marks. Charts are inline SVG; colours are classes of the style sheet, so that they follow light and
 * dark. Groups are told apart by place, dash or shape as well as by colour.
 */

import { html, type Markup } from "@hale/core";
import type { ScaleLinear } from "d3-scale";

export interface Margin {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface FrameOptions {
  /** Unique within the report. */
  id: string;
  title: string;
  /** One or two sentences that say what the chart shows to someone who cannot see it. */
  description: string;
  /** Pixels of the drawing; the page scales it. */
  width: number;
  height: number;
  margin: Margin;
  marks: Markup;
}

/** An SVG element with its names for screen readers. */
export function frame({ id, title, description, width, height, marks }: FrameOptions): Markup {
  return html`<svg class="chart" role="img" aria-labelledby="${id}-title ${id}-text" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><title id="${id}-title">${title}</title><desc id="${id}-text">${description}</desc>
${marks}</svg>`;
}

/** The widths that a chart is drawn for: on a phone a wide one would shrink until its words cannot be read. */
const WIDTHS = { wide: 760, narrow: 350 } as const;

/** A chart for wide and one for narrow windows; the style sheet shows one, and hides the other from everybody. */
export function bothWidths(id: string, draw: (of: { id: string; width: number }) => Markup): Markup {
  return html`<div class="for-wide">${draw({ id, width: WIDTHS.wide })}</div>
<div class="for-narrow">${draw({ id: `${id}-narrow`, width: WIDTHS.narrow })}</div>`;
}

export interface AxesOptions {
  x: ScaleLinear<number, number>;
  y: ScaleLinear<number, number>;
  xLabel: string;
  yLabel: string;
  width: number;
  height: number;
  margin: Margin;
  xTicks?: number;
  yTicks?: number;
  formatX?: (value: number) => string;
  formatY?: (value: number) => string;
}

const plain = (value: number): string => String(Number(value.toPrecision(6)));

/** Grid, ticks and axis labels. */
export function axes(options: AxesOptions): Markup {
  const { x, y, width, height, margin, xLabel, yLabel, xTicks = 5, yTicks = 5 } = options;
  const { formatX = plain, formatY = plain } = options;
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const middle = (margin.top + bottom) / 2;
  return html`<g class="grid">
${x.ticks(xTicks).map((t) => html`<line x1="${x(t)}" x2="${x(t)}" y1="${margin.top}" y2="${bottom}"/>`)}
${y.ticks(yTicks).map((t) => html`<line x1="${margin.left}" x2="${right}" y1="${y(t)}" y2="${y(t)}"/>`)}
</g><g class="ticks">
${x.ticks(xTicks).map((t) => html`<text x="${x(t)}" y="${bottom + 16}" text-anchor="middle">${formatX(t)}</text>`)}
${y.ticks(yTicks).map((t) => html`<text x="${margin.left - 7}" y="${y(t) + 4}" text-anchor="end">${formatY(t)}</text>`)}
</g>
<text class="axis" x="${(margin.left + right) / 2}" y="${height - 4}" text-anchor="middle">${xLabel}</text>
<text class="axis" transform="translate(12 ${middle}) rotate(-90)" text-anchor="middle">${yLabel}</text>`;
}
