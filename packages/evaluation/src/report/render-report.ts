/**
 * @file The report: one HTML file that loads nothing, and says so to the browser in its content security policy, which
 * names its one style sheet and its one script by their hashes. All is readable without the script. Result first, then
 * what could be wrong with it, then the cases, then how it was made.
 */

import { html, Markup, sha256Hex } from "@hale/core";
import { INTENDED_USE, RESEARCH_USE } from "@hale/detector";
import { glossary } from "./glossary.ts";
import { PAGE_SCRIPT } from "./page/behaviour.ts";
import type { ReportData } from "./report-data.ts";
import { auditSection } from "./sections/audit.ts";
import { caseIds, casesSection, viewer } from "./sections/cases.ts";
import { classesSection, partsSection, pixelsSection } from "./sections/classes.ts";
import { curvesSection } from "./sections/curves.ts";
import { headlineSection, operatingPointSection } from "./sections/headline.ts";
import { imagesSection } from "./sections/images.ts";
import { provenanceSection } from "./sections/provenance.ts";
import { trainingSection } from "./sections/training.ts";
import { volumesSection } from "./sections/volumes.ts";
import { styleSheet } from "./style.ts";

/** As a content security policy names a style sheet or script that stands in the page. */
async function sourceHash(text: string): Promise<string> {
  const hex = await sha256Hex(new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...hex.match(/../g)!.map((byte) => Number.parseInt(byte, 16))))}'`;
}

async function policy(): Promise<string> {
  const [style, script] = [await sourceHash(styleSheet.text), await sourceHash(PAGE_SCRIPT)];
  return `default-src 'none'; img-src data:; style-src ${style}; script-src ${script}; base-uri 'none'; form-action 'none'`;
}

/**
 * Renders a report as a complete HTML document.
 * @throws HaleError `IMAGE_CORRUPT` when a picture is not a PNG.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const { headline, provenance, counterpart } = data;
  const cases = { decided: data.operatingPoint !== null, counterpart };
  const examples = new Map(Array.from(caseIds(data.cases), ([{ path }, id]) => [path, id]));
  const sections: [string, string, Markup | null][] = [
    ["result", "Result", headlineSection(headline, data.operatingPoint)],
    ["threshold", "Threshold", operatingPointSection(data.operatingPoint, headline.level)],
    ["audit", "Data audit", auditSection(data.audit, provenance.method, headline.auroc)],
    ["curves", "Curves", curvesSection(data)],
    ["classes", "Kinds", classesSection(data.classes)],
    ["parts", "Parts", partsSection(data.parts)],
    ["pixels", "Pixels", pixelsSection(data.pixels, counterpart)],
    ["volumes", "Volumes", volumesSection(data.volumes)],
    ["cases", "Cases", casesSection(data.cases, data.legend, cases)],
    ["images", "All images", imagesSection(data.images, examples)],
    ["training", "Training", trainingSection(data.training)],
    ["provenance", "Provenance", provenanceSection(provenance)],
    ["words", "Words", glossary(counterpart)],
  ];
  const present = sections.filter(([, , section]) => section !== null);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${await policy()}"><meta name="referrer" content="no-referrer">
<title>${data.title}</title><style>${styleSheet}</style></head>
<body><header><div class="theme" hidden><label>Colours <select id="theme-choice" autocomplete="off"><option value="">as the system</option><option value="light">light</option><option value="dark">dark</option></select></label></div>
<h1>${data.title}</h1>
<p class="soft">${provenance.method} on ${provenance.dataset} · ${data.created}</p>
<p class="notice" role="note">${RESEARCH_USE}</p>
<nav aria-label="Sections">${present.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav></header>
<main>${present.map(([, , section]) => section)}</main>
<footer><p>${RESEARCH_USE} Numbers describe the images above and nothing beyond them.</p><p>${INTENDED_USE}</p></footer>${viewer}
<script>${new Markup(PAGE_SCRIPT)}</script></body></html>
`.text;
}
