/** @file Whole volumes: how well they are told apart, and the course of the score through the slices of each. */
import { count, fixed, html, type Markup, significant } from "@hale/core";
import { interval, proportion } from "../format.ts";
import { word } from "../glossary.ts";
import type { VolumeRowData, VolumesData } from "../report-data.ts";
import { table } from "../table.ts";

/** Rows beyond this are left to the JSON of the evaluation. */
const SHOWN = 200;
const [WIDTH, HEIGHT] = [160, 28];

/** Score by slice on the scale of all volumes; a bar below marks the slices on which the mask marks something. */
function course({ path, slices }: VolumeRowData, top: number): Markup {
  const last = Math.max(1, slices.length - 1);
  const x = (i: number) => Math.round((i / last) * WIDTH * 10) / 10;
  const y = (score: number) => Math.round((HEIGHT - 4) * (1 - Math.max(0, score) / top) * 10) / 10 + 1;
  const points = slices.map(({ score }, i) => `${x(i)},${y(score)}`).join(" ");
  const step = WIDTH / last;
  return html`<svg role="img" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-label="score through the slices of ${path}">
<polyline class="curve" points="${points}" fill="none"/>${slices.map(
    ({ marked }, i) =>
      marked &&
      html`<rect class="mark" x="${Math.max(0, x(i) - step / 2)}" y="${HEIGHT - 2}" width="${step}" height="2"/>`,
  )}</svg>`;
}

export function volumesSection(volumes: VolumesData | null | undefined): Markup | null {
  if (!volumes) return null;
  const { aggregation, normal, abnormal, clusters, auroc, averagePrecision, operating, reason, caution, rows } =
    volumes;
  const top = Math.max(1e-12, ...rows.flatMap(({ slices }) => slices.map(({ score }) => score)));
  const areas = [
    [word("AUROC"), auroc],
    [word("average precision", "Average precision"), averagePrecision],
  ] as const;
  return html`<section id="volumes"><h2>Whole volumes</h2>
<p>The figures above are of single slices. Here each volume has one score, ${aggregation} of the scores of all its slices that are looked
at: ${count(normal, "normal volume")} and ${count(abnormal, "abnormal volume")}, in ${count(clusters, "cluster")}.</p>
<table><tbody>${areas.map(
    ([name, area]) =>
      html`<tr><th scope="row">${name}</th><td class="n">${area ? fixed(area.estimate) : "–"}</td><td>${area ? interval(area) : "one of the classes has no volume"}</td></tr>`,
  )}${
    operating &&
    html`<tr><th scope="row">${word("sensitivity", "Sensitivity")}</th><td class="n">${significant(operating.threshold)}</td><td>${operating.sensitivity ? proportion(operating.sensitivity) : "–"}</td></tr>
<tr><th scope="row">${word("specificity", "Specificity")}</th><td class="n">${significant(operating.threshold)}</td><td>${operating.specificity ? proportion(operating.specificity) : "–"}</td></tr>`
  }</tbody></table>
${reason && html`<p>No ${word("threshold")} for volumes: ${reason}</p>`}
${caution && html`<p class="warning">${caution}</p>`}
${table({
  caption: html`Volumes, the highest score first${rows.length > SHOWN && html`; ${SHOWN} of ${rows.length} shown`}. The line is the score
through the slices, on one scale; below it, slices with a mark in their mask.`,
  columns: [
    { name: "volume" },
    { name: "label" },
    { name: "score", number: true },
    { name: "decision" },
    { name: "highest slice", number: true },
    { name: "slices" },
  ],
  rows: rows
    .slice(0, SHOWN)
    .map((row) => [row.path, row.label, significant(row.score), row.decision ?? "–", row.highest, course(row, top)]),
})}</section>`;
}
