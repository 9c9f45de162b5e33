/** @file How the training went: one small chart for each loss, and the value that picked the checkpoint. */

import { html, type Markup, significant } from "@hale/core";
import { bothWidths } from "../charts/frame.ts";
import { lineChart } from "../charts/line-chart.ts";
import type { TrainingData } from "../report-data.ts";

/** "1500" as "1.5k", so that ticks have room. */
const steps = (value: number): string => (value >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(value));

export function trainingSection({ losses, selection }: TrainingData): Markup | null {
  if (losses.length === 0 && !selection) return null;
  const size = { width: 300, height: 190 };
  const chosen = selection?.points.find((p) => p.iteration === selection.chosen);
  return html`<section id="training"><h2>How the training went</h2>
${
  selection &&
  html`<figure>${bothWidths("selection", ({ id, width }) =>
    lineChart({
      id,
      title: "Value that picked the checkpoint",
      description: `${selection.name} by iteration; the checkpoint of iteration ${selection.chosen} was kept.`,
      points: selection.points.map((p) => ({ x: p.iteration, y: p.value })),
      xLabel: "iteration",
      yLabel: "value",
      formatX: steps,
      mark: chosen
        ? { point: { x: chosen.iteration, y: chosen.value }, name: `kept: ${significant(chosen.value)}` }
        : null,
      xTicks: width < 500 ? 4 : 8,
      size: { width: Math.min(width, 620), height: 240 },
    }),
  )}<figcaption><b>Selection.</b> ${selection.name}. The checkpoint of iteration ${selection.chosen} was kept; test images had no say.</figcaption></figure>`
}
${
  losses.length > 0 &&
  html`<div class="charts small">${losses.map(({ name, points: values }, i) => {
    const points = values.map(({ iteration, value }) => ({ x: iteration, y: value }));
    const last = points.at(-1);
    return html`<figure>${lineChart({
      id: `loss-${i}`,
      title: `Loss: ${name}`,
      description: `${name} by iteration, ${last ? `last ${significant(last.y)}` : "without values"}.`,
      points,
      xLabel: "iteration",
      yLabel: "",
      formatX: steps,
      xTicks: 4,
      yTicks: 4,
      size,
    })}<figcaption><b>${name}</b>${last && `, last ${significant(last.y)}`}</figcaption></figure>`;
  })}</div>
<p><small>Losses of adversarial training need not fall: two networks work against each other. Long curves are averaged in equal stretches.</small></p>`
}</section>`;
}
