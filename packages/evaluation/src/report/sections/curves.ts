/** @file The result at every threshold: ROC, precision against recall, and the scores themselves. */

import { fixed, html, type Markup } from "@hale/core";
import { bothWidths } from "../charts/frame.ts";
import { lineChart } from "../charts/line-chart.ts";
import { scoreHistogram } from "../charts/score-histogram.ts";
import type { ReportData } from "../report-data.ts";

const UNIT = [0, 1] as const;

export function curvesSection(data: ReportData): Markup | null {
  const { curves, operatingPoint, headline, scores } = data;
  if (!curves && scores.normal.length + scores.abnormal.length === 0) return null;
  const counts = operatingPoint?.counts;
  const found = operatingPoint?.sensitivity?.value;
  const kept = operatingPoint?.specificity?.value;
  const above = counts ? counts.truePositive + counts.falsePositive : 0;
  const prevalence = headline.abnormal / Math.max(1, headline.abnormal + headline.normal);
  const name = "at the threshold";
  return html`<section id="curves"><h2>At every threshold</h2>
${
  curves &&
  html`<div class="charts"><figure>${lineChart({
    id: "roc",
    title: "ROC curve",
    description: `Share of abnormal images found against share of normal images alarmed.${headline.auroc ? ` Area ${fixed(headline.auroc.estimate)}.` : ""}`,
    points: curves.roc,
    unit: true,
    xLabel: "false-alarm rate (1 − specificity)",
    yLabel: "sensitivity",
    xRange: UNIT,
    yRange: UNIT,
    reference: {
      points: [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
      name: "guessing",
    },
    mark: found !== undefined && kept !== undefined ? { point: { x: 1 - kept, y: found }, name } : null,
    size: { width: 380, height: 360 },
  })}<figcaption><b>ROC curve.</b> The further it bends to the upper left, the better. Dashed: guessing.</figcaption></figure>
<figure>${lineChart({
    id: "pr",
    title: "Precision against recall",
    description: "Share of abnormal images among those above the threshold, against share of abnormal images found.",
    points: curves.pr,
    unit: true,
    xLabel: "recall (sensitivity)",
    yLabel: "precision",
    xRange: UNIT,
    yRange: UNIT,
    reference: {
      points: [
        { x: 0, y: prevalence },
        { x: 1, y: prevalence },
      ],
      name: "guessing",
    },
    mark:
      counts && found !== undefined && above > 0 ? { point: { x: found, y: counts.truePositive / above }, name } : null,
    size: { width: 380, height: 360 },
  })}<figcaption><b>Precision against recall.</b> Depends on the share of abnormal images, here ${fixed(prevalence)} (dashed).</figcaption></figure></div>`
}
${
  scores.normal.length + scores.abnormal.length > 0 &&
  html`<figure>${bothWidths("scores", (size) =>
    scoreHistogram({
      ...size,
      normal: scores.normal,
      abnormal: scores.abnormal,
      threshold: operatingPoint?.threshold ?? null,
    }),
  )}<figcaption><b>Scores.</b> Normal images upwards, abnormal ones downwards, each as a share of its group. Where there are bars both above and below the
line, images cannot be told apart by their score.</figcaption></figure>`
}</section>`;
}
