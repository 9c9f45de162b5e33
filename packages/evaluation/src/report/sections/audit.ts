/**
 * @file What could make the result better than it is: leaks between training and test, skipped images, and scores that
 * know nothing of disease, drawn beside the method's own.
 */

import { count, fixed, html, type Markup } from "@hale/core";
import { dotChart } from "../charts/dot-chart.ts";
import { bothWidths } from "../charts/frame.ts";
import { interval } from "../format.ts";
import { word } from "../glossary.ts";
import type { AuditData, ComparedData, ControlData, IntervalData } from "../report-data.ts";
import { table } from "../table.ts";

/** Most entries of a list that are printed; how many more there are is said. */
const LISTED = 20;

function list(items: readonly Markup[]): Markup {
  const rest = items.length - LISTED;
  return html`<ul>${items.slice(0, LISTED).map((item) => html`<li>${item}</li>`)}${rest > 0 && html`<li>and ${rest} more</li>`}</ul>`;
}

const withInterval = (of: IntervalData): string =>
  of.low === null ? fixed(of.estimate) : `${fixed(of.estimate)} (${interval(of)})`;

/** "+0.071 (0.012 to 0.130), p 0.03", of the method less a control. */
function differenceOf({ difference, pValue }: ComparedData): string {
  const signed = `${difference.estimate < 0 ? "" : "+"}${withInterval(difference)}`;
  if (pValue === null) return signed;
  return `${signed}, p ${pValue < 0.001 ? "below 0.001" : fixed(pValue)}`;
}

const SAID: Record<ComparedData["verdict"], string> = {
  above: "the method is better",
  below: "the control is better",
  undecided: "not told apart",
};

/** What the control that comes nearest means for the result; no more is said than the paired difference carries. */
function verdict(controls: readonly ControlData[], method: IntervalData | null, suspicious: number): Markup {
  // A control that was given more than the method is shown beside it, and says nothing of it.
  const paired = controls.some(({ compared: found }) => found !== null);
  const measured = controls.filter((c) => Number.isFinite(c.auroc.estimate) && (c.compared !== null || !paired));
  if (measured.length === 0) return html`<p class="warning">No control gave a number.</p>`;
  const best = measured.reduce((a, b) => (b.auroc.estimate > a.auroc.estimate ? b : a));
  const reached = html`“${best.name}” alone reaches ${withInterval(best.auroc)}: ${best.meaning}.`;
  const { compared: found } = best;
  const compared =
    method &&
    html`${reached} The method reaches ${withInterval(method)}${found && html`; the difference is ${differenceOf(found)}`}.`;
  if (method && found?.verdict === "below") {
    return html`<p class="warning"><b>A trivial score does better than the method.</b> ${compared} The result shows nothing that this score does
not show better: the two groups may differ in how their pictures were taken or prepared.</p>`;
  }
  if (method && best.auroc.estimate >= method.estimate) {
    const known = found !== null && found.difference.low !== null;
    return html`<p class="warning"><b>A trivial score does as well as the method.</b> ${compared} ${
      known
        ? "These images cannot tell which of the two is better."
        : "Without an interval for the difference nobody can tell which of the two is better."
    } The groups may differ in how their pictures were taken or prepared.</p>`;
  }
  if (best.auroc.estimate >= suspicious) {
    return html`<p class="warning"><b>The data may be confounded.</b> ${reached} Part of the method's result may come from how the pictures were
taken. Compare groups taken with the same device and protocol.</p>`;
  }
  if (method && found?.verdict === "undecided" && found.difference.low !== null) {
    return html`<p class="warning"><b>The method is not clearly better than a trivial score.</b> ${compared} More images are needed to tell the
two apart.</p>`;
  }
  return html`<p class="fine">No trivial score comes near being useful. The best: ${reached}</p>`;
}

/** What was looked for and not found; of patients only what is known. */
function noLeaks({ nearCopies, patientsKnown }: AuditData): Markup {
  const copies = nearCopies ? "no copy and no near copy" : "no copy";
  const looked = nearCopies ? "" : " Near copies were not looked for.";
  if (patientsKnown === "all") {
    return html`<p class="fine">None found: no patient${nearCopies ? ", " : " and "}${copies} of an image is in more than one split.${looked}</p>`;
  }
  const unknown =
    patientsKnown === "none"
      ? "Patients are unknown: whether one has images in more than one split cannot be told."
      : "Of some images the patient is unknown: whether theirs have images in more than one split cannot be told.";
  const known = patientsKnown === "some" ? "no patient that is known, and " : "";
  return html`<p class="warning">${unknown} Of what could be looked for none was found: ${known}${copies} of an image is in more than one
split.${looked}</p>`;
}

/** What is known of test images that the detector was made with. */
function seenPart({ seen: { text, warns, images } }: AuditData): Markup {
  if (!warns) return html`<p class="fine">${text}</p>`;
  return html`<div class="warning"><p>${text}</p>${images.length > 0 && list(images.map((image) => html`${image}`))}</div>`;
}

function controlPart(audit: AuditData, methodName: string, auroc: IntervalData | null): Markup {
  const { controls, suspiciousAuroc, controlsOn } = audit;
  if (!controls || controls.length === 0) {
    return html`<p class="warning">The controls could not be measured, so nothing is known about confounds.</p>`;
  }
  const rows = controls.map((c) => ({ name: c.name, value: c.auroc, strong: false }));
  if (auroc) rows.unshift({ name: methodName, value: auroc, strong: true });
  return html`<p>A ${word("control")} is a score that knows nothing of disease. Each is given the direction that serves it better; “pool”, a linear
model that tells train normals from the unlabelled images, keeps the one that it has learnt. If one did well, the method could have learnt the
same shortcut. Measured on ${controlsOn}.</p>
${verdict(controls, auroc, suspiciousAuroc)}
<figure>${bothWidths("controls", (size) =>
    dotChart({
      ...size,
      title: "The method beside scores that know nothing of disease",
      rows,
      suspicious: suspiciousAuroc,
    }),
  )}</figure>
${table({
  columns: [
    { name: "score" },
    { name: "AUROC", number: true },
    { name: "interval" },
    { name: "what it says" },
    { name: "the method less it" },
  ],
  rows: controls.map((c) => [
    c.name,
    fixed(c.auroc.estimate),
    interval(c.auroc),
    c.meaning,
    c.compared ? html`${differenceOf(c.compared)}: ${SAID[c.compared.verdict]}` : "not compared",
  ]),
})}
<p><small>Differences of AUROC on the same images, resampled together by patient or group; p after Holm over all rows. “Better” stands
only where the interval leaves 0 out and p is below 0.05.${
    controls.some((c) => c.name === "pool" && c.compared === null) &&
    " “pool” was given unlabelled images, from which this method does not learn, so the two are not compared."
  }</small></p>`;
}

export function auditSection(audit: AuditData, methodName: string, auroc: IntervalData | null): Markup {
  const { warnings, leaks, skipped } = audit;
  return html`<section id="audit"><h2>Can the data be trusted?</h2>
<h3>Scores that know nothing of disease</h3>
${controlPart(audit, methodName, auroc)}
<h3>Images that the detector was made with</h3>
${seenPart(audit)}
<h3>Leaks between the parts</h3>
${
  leaks === null
    ? html`<p class="warning">Nobody looked for images or patients in more than one split.</p>`
    : leaks.length === 0
      ? noLeaks(audit)
      : html`<div class="warning"><b>${count(leaks.length, "leak")} found.</b> The result is better than it would be on new images.
${list(leaks.map((leak) => html`${leak}`))}</div>`
}
<h3>Skipped images</h3>
${
  skipped.length === 0
    ? html`<p class="fine">None: every image was read.</p>`
    : html`<div class="warning"><b>${count(skipped.length, "image")} could not be read</b> and took no part.
${list(skipped.map((s) => html`${s.path}: ${s.reason}`))}</div>`
}
${
  warnings.length > 0 &&
  html`<h3>Warnings</h3><div class="warning">${list(warnings.map((text) => html`${text}`))}</div>`
}</section>`;
}
