/** @file Curves: ROC, precision against recall, losses, and the value that picked the checkpoint. */

import { html, type Markup } from "@hale/core";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { CurvePoint } from "../report-data.ts";
import { axes, frame } from "./frame.ts";
import { meansOfStretches, withinUnit } from "./thin.ts";

export interface LineChartOptions {
  id: string;
  title: string;
  description: string;
  points: readonly CurvePoint[];
  xLabel: string;
  yLabel: string;
  /** Fixed ranges; taken from the points where not given. */
  xRange?: readonly [number, number];
  yRange?: readonly [number, number];
  /** A dashed line to compare with, for example chance. */
  reference?: { points: readonly CurvePoint[]; name: string };
  /** One point to mark, with a name that is drawn beside it. */
  mark?: { point: CurvePoint; name: string } | null;
  /** A curve in the unit square, whose corners and ends matter; other long curves are averaged. */
  unit?: boolean;
  size?: { width: number; height: number };
  xTicks?: number;
  yTicks?: number;
  formatX?: (value: number) => string;
}

/** Smallest and largest value, widened where they are equal. */
function extent(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

export function lineChart(options: LineChartOptions): Markup {
  const { width, height } = options.size ?? { width: 380, height: 320 };
  const margin = { top: 10, right: 14, bottom: 42, left: 52 };
  const points = options.unit ? withinUnit(options.points) : meansOfStretches(options.points);
  const x = scaleLinear(options.xRange ?? extent(points.map((p) => p.x)), [margin.left, width - margin.right]);
  const y = scaleLinear(options.yRange ?? extent(points.map((p) => p.y)), [height - margin.bottom, margin.top]);
  if (!options.yRange) y.nice(options.yTicks ?? 5);
  const path = line<CurvePoint>(
    (p) => Math.round(x(p.x) * 10) / 10,
    (p) => Math.round(y(p.y) * 10) / 10,
  );
  const { reference } = options;
  const mark = options.mark && Number.isFinite(options.mark.point.x + options.mark.point.y) ? options.mark : null;
  const markLeft = mark && x(mark.point.x) > width / 2;
  const marks = html`${axes({ ...options, x, y, width, height, margin })}
${reference && html`<path class="reference" d="${path(reference.points)}"><title>${reference.name}</title></path>`}
<path class="curve" d="${path(points)}"/>
${
  mark &&
  html`<circle class="mark" cx="${x(mark.point.x)}" cy="${y(mark.point.y)}" r="5"/>
<text class="mark-name" x="${x(mark.point.x) + (markLeft ? -10 : 10)}" y="${Math.min(y(mark.point.y) + 18, height - margin.bottom - 6)}"
text-anchor="${markLeft ? "end" : "start"}">${mark.name}</text>`
}`;
  return frame({ ...options, width, height, margin, marks });
}
