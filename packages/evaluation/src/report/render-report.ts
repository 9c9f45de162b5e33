/**
 * @file The report: one HTML file that needs nothing else, neither network nor scripts, and says so to the browser in
 * its content security policy. Result first, then what could be wrong with it, then the cases, then how it was made.
 */

import { html, type Markup } from "@hale/core";
import { INTENDED_USE, RESEARCH_USE } from "@hale/detector";
import { glossary } from "./glossary.ts";
import type { ReportData } from "./report-data.ts";
import { auditSection } from "./sections/audit.ts";
import { casesSection } from "./sections/cases.ts";
import { classesSection, partsSection, pixelsSection } from "./sections/classes.ts";
import { curvesSection } from "./sections/curves.ts";
import { headlineSection, operatingPointSection } from "./sections/headline.ts";
import { provenanceSection } from "./sections/provenance.ts";
import { trainingSection } from "./sections/training.ts";
import { volumesSection } from "./sections/volumes.ts";
import { styleSheet } from "./style.ts";

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * Renders a report as a complete HTML document.
 * @throws HaleError `IMAGE_CORRUPT` when a picture is not a PNG.
 */
export function renderReport(data: ReportData): string {
  const { headline, provenance, counterpart } = data;
  const cases = { called: data.operatingPoint !== null, counterpart };
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
    ["training", "Training", trainingSection(data.training)],
    ["provenance", "Provenance", provenanceSection(provenance)],
    ["words", "Words", glossary(counterpart)],
  ];
  const present = sections.filter(([, , section]) => section !== null);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="referrer" content="no-referrer">
<title>${data.title}</title><style>${styleSheet}</style></head>
<body><header><h1>${data.title}</h1>
<p class="soft">${provenance.method} on ${provenance.dataset} · ${data.created}</p>
<p class="notice" role="note">${RESEARCH_USE}</p>
<nav aria-label="Sections">${present.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav></header>
<main>${present.map(([, , section]) => section)}</main>
<footer><p>${RESEARCH_USE} Numbers describe the images above and nothing beyond them.</p><p>${INTENDED_USE}</p></footer></body></html>
`.text;
}
