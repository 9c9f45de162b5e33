/** @file What was trained on what, and how to do it again. */
import { duration, html, type Markup } from "@hale/core";
import type { ProvenanceData } from "../report-data.ts";

export function provenanceSection(data: ProvenanceData): Markup {
  const facts: [string, string][] = [
    ["method", [data.method, data.variant].filter(Boolean).join(", ")],
    ["data set", data.dataset],
    ["image size", data.imageSize],
    ["seed", String(data.seed)],
    ["training", `${data.learnt} in ${duration(data.seconds)} on ${data.device}`],
    ...(data.checkpoint === null
      ? []
      : ([
          ["checkpoint", data.checkpoint],
          ["how it was picked", data.selectionRule],
        ] as [string, string][])),
    ...(data.more ?? []).map(({ name, value }): [string, string] => [name, value]),
    ["versions", data.versions.map((v) => `${v.name} ${v.version}`).join(", ")],
  ];
  const patients = data.counts.some((row) => row.patients !== null);
  const unknown = patients && data.counts.some((row) => row.patients === null);
  return html`<section id="provenance"><h2>What was trained on what</h2>
<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<div class="wide" tabindex="0" role="region" aria-label="Table of image counts"><table><caption>Images by part, label and kind${unknown && "; –: of some of the images the patient is unknown"}</caption>
<thead><tr><th>part</th><th>label</th><th>kind</th><th class="n">images</th>${patients && html`<th class="n">patients</th>`}</tr></thead>
<tbody>${data.counts.map(
    (
      row,
    ) => html`<tr><td>${row.split}</td><td>${row.label}</td><td>${row.class || "–"}</td><td class="n">${row.images}</td>
${patients && html`<td class="n">${row.patients ?? "–"}</td>`}</tr>`,
  )}</tbody></table></div>
${data.commands.length > 0 && html`<h3>To do it again</h3><pre>${data.commands.join("\n")}</pre>`}
</section>`;
}
