/** @file What was trained on what, and how to do it again. */
import { duration, html, type Markup } from "@hale/core";
import type { ProvenanceData } from "../report-data.ts";
import { table } from "../table.ts";

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
${table({
  caption: html`Images by part, label and kind${unknown && "; –: of some of the images the patient is unknown"}`,
  columns: [
    { name: "part" },
    { name: "label" },
    { name: "kind" },
    { name: "images", number: true },
    ...(patients ? [{ name: "patients", number: true }] : []),
  ],
  rows: data.counts.map((row) => [
    row.split,
    row.label,
    row.class || "–",
    row.images,
    ...(patients ? [row.patients ?? "–"] : []),
  ]),
})}
${data.commands.length > 0 && html`<h3>To do it again</h3><pre>${data.commands.join("\n")}</pre>`}
</section>`;
}
